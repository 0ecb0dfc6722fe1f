"""Sampler `t_count`: a fixed number of T gates among random Clifford gates."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from qframe import Circuits, ConfigError, Draws, InstructionSet, PluginOptions, Sampler, hookimpl
from qframe_plugins.samplers._draws.lengths import length_dtype
from qframe_plugins.samplers._words.clifford import clifford_codes
from qframe_plugins.samplers._words.standard_codes import codes_of, lacking

CLIFFORDS_STREAM, TS_STREAM, PLACES_STREAM = 0, 1, 2
"""Streams of the block's randomness."""

MAX_SUBSET_BYTES = 1 << 20
"""Bytes of the largest table of all subsets of places."""


class TCountOptions(PluginOptions):
    """Options of `t_count`."""

    length: int = Field(ge=1, le=65_535, description="gates per circuit")
    t_count: int = Field(ge=0, le=65_535, description="how many of them are t or tdg")

    @model_validator(mode="after")
    def _fits(self) -> TCountOptions:
        if self.t_count > self.length:
            raise ValueError(f"t_count {self.t_count} is above length {self.length}")
        return self


class TCount(Sampler[TCountOptions]):
    """Circuits of `length` gates: exactly `t_count` of them t or tdg, the others Clifford gates.

    YAML that selects it::

        sampler: {plugin: t_count, length: 20, t_count: 4}

    The places of the T gates are a uniform subset. Each T gate is drawn uniformly among the t and
    tdg instructions, and each Clifford gate uniformly among the Clifford instructions; other gates
    are left out. Gates are recognised by their matrices, up to a global phase, and not by their
    names. As asked for in mitiq #2118.

    The word may not be the shortest, and the T-count of the *unitary* may be lower; for a given
    T-count of the unitary see `matsumoto_amano`.
    """

    name = "t_count"
    Options = TCountOptions

    def __init__(self, options: TCountOptions, instructions: InstructionSet) -> None:
        super().__init__(options, instructions)
        self.max_length = options.length
        dtype = instructions.code_dtype
        self._ts = codes_of(instructions, "t", "tdg").astype(dtype)
        self._cliffords = np.array(clifford_codes(instructions), dtype=dtype)
        if options.t_count and not len(self._ts):
            raise lacking(instructions, "sampler.t_count wants t or tdg", ("t", "tdg"))
        if options.t_count < options.length and not len(self._cliffords):
            raise ConfigError(
                "sampler.length: the gate set has no Clifford gate beside the T gates"
            )
        entries = options.length * comb(options.length, options.t_count)
        listed = entries <= MAX_SUBSET_BYTES
        self._subsets = subsets(options.length, options.t_count) if listed else None

    def sample(self, draws: Draws) -> Circuits:
        """Clifford codes are drawn from stream 0, T codes from stream 1, places from stream 2.

        If the table of all subsets of places fits `MAX_SUBSET_BYTES`, one number chooses a subset.
        If not, selection sampling does (Knuth, TAOCP 2, 3.4.2, algorithm S), with 32 bits per
        place: a place gets a T with probability (T left) / (places left), to within 2**-32.
        """
        size, length = draws.size, self.max_length
        codes = np.zeros((size, length), dtype=self.instructions.code_dtype)
        if len(self._cliffords):
            drawn = draws.integers(len(self._cliffords), size * length, CLIFFORDS_STREAM)
            codes = self._cliffords.take(drawn).reshape(size, length)
        if self.options.t_count:
            if self._subsets is None:
                chosen = self._selected(draws)
            else:
                which = draws.integers(len(self._subsets), size, PLACES_STREAM)
                chosen = self._subsets.take(which, axis=0)
            drawn = draws.integers(len(self._ts), size * length, TS_STREAM).reshape(size, length)
            codes = np.where(chosen, self._ts.take(drawn), codes)
        return Circuits(codes, np.full(size, length, dtype=length_dtype(length)))

    def _selected(self, draws: Draws) -> NDArray[np.bool_]:
        """Places by selection sampling: `(size, length)`, true `t_count` times in each row."""
        size, length = draws.size, self.max_length
        raw = (
            draws.words(-(-size * length // 2), PLACES_STREAM).astype("<u8", copy=False).view("<u4")
        )
        chosen = np.empty((length, size), dtype=np.bool_)
        left = np.full(size, self.options.t_count, dtype=np.uint32)
        point = np.empty(size, dtype="<u8")
        for place in range(length):
            drawn = raw[place * size : (place + 1) * size]
            # Without `dtype`, NumPy 1 multiplies in 32 bits, whatever the type of the scalar.
            np.multiply(drawn, length - place, out=point, dtype=np.uint64)
            # The upper half of each product, in place.
            np.less(point.view("<u4")[1::2], left, out=chosen[place])
            left -= chosen[place]
        return np.ascontiguousarray(chosen.T)


def subsets(length: int, chosen: int) -> NDArray[np.bool_]:
    """All subsets of `chosen` out of `length` places, one per row."""
    places = np.array(list(combinations(range(length), chosen)), dtype=np.intp)
    rows = np.zeros((len(places), length), dtype=np.bool_)
    np.put_along_axis(rows, places, values=True, axis=1)
    return rows


@hookimpl
def qframe_samplers() -> list[type[Sampler[Any]]]:
    return [TCount]
