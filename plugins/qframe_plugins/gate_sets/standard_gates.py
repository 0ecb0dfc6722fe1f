"""Matrices of the usual gates: Nielsen and Chuang, section 4.2, with OpenQASM's names.

Made from sqrt and exact constants alone, so that every machine has the same bytes. For gates on two
qubits the first qubit is the least significant bit of the index (Qiskit's order), so that `cx`
with control first swaps the basis states 1 and 3.
"""

from __future__ import annotations

from math import sqrt

from qframe import Gate

R = sqrt(0.5)
"""1/sqrt(2), the double nearest to it."""

W = complex(R, R)
"""e^(i pi/4)."""

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
}

STANDARD_GATES = {name: Gate(name, matrix) for name, matrix in _MATRICES.items()}


def standard(*names: str) -> list[Gate]:
    """The gates of these names, in this order."""
    return [STANDARD_GATES[name] for name in names]
