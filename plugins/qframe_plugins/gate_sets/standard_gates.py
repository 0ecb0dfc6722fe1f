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

_GATES: list[Gate] = [
    Gate("h", [[R, R], [R, -R]]),
    Gate("s", [[1, 0], [0, 1j]]),
    Gate("sdg", [[1, 0], [0, -1j]]),
    Gate("t", [[1, 0], [0, W]]),
    Gate("tdg", [[1, 0], [0, W.conjugate()]]),
    Gate("x", [[0, 1], [1, 0]]),
    Gate("y", [[0, -1j], [1j, 0]]),
    Gate("z", [[1, 0], [0, -1]]),
    Gate("sx", [[0.5 + 0.5j, 0.5 - 0.5j], [0.5 - 0.5j, 0.5 + 0.5j]]),
    Gate("cx", [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]]),
    Gate("cz", [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, -1]]),
    Gate("swap", [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]),
]

STANDARD_GATES = {gate.name: gate for gate in _GATES}
"""By name."""


def standard(*names: str) -> list[Gate]:
    """The gates of these names, in this order."""
    return [STANDARD_GATES[name] for name in names]
