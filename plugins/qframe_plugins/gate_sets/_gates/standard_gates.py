"""The standard gates with their exact entries.

Their matrices are those of `qframe.STANDARD_MATRICES`.
"""

from __future__ import annotations

from math import sqrt

from qframe import STANDARD_MATRICES, ExactMatrix, Gate

R = sqrt(0.5)
"""1/sqrt(2), rounded to the nearest double."""

_NAMES = (
    *("h", "s", "sdg", "t", "tdg", "x", "y", "z", "sx"),
    *("cx", "cz", "swap", "cs", "csdg", "ecr", "ccx", "ccz"),
)

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
    matrix = STANDARD_MATRICES[name]
    rows = [[(int(z.real), 0, int(z.imag)) for z in map(complex, row)] for row in matrix]
    return given or ExactMatrix(_RING, rows)


STANDARD_GATES = {name: Gate(name, STANDARD_MATRICES[name], _exact(name)) for name in _NAMES}


def standard(*names: str) -> list[Gate]:
    """The gates of these names, in this order."""
    return [STANDARD_GATES[name] for name in names]
