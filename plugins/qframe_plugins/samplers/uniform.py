"""Independent, uniformly drawn instructions."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from qframe import Circuits, ConfigError, Draws, InstructionSet, Sampler, hookimpl
from qframe_plugins.samplers.lengths import LengthOptions

CODES, LENGTHS = 0, 1
"""Streams of the block's randomness."""


class UniformOptions(LengthOptions):
    """Options of `uniform`."""

    weights: dict[str, float] | None = Field(
        None, description="relative weight of each gate name; 1 where left out"
    )


class Uniform(Sampler[UniformOptions]):
    """Independent uniform instructions; length fixed or uniform in a range; optional gate weights.

    YAML that selects it::

        sampler: {plugin: uniform, length: {min: 5, max: 30}, weights: {t: 2, tdg: 2}}

    A gate's weight is shared by its placements on different qubits. As in Kremer et al.
    (arXiv:2405.13196) and Bao and Hartnett (arXiv:2307.08684).
    """

    name = "uniform"
    Options = UniformOptions

    def __init__(self, options: UniformOptions, instructions: InstructionSet) -> None:
        super().__init__(options, instructions)
        self.max_length = options.longest
        self._thresholds = _thresholds(options.weights, instructions) if options.weights else None

    def sample(self, draws: Draws) -> Circuits:
        """Codes from stream 0, lengths from stream 1; see `Draws.integers` for the map."""
        codes = self._codes(draws, draws.size * self.max_length)
        codes = codes.reshape(draws.size, self.max_length)
        lengths = self.options.draw_lengths(draws, LENGTHS)
        if self.options.shortest == self.max_length:
            return Circuits(codes, lengths)
        return Circuits.padded(codes, lengths)

    def _codes(self, draws: Draws, count: int) -> NDArray[Any]:
        if self._thresholds is None:
            return draws.integers(len(self.instructions), count, CODES)
        # 32 random bits a code: a probability is met to within 2**-32.
        halves = draws.words(-(-count // 2), CODES).astype("<u8").view("<u4")[:count]
        codes = np.searchsorted(self._thresholds, halves, side="right")
        return codes.astype(self.instructions.code_dtype)


def _thresholds(weights: dict[str, float], instructions: InstructionSet) -> NDArray[np.uint64]:
    """Upper ends of the codes' shares of `[0, 2**32)` but for the last, rounded once each."""
    names = [instruction.gate for instruction in instructions.instructions]
    for name, weight in weights.items():
        if name not in names:
            raise ConfigError(
                f"sampler.weights: no gate {name!r}, "
                f"the gate set has {', '.join(dict.fromkeys(names))}"
            )
        if not 0 <= weight < float("inf"):
            raise ConfigError(f"sampler.weights.{name}: got {weight}, want 0 or more")
    shares = [Fraction(weights.get(name, 1.0)) / names.count(name) for name in names]
    total = sum(shares)
    if not total:
        raise ConfigError("sampler.weights: all weights are 0, want one above 0")
    ends = [round(end / total * 2**32) for end in accumulate(shares)]
    return np.array(ends[:-1], dtype=np.uint64)


@hookimpl
def qframe_samplers() -> list[type[Sampler[Any]]]:
    return [Uniform]
