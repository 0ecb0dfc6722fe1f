"""Gate set `hrc`: the V basis of Harrow, Recht and Chuang, which generates a free group."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

from qframe import ExactMatrix, Gate, GateSet, GateSetOptions, hookimpl

A = 1 / sqrt(5)
B = 2 / sqrt(5)


class Hrc(GateSet[GateSetOptions]):
    """V1, V2, V3 = (1 + 2iP)/sqrt(5) for P = X, Y, Z, and their inverses.

    YAML that selects it::

        gate_set: {plugin: hrc, gates: [v1, v2, v3, v1dg, v2dg, v3dg]}

    The three gates generate a free group: the `6 * 5**(n - 1)` reduced words of length n have
    distinct unitaries, even up to phase. Lubotzky, Phillips and Sarnak, Commun. Pure Appl. Math.
    40, 401 (1987); as a gate set Harrow, Recht and Chuang (arXiv:quant-ph/0111031) and Bocharov,
    Gurevich and Svore (arXiv:1303.1411). On several qubits each gate is placed on each of them;
    there is no gate between qubits.
    """

    name = "hrc"

    def gates(self) -> Sequence[Gate]:
        return [
            Gate("v1", [[A, 1j * B], [1j * B, A]], _exact(1, (0, 2), (0, 2), 1)),
            Gate("v1dg", [[A, -1j * B], [-1j * B, A]], _exact(1, (0, -2), (0, -2), 1)),
            Gate("v2", [[A, B], [-B, A]], _exact(1, 2, -2, 1)),
            Gate("v2dg", [[A, -B], [B, A]], _exact(1, -2, 2, 1)),
            Gate("v3", [[complex(A, B), 0], [0, complex(A, -B)]], _exact((1, 2), 0, 0, (1, -2))),
            Gate("v3dg", [[complex(A, -B), 0], [0, complex(A, B)]], _exact((1, -2), 0, 0, (1, 2))),
        ]


def _exact(*entries: int | tuple[int, int]) -> ExactMatrix:
    """The matrix of four entries, row by row, divided by sqrt(5)."""
    return ExactMatrix("Z[i]/sqrt5", [entries[:2], entries[2:]], 1)


@hookimpl
def qframe_gate_sets() -> list[type[GateSet[Any]]]:
    return [Hrc]
