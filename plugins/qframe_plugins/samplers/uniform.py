"""Sampler `uniform`: independent, uniformly drawn instructions."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from qframe import Circuits, Draws, InstructionSet, Sampler, hookimpl
from qframe_plugins.samplers._draws.lengths import LengthOptions
from qframe_plugins.samplers._draws.weights import WeightedCodes

CODES_STREAM, LENGTHS_STREAM = 0, 1
"""Streams of the block's randomness."""


class UniformOptions(LengthOptions):
    """Options of `uniform`."""

    weights: dict[str, float] | None = Field(
        None, description="by gate name: what its odds are multiplied by; 1 where left out"
    )


class Uniform(Sampler[UniformOptions]):
    """Independent uniform instructions; a fixed length or a uniform one; optional gate weights.

    YAML that selects it::

        sampler: {plugin: uniform, length: {min: 5, max: 30}, weights: {t: 2, tdg: 2}}

    A weight multiplies the odds of each placement of a gate; a weight of 1 changes nothing. As in
    Kremer et al. (arXiv:2405.13196) and Bao and Hartnett (arXiv:2307.08684).
    """

    name = "uniform"
    Options = UniformOptions

    def __init__(self, options: UniformOptions, instructions: InstructionSet) -> None:
        super().__init__(options, instructions)
        self.max_length = options.longest
        self._codes = WeightedCodes(instructions, options.weights)

    def sample(self, draws: Draws) -> Circuits:
        """Codes are drawn from stream 0 (see `Draws.integers`), lengths from stream 1."""
        codes = self._codes.draw(draws, draws.size * self.max_length, CODES_STREAM)
        codes = codes.reshape(draws.size, self.max_length)
        lengths = self.options.draw_lengths(draws, LENGTHS_STREAM)
        if self.options.shortest == self.max_length:
            return Circuits(codes, lengths)
        return Circuits.padded(codes, lengths)


@hookimpl
def qframe_samplers() -> list[type[Sampler[Any]]]:
    return [Uniform]
