"""The option `length` of several samplers, and drawing lengths from it."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from qframe import Draws, PluginOptions


class LengthRange(PluginOptions):
    """Lengths drawn uniformly from `min` to `max`, both included."""

    min: int = Field(ge=0, le=65_535, description="shortest circuit, in gates")
    max: int = Field(ge=1, le=65_535, description="longest circuit, in gates")

    @model_validator(mode="after")
    def _ordered(self) -> LengthRange:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class LengthOptions(PluginOptions):
    """Base of the options of samplers with a `length`."""

    length: Annotated[int, Field(ge=1, le=65_535)] | LengthRange = Field(
        description="gates per circuit: a number, or {min, max} for a uniform choice"
    )

    @property
    def shortest(self) -> int:
        return self.length.min if isinstance(self.length, LengthRange) else self.length

    @property
    def longest(self) -> int:
        return self.length.max if isinstance(self.length, LengthRange) else self.length

    def draw_lengths(self, draws: Draws, stream: int) -> NDArray[Any]:
        """`(draws.size,)` lengths, of the dtype that `Circuits` wants."""
        if self.shortest == self.longest:
            return np.full(draws.size, self.longest, dtype=length_dtype(self.longest))
        drawn = draws.integers(self.longest - self.shortest + 1, draws.size, stream)
        return (drawn.astype(np.uint16) + self.shortest).astype(length_dtype(self.longest))


def length_dtype(longest: int) -> np.dtype[Any]:
    """`uint8` if the longest circuit has fewer than 256 gates, else `uint16`."""
    return np.dtype(np.uint8 if longest < 256 else np.uint16)
