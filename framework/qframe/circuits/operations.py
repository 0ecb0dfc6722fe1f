"""Operations: what gates do on which qubits, compared within a tolerance and whatever their names.

`cz 1 0` is the operation of `cz 0 1`, and `ms_1_0 0 1` that of `ms_0_1 1 0`. A gate that leaves one
of its qubits alone is an operation on the others.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.phase import without_phase
from qframe.circuits.placement import widen

EQUAL_TOLERANCE = 1e-12
"""Largest difference between the entries of two matrices that count as equal."""

Matrix = NDArray[np.complex128]

T = TypeVar("T")


class Operation(NamedTuple):
    """What a gate on qubits does.

    Attributes:
        qubits: the qubits that it changes, ascending.
        matrix: its matrix on them alone; the first qubit is the least significant bit.
    """

    qubits: tuple[int, ...]
    matrix: Matrix


def operation_of(matrix: Matrix, on: Sequence[int]) -> Operation:
    """The operation of a gate `(2**k, 2**k)` on the qubits `on`."""
    qubits = sorted(on)
    if list(on) != qubits:
        matrix = widen(matrix, [qubits.index(q) for q in on], len(qubits))
    for place in reversed(range(len(qubits))):
        rest = _without(matrix, place)
        if rest is not None:
            matrix = rest
            del qubits[place]
    return Operation(tuple(qubits), matrix)


def _without(matrix: Matrix, place: int) -> Matrix | None:
    """The matrix on the qubits but one, if it leaves that one alone; else None."""
    bits = np.arange(len(matrix)) >> place & 1
    low, high = np.flatnonzero(bits == 0), np.flatnonzero(bits == 1)
    kept = matrix[np.ix_(low, low)]
    moved = (matrix[np.ix_(low, high)], matrix[np.ix_(high, low)])
    away = np.stack([kept - matrix[np.ix_(high, high)], *moved])
    return kept if np.abs(away).max() <= EQUAL_TOLERANCE else None


def equal(a: Matrix, b: Matrix) -> bool:
    """Whether two matrices are equal within the tolerance."""
    return a.shape == b.shape and bool(np.abs(a - b).max() <= EQUAL_TOLERANCE)


def distance_up_to_phase(a: Matrix, b: Matrix) -> float:
    """Largest entry of `|a - e^(ip) b|` for the phase that makes the trace of `a b†` positive."""
    overlap = complex(np.vdot(b, a))
    size = abs(overlap)
    return float(np.abs(a - (overlap / size if size else 1.0) * b).max())


class EqualMatrices(Generic[T]):
    """Finds matrices that are equal within the tolerance, among many of one shape.

    Each matrix has a mark: a weighted sum of its parts. Equal matrices have marks close to each
    other, so a matrix is compared with a few others and not with all.
    """

    def __init__(self) -> None:
        self._marks: list[tuple[float, int]] = []
        self._entries: list[tuple[Matrix, T]] = []

    def first(self, matrix: Matrix, label: T) -> T | None:
        """The label of the first matrix that equals this one; None if it is new, and is kept."""
        parts = np.ascontiguousarray(matrix).view(np.float64).reshape(-1)
        weights = 1 + np.arange(len(parts)) * 0.6180339887498949 % 1
        mark = float(parts @ weights)
        near = 2 * len(parts) * EQUAL_TOLERANCE  # each weight is below 2
        near += 1e-9  # far above the rounding errors of a sum of 8,192 numbers
        place = bisect_left(self._marks, (mark - near, -1))
        found = []
        while place < len(self._marks) and self._marks[place][0] <= mark + near:
            number = self._marks[place][1]
            if equal(self._entries[number][0], matrix):
                found.append(number)
            place += 1
        if found:
            return self._entries[min(found)][1]
        insort(self._marks, (mark, len(self._entries)))
        self._entries.append((matrix, label))
        return None


class OperationTable(Generic[T]):
    """Finds operations that are equal, on whatever qubits and by whatever gates they are made.

    Args:
        phase: whether operations that differ by a global phase count as different.
    """

    def __init__(self, phase: bool = True) -> None:
        self._phase = phase
        self._by_qubits: dict[tuple[int, ...], EqualMatrices[T]] = {}
        self._orders: dict[tuple[int, tuple[int, ...]], tuple[Any, Operation]] = {}

    def first(self, matrix: Matrix, on: Sequence[int], label: T) -> T | None:
        """The label of the first equal operation; None if it is new, and is then kept."""
        qubits = sorted(on)
        local = self._local(matrix, tuple(qubits.index(q) for q in on))
        acting = tuple(qubits[place] for place in local.qubits)
        return self._by_qubits.setdefault(acting, EqualMatrices()).first(local.matrix, label)

    def _local(self, matrix: Matrix, order: tuple[int, ...]) -> Operation:
        """The operation on qubits 0, 1, ..., the same for all qubits that stand in this order."""
        key = (id(matrix), order)
        if key not in self._orders:
            found = operation_of(matrix, order)
            if not self._phase:
                found = Operation(found.qubits, without_phase(found.matrix[None])[0])
            self._orders[key] = (matrix, found)  # the matrix is kept, so that its id stays its own
        return self._orders[key][1]
