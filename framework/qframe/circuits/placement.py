"""Placement of a gate on qubits: its matrix on the whole register, and the rows it acts on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)


def widen(matrix: NDArray[T], on: Sequence[int], qubits: int) -> NDArray[T]:
    """The matrix on the whole register that applies `matrix` to the qubits `on`.

    Args:
        matrix: `(2**k, 2**k)`; the first qubit of `on` is the least significant bit of its index.
        on: `k` different qubits.
        qubits: number of qubits of the register.

    Returns:
        `(2**qubits, 2**qubits)`.
    """
    rows = local_rows(on, qubits)  # (2**k, rest)
    wide = np.zeros((1 << qubits, 1 << qubits), dtype=matrix.dtype)
    wide[rows[:, None], rows[None]] = matrix[:, :, None]
    return wide


def local_rows(on: Sequence[int], qubits: int) -> NDArray[np.intp]:
    """The register's basis indices, grouped for a gate on the qubits `on`.

    Returns:
        `(2**k, 2**(qubits - k))` `intp`. Row `j` holds the basis indices whose bits at `on` are
        those of `j` (the first qubit of `on` is the least significant); within a column the other
        bits are the same.
    """
    offsets = [sum(1 << q for bit, q in enumerate(on) if j >> bit & 1) for j in range(1 << len(on))]
    occupied = sum(1 << q for q in on)
    rest = [i for i in range(1 << qubits) if not i & occupied]
    return np.array(offsets, dtype=np.intp)[:, None] + np.array(rest, dtype=np.intp)
