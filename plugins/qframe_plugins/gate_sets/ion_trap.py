"""Gate set `ion_trap`: the native gates of trapped ions, GPI, GPI2 and Moelmer-Soerensen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from pydantic import Field

from qframe import CouplingMap, Gate, GateSet, GateSetOptions, hookimpl
from qframe_plugins.gate_sets._gates.exact_angles import (
    cos_turns,
    phase,
    polar,
    sin_squared,
)

QUARTER = Fraction(1, 4)
HALF = Fraction(1, 2)


class IonTrapOptions(GateSetOptions):
    """Options of `ion_trap`."""

    steps: int = Field(
        4, ge=1, le=1024, description="gpi and gpi2 have the phases j/steps, in turns"
    )
    ms_steps: int = Field(
        1, ge=1, le=64, description="both phases of ms are j/ms_steps, in turns; 1: phase 0 only"
    )
    theta_steps: int = Field(
        1, ge=1, le=64, description="ms has the angles k/(4 theta_steps), in turns; 1: 1/4 only"
    )


class IonTrap(GateSet[IonTrapOptions]):
    """IonQ's gpi, gpi2 and, on several qubits, ms, on grids of angles in turns.

    YAML that selects it::

        gate_set: {plugin: ion_trap, qubits: 2, steps: 8, ms_steps: 4, theta_steps: 2}

    With phases p, q and angle t in turns (docs.ionq.com, native gates)::

        gpi(p)      = [[0, e^(-2 pi i p)], [e^(2 pi i p), 0]]
        gpi2(p)     = [[1, -i e^(-2 pi i p)], [-i e^(2 pi i p), 1]] / sqrt(2)
        ms(p, q, t) = cos(pi t) - i sin(pi t) gpi(p) gpi(q)     gpi(p) on the first qubit

    `gpi_3` and `gpi2_3` have p = 3/steps; `ms_1_3_1` has p = 1/ms_steps, q = 3/ms_steps and
    t = 1/(4 theta_steps). Half a turn added to both phases of ms changes nothing, and ms_b_a is
    ms_a_b with its qubits exchanged: of equal gates the first is kept. With a directed coupling,
    where qubits may not be exchanged, ms_b_a is another gate than ms_a_b. Half a turn added to the
    phase of gpi is a global phase of -1: with even `steps`, gpi_0 to gpi_<steps/2 - 1> are all
    gpi gates up to phase.

    The inverse of a gpi2 gate is the one with the opposite phase, p + 1/2; so is that of ms, which
    needs an even `ms_steps`.
    """

    name = "ion_trap"
    Options = IonTrapOptions

    def gates(self) -> Sequence[Gate]:
        steps = self.options.steps
        phases = [Fraction(j, steps) for j in range(steps)]
        return [
            *(Gate(f"gpi_{j}", _gpi(p)) for j, p in enumerate(phases)),
            *(Gate(f"gpi2_{j}", _gpi2(p)) for j, p in enumerate(phases)),
            *self._ms(),
        ]

    def _ms(self) -> Iterator[Gate]:
        steps, thetas = self.options.ms_steps, self.options.theta_steps
        directed = CouplingMap.of(self.options.coupling, self.options.qubits).directed
        seen: set[tuple[Fraction, Fraction]] = set()
        for a in range(steps):
            for b in range(steps):
                p, q = Fraction(a, steps), Fraction(b, steps)
                if (p, q) in seen:
                    continue
                for first, second in ((p, q),) if directed else ((p, q), (q, p)):
                    seen |= {(first, second), ((first + HALF) % 1, (second + HALF) % 1)}
                for k in range(1, thetas + 1):
                    yield Gate(f"ms_{a}_{b}_{k}", _ms(p, q, Fraction(k, 4 * thetas)))


def _gpi(p: Fraction) -> list[list[complex]]:
    return [[0, phase(-p)], [phase(p), 0]]


def _gpi2(p: Fraction) -> list[list[complex]]:
    return [
        [polar(HALF, Fraction(0)), polar(HALF, -p - QUARTER)],
        [polar(HALF, p - QUARTER), polar(HALF, Fraction(0))],
    ]


def _ms(p: Fraction, q: Fraction, t: Fraction) -> list[list[complex]]:
    """The matrix of ms; the first qubit, with phase `p`, is the least significant bit."""
    cosine = cos_turns(t / 2)
    rows: list[list[complex]] = [[cosine if r == c else 0 for c in range(4)] for r in range(4)]
    for row in range(4):
        # A qubit's bit in the row says whether gpi raised it (e^(+2 pi i p)) or lowered it.
        turns = (p if row & 1 else -p) + (q if row & 2 else -q) - QUARTER
        rows[row][3 - row] = polar(sin_squared(t / 2), turns)
    return rows


@hookimpl
def qframe_gate_sets() -> list[type[GateSet[Any]]]:
    return [IonTrap]
