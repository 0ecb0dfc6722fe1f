"""Gate set `rotations`: small rotations about X, Y and Z."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Annotated, Any

from pydantic import Field

from qframe import Gate, GateSet, GateSetOptions, hookimpl
from qframe_plugins.gate_sets._gates.exact_angles import cos_turns, phase, sin_turns


class RotationsOptions(GateSetOptions):
    """Options of `rotations`."""

    k: list[Annotated[int, Field(ge=0, le=20)]] = Field(
        [7], min_length=1, description="exponents: rotations by +pi/2**k and -pi/2**k for each"
    )


class Rotations(GateSet[RotationsOptions]):
    """Rotations by +pi/2**k and -pi/2**k about X, Y and Z; by default the six by +-pi/128.

    YAML that selects it::

        gate_set: {plugin: rotations, k: [3, 5, 7]}

    `rx_pi128` is rx(pi/128) and `rx_pi128dg` its inverse; rx(a) = e^(-iaX/2) and likewise `ry` and
    `rz`. The default is the set of Moro, Paris, Restelli and Prati (arXiv:2105.15048). On several
    qubits each gate is placed on each of them; there is no gate between qubits.
    """

    name = "rotations"
    Options = RotationsOptions

    def gates(self) -> Sequence[Gate]:
        return [gate for k in dict.fromkeys(self.options.k) for gate in _six(k)]


def _six(k: int) -> Iterator[Gate]:
    half = Fraction(1, 4 << k)  # half of pi/2**k, in turns
    for axis in "xyz":
        for sign, suffix in ((1, ""), (-1, "dg")):
            yield Gate(f"r{axis}_pi{1 << k}{suffix}", _rotation(axis, sign * half))


def _rotation(axis: str, half: Fraction) -> list[list[complex]]:
    cosine, sine = cos_turns(half), sin_turns(half)
    if axis == "x":
        return [[cosine, -1j * sine], [-1j * sine, cosine]]
    if axis == "y":
        return [[cosine, -sine], [sine, cosine]]
    return [[phase(-half), 0], [0, phase(half)]]


@hookimpl
def qframe_gate_sets() -> list[type[GateSet[Any]]]:
    return [Rotations]
