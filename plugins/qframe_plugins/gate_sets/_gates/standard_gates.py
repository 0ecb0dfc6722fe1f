"""The standard gates and their matrices: Nielsen and Chuang, section 4.2, with OpenQASM's names.

The matrices are made from sqrt and exact constants alone, so that every machine has the same bytes.
The first qubit of a gate is the least significant bit of its indices (Qiskit's order): `cx`, whose
first qubit is the control, swaps the basis states 1 and 3, and `ccx` swaps 3 and 7. `ecr`, the
echoed cross-resonance gate, is (IX - XY)/sqrt(2) as in Qiskit's `ECRGate` (Sheldon, Magesan, Chow
and Gambetta, arXiv:1603.04821). `cs` is diag(1, 1, 1, i).
"""

from __future__ import annotations

from math import sqrt

from qframe import ExactMatrix, Gate

R = sqrt(0.5)
"""1/sqrt(2), rounded to the nearest double."""

W = complex(R, R)
"""e^(i pi/4)."""


def _unit(size: int, place: int) -> list[complex]:
    return [complex(column == place) for column in range(size)]


def _diagonal(*entries: complex) -> list[list[complex]]:
    return [
        [entry if column == row else 0 for column in range(len(entries))]
        for row, entry in enumerate(entries)
    ]


_MATRICES: dict[str, list[list[complex]]] = {
    "h": [[R, R], [R, -R]],
    "s": [[1, 0], [0, 1j]],
    "sdg": [[1, 0], [0, -1j]],
    "t": [[1, 0], [0, W]],
    "tdg": [[1, 0], [0, W.conjugate()]],
    "x": [[0, 1], [1, 0]],
    "y": [[0, -1j], [1j, 0]],
    "z": [[1, 0], [0, -1]],
    "sx": [[0.5 + 0.5j, 0.5 - 0.5j], [0.5 - 0.5j, 0.5 + 0.5j]],
    "cx": [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]],
    "cz": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, -1]],
    "swap": [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]],
    "cs": _diagonal(1, 1, 1, 1j),
    "csdg": _diagonal(1, 1, 1, -1j),
    "ecr": [[0, R, 0, 1j * R], [R, 0, -1j * R, 0], [0, 1j * R, 0, R], [-1j * R, 0, R, 0]],
    "ccx": [_unit(8, {3: 7, 7: 3}.get(row, row)) for row in range(8)],
    "ccz": _diagonal(1, 1, 1, 1, 1, 1, 1, -1),
}

_RING = "Z[w8]/sqrt2"
_I = (0, 0, 1)  # w^2

_EXACT: dict[str, ExactMatrix] = {
    "h": ExactMatrix(_RING, [[1, 1], [1, -1]], 1),
    "t": ExactMatrix(_RING, [[1, 0], [0, (0, 1)]]),
    "tdg": ExactMatrix(_RING, [[1, 0], [0, (0, 0, 0, -1)]]),
    "sx": ExactMatrix(_RING, [[(0, 1), (0, 0, 0, -1)], [(0, 0, 0, -1), (0, 1)]], 1),
    "ecr": ExactMatrix(
        _RING, [[0, 1, 0, _I], [1, 0, (0, 0, -1), 0], [0, _I, 0, 1], [(0, 0, -1), 0, 1, 0]], 1
    ),
}
"""Exact entries, in Z[w]/sqrt(2)**k with w = e^(i pi/4). Those of all other gates are 0, 1, i, -1
or -i, and are read from the matrix."""


def _exact(name: str) -> ExactMatrix:
    given = _EXACT.get(name)
    rows = [[(int(z.real), 0, int(z.imag)) for z in map(complex, row)] for row in _MATRICES[name]]
    return given or ExactMatrix(_RING, rows)


STANDARD_GATES = {name: Gate(name, matrix, _exact(name)) for name, matrix in _MATRICES.items()}


def standard(*names: str) -> list[Gate]:
    """The gates of these names, in this order."""
    return [STANDARD_GATES[name] for name in names]
