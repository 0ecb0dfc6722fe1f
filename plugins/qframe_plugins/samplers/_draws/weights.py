"""Independent codes, drawn uniformly or by the option `weights` of several samplers."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe import ConfigError, Draws, InstructionSet


class WeightedCodes:
    """Draws independent codes, uniform or weighted.

    A weight multiplies the odds of each instruction of a gate, against drawing without weights. So
    a weight of 1 changes nothing.

    Args:
        instructions: what the codes stand for.
        weights: by gate name, 1 if left out; None for uniform codes, which are drawn faster.

    Raises:
        ConfigError: a weight names no gate of the gate set, or is negative or not finite, or all
            weights are 0.
    """

    def __init__(self, instructions: InstructionSet, weights: dict[str, float] | None) -> None:
        self._instructions = instructions
        self._thresholds = _thresholds(weights, instructions) if weights else None

    def draw(self, draws: Draws, count: int, stream: int) -> NDArray[Any]:
        """`(count,)` codes; their probabilities are exact to within 2**-32."""
        if self._thresholds is None:
            return draws.integers(len(self._instructions), count, stream)
        # 32 random bits per code.
        halves = draws.words(-(-count // 2), stream).astype("<u8").view("<u4")[:count]
        codes = np.searchsorted(self._thresholds, halves, side="right")
        return codes.astype(self._instructions.code_dtype)


def _thresholds(weights: dict[str, float], instructions: InstructionSet) -> NDArray[np.uint64]:
    """Upper ends of the codes' shares of `[0, 2**32)`, without the last; each rounded once."""
    names = [instruction.gate for instruction in instructions.instructions]
    for name, weight in weights.items():
        if name not in names:
            raise ConfigError(
                f"sampler.weights: no gate {name!r}, "
                f"the gate set has {', '.join(dict.fromkeys(names))}"
            )
        if not 0 <= weight < float("inf"):
            raise ConfigError(f"sampler.weights.{name}: got {weight}, want 0 or more")
    shares = [Fraction(weights.get(name, 1.0)) for name in names]
    total = sum(shares)
    if not total:
        raise ConfigError("sampler.weights: all weights are 0, want one above 0")
    ends = [round(end / total * 2**32) for end in accumulate(shares)]
    return np.array(ends[:-1], dtype=np.uint64)
