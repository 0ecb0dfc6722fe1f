"""Gate set `fibonacci`: braids of three Fibonacci anyons, as gates on one qubit."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from qframe import ExactMatrix, Gate, GateSet, GateSetOptions, hookimpl
from qframe_plugins.gate_sets._gates.exact_angles import DIGITS, phase, polar

with localcontext(prec=DIGITS + 5):
    TAU = (Decimal(5).sqrt() - 1) / 2
    """The inverse golden ratio, (sqrt(5) - 1)/2."""
    TAU_SQUARED = 1 - TAU


def _turns(fifths: int) -> Fraction:
    """The angle `fifths * pi / 5` in turns."""
    return Fraction(fifths, 10)


_RING = "Z[z10],sqrt(tau)"
_EXACT = {
    "sigma1": ExactMatrix(_RING, [[(0, -1), 0], [0, (0, 0, 0, 1)]]),
    "sigma1dg": ExactMatrix(_RING, [[(-1, 1, -1, 1), 0], [0, (0, 0, -1)]]),
    "sigma2": ExactMatrix(_RING, [[(0, -1, 1), (0, 0, -1)], [(0, -1, 1, -1), (0, 0, -1, 1)]]),
    "sigma2dg": ExactMatrix(_RING, [[(-1, 1, -1), (0, 0, 0, 1)], [(-1, 1), (0, 0, -1, 1)]]),
}
"""Entries by powers of z = e^(i pi/5), where tau = z^2 - z^3.

The ring multiplies the entry of row 0, column 1 by sqrt(tau), and that of row 1, column 0 by its
inverse.
"""


class Fibonacci(GateSet[GateSetOptions]):
    """Elementary braids of three Fibonacci anyons, sigma1 and sigma2, and their inverses.

    YAML that selects it::

        gate_set: {plugin: fibonacci, gates: [sigma1, sigma2, sigma1dg, sigma2dg]}

    With tau = (sqrt(5) - 1)/2 and F = [[tau, sqrt(tau)], [sqrt(tau), -tau]]::

        sigma1 = diag(e^(-4 pi i/5), e^(3 pi i/5))
        sigma2 = F sigma1 F

    The braid relation sigma1 sigma2 sigma1 = sigma2 sigma1 sigma2 holds, and sigma^10 = 1. Zhang,
    Zheng, Zhang and Deng (arXiv:2004.04743). Some texts have e^(+4 pi i/5), which violates the
    relation. Entries are correctly rounded.
    """

    name = "fibonacci"

    def gates(self) -> Sequence[Gate]:
        sigma1 = [[phase(_turns(-4)), 0], [0, phase(_turns(3))]]
        corner = polar(TAU, _turns(-3))
        # -tau e^(-i pi/5) = tau e^(4 i pi/5); -tau = tau e^(5 i pi/5)
        sigma2 = [
            [polar(TAU_SQUARED, _turns(4)), corner],
            [corner, polar(TAU_SQUARED, _turns(5))],
        ]
        return [
            Gate("sigma1", sigma1, _EXACT["sigma1"]),
            Gate("sigma1dg", _dagger(sigma1), _EXACT["sigma1dg"]),
            Gate("sigma2", sigma2, _EXACT["sigma2"]),
            Gate("sigma2dg", _dagger(sigma2), _EXACT["sigma2dg"]),
        ]


def _dagger(symmetric: list[list[complex]]) -> list[list[complex]]:
    """The inverse of a symmetric unitary matrix."""
    return [[complex(entry).conjugate() for entry in row] for row in symmetric]


@hookimpl
def qframe_gate_sets() -> list[type[GateSet[Any]]]:
    return [Fibonacci]
