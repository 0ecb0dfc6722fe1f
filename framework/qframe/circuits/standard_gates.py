"""The standard gates and their matrices: Nielsen and Chuang, section 4.2, with OpenQASM's names.

The matrices are made from sqrt and exact constants alone, so that every machine has the same bytes.
The first qubit of a gate is the least significant bit of its indices (Qiskit's order): `cx`, whose
first qubit is the control, swaps the basis states 1 and 3, and `ccx` swaps 3 and 7. `ecr`, the
echoed cross-resonance gate, is (IX - XY)/sqrt(2) as in Qiskit's `ECRGate` (Sheldon, Magesan, Chow
and Gambetta, arXiv:1603.04821). `cs` is diag(1, 1, 1, i).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.operations import Matrix, distance_up_to_phase, operation_of
from qframe.circuits.placement import widen

NAMED_TOLERANCE = 1e-9
"""Largest distance up to phase at which a matrix counts as that of a standard gate."""

R = sqrt(0.5)
"""1/sqrt(2), rounded to the nearest double."""

W = complex(R, R)
"""e^(i pi/4)."""

Rows = list[list[complex]]


def _unit(size: int, place: int) -> list[complex]:
    return [complex(column == place) for column in range(size)]


def _moved(size: int, *cycle: int) -> Rows:
    """The permutation of `size` basis states that moves each state of `cycle` to the next."""
    after = dict(zip(cycle, (*cycle[1:], cycle[0]), strict=True))
    return [_unit(size, after.get(row, row)) for row in range(size)]


def _diagonal(*entries: complex) -> Rows:
    return [
        [entry if column == row else 0 for column in range(len(entries))]
        for row, entry in enumerate(entries)
    ]


def _controlled(gate: Rows) -> Rows:
    """The gate on the second qubit, if the first one is 1."""
    (a, b), (c, d) = gate
    return [[1, 0, 0, 0], [0, a, 0, b], [0, 0, 1, 0], [0, c, 0, d]]


_SX: Rows = [[0.5 + 0.5j, 0.5 - 0.5j], [0.5 - 0.5j, 0.5 + 0.5j]]
_Y: Rows = [[0, -1j], [1j, 0]]
_H: Rows = [[R, R], [R, -R]]

STANDARD_MATRICES: Mapping[str, Rows] = {
    "h": _H,
    "s": [[1, 0], [0, 1j]],
    "sdg": [[1, 0], [0, -1j]],
    "t": [[1, 0], [0, W]],
    "tdg": [[1, 0], [0, W.conjugate()]],
    "x": [[0, 1], [1, 0]],
    "y": _Y,
    "z": [[1, 0], [0, -1]],
    "sx": _SX,
    "sxdg": [[entry.conjugate() for entry in map(complex, row)] for row in _SX],
    "cx": _moved(4, 1, 3),
    "cy": _controlled(_Y),
    "cz": _diagonal(1, 1, 1, -1),
    "ch": _controlled(_H),
    "csx": _controlled(_SX),
    "cs": _diagonal(1, 1, 1, 1j),
    "csdg": _diagonal(1, 1, 1, -1j),
    "swap": _moved(4, 1, 2),
    "iswap": [[1, 0, 0, 0], [0, 0, 1j, 0], [0, 1j, 0, 0], [0, 0, 0, 1]],
    "ecr": [[0, R, 0, 1j * R], [R, 0, -1j * R, 0], [0, 1j * R, 0, R], [-1j * R, 0, R, 0]],
    "ccx": _moved(8, 3, 7),
    "ccz": _diagonal(1, 1, 1, 1, 1, 1, 1, -1),
    "cswap": _moved(8, 3, 5),
}
"""Matrices of the standard gates by name, as rows."""


def standard_matrix(name: str) -> Matrix:
    """The matrix of a standard gate: `(2**k, 2**k)` `complex128`."""
    return np.array(STANDARD_MATRICES[name], dtype=np.complex128)


def acts_as(matrix: Matrix, name: str) -> bool:
    """Whether a gate is a standard gate up to a global phase, in some order of its qubits.

    Qubits that the gate leaves alone do not count.
    """
    found = operation_of(matrix, range(len(matrix).bit_length() - 1)).matrix
    want = standard_matrix(name)
    if found.shape != want.shape:
        return False
    orders = _orders(want)
    return any(distance_up_to_phase(found, other) <= NAMED_TOLERANCE for other in orders)


def _orders(matrix: Matrix) -> Sequence[Matrix]:
    """A gate on one, two or three qubits with its qubits in all orders."""
    qubits = len(matrix).bit_length() - 1
    return [widen(matrix, on, qubits) for on in permutations(range(qubits))]


def controls_of(matrix: Matrix) -> tuple[bool, ...]:
    """For each qubit of a gate whether it is a control: the gate does nothing where it is 0."""
    qubits = len(matrix).bit_length() - 1
    away = np.abs(matrix - np.eye(len(matrix)))
    off: NDArray[np.bool_] = np.maximum(away, away.T).max(axis=0) > NAMED_TOLERANCE
    index = np.arange(len(matrix))
    return tuple(not off[(index >> q & 1) == 0].any() for q in range(qubits))
