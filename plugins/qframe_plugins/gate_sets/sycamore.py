"""Gate set `sycamore`: the gates of Google's random circuits on the Sycamore processor."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from qframe import Gate, GateSet, GateSetOptions, hookimpl
from qframe_plugins.gate_sets._gates.exact_angles import phase
from qframe_plugins.gate_sets._gates.standard_gates import R


class Sycamore(GateSet[GateSetOptions]):
    """sqrt(X), sqrt(Y), sqrt(W) and, on several qubits, fSim(pi/2, pi/6).

    YAML that selects it::

        gate_set: {plugin: sycamore, qubits: 4, coupling: {rows: 2, columns: 2}}

    In the convention of Arute et al., Nature 574, 505 (2019), supplement section VII E: the roots
    `rx90`, `ry90`, `rw90` are rotations by pi/2 (their determinant is 1, so that `rx90` is
    OpenQASM's `sx` times e^(-i pi/4)), W = (X + Y)/sqrt(2), and::

        fsim = [[1, 0, 0, 0], [0, 0, -i, 0], [0, -i, 0, 0], [0, 0, 0, e^(-i pi/6)]]

    Inverses are not in the set; the inverse of `rx90` is `rx90` three times, up to phase.
    """

    name = "sycamore"

    def gates(self) -> Sequence[Gate]:
        corner = phase(Fraction(-1, 12))
        root = 0.5 + 0.5j  # sqrt(i)/sqrt(2)
        fsim: list[list[complex]] = [
            [1, 0, 0, 0],
            [0, 0, -1j, 0],
            [0, -1j, 0, 0],
            [0, 0, 0, corner],
        ]
        return [
            Gate("rx90", [[R, -1j * R], [-1j * R, R]]),
            Gate("ry90", [[R, -R], [R, R]]),
            Gate("rw90", [[R, -root], [root.conjugate(), R]]),
            Gate("fsim", fsim),
        ]


@hookimpl
def qframe_gate_sets() -> list[type[GateSet[Any]]]:
    return [Sycamore]
