"""Sampler `enumerate`: all words up to a length, one after another."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from qframe import Circuits, ConfigError, Draws, InstructionSet, PluginOptions, Sampler, hookimpl
from qframe_plugins.samplers._draws.lengths import length_dtype
from qframe_plugins.samplers._words.automaton import Phase, WordAutomaton

ENDING_WORDS = 1 << 17
"""Word endings that are kept in tables, for all states of the automaton together."""


class EnumerateOptions(PluginOptions):
    """Options of `enumerate`."""

    max_length: int = Field(ge=1, le=4096, description="longest circuit, in gates")
    min_length: int = Field(
        0, ge=0, le=4096, description="shortest circuit, in gates; 0 includes the empty circuit"
    )
    reduced: bool = Field(
        False, description="leave out words with an instruction after its inverse"
    )
    canonical_order: bool = Field(
        True,
        description="with reduced: keep one order of gates on disjoint qubits",
    )

    phase: Phase = Field(
        "ignored",
        description="with reduced: whether gates whose product is 1 only up to a global phase are "
        "inverse (ignored) or not (exact)",
    )

    @model_validator(mode="after")
    def _ordered(self) -> EnumerateOptions:
        if self.min_length > self.max_length:
            raise ValueError(f"min_length {self.min_length} is above max_length {self.max_length}")
        return self


class Enumerate(Sampler[EnumerateOptions]):
    """Record i is the i-th word: shorter first, then in the order of the codes.

    YAML that selects it::

        sampler: {plugin: enumerate, max_length: 6, reduced: true}

    All words, or with `reduced: true` the reduced words (as `non_backtracking` defines them): the
    libraries that Solovay-Kitaev and Quartz (Xu et al., arXiv:2204.09033) search. Any record is
    made from its number alone.

    Attributes:
        count: number of words, and so of records.
    """

    name = "enumerate"
    Options = EnumerateOptions

    def __init__(self, options: EnumerateOptions, instructions: InstructionSet) -> None:
        super().__init__(options, instructions)
        self.max_length = options.max_length
        self._automaton = (
            WordAutomaton.reduced(instructions, options.canonical_order, options.phase)
            if options.reduced
            else WordAutomaton.free(len(instructions))
        )
        self._counts = self._automaton.counts(self.max_length)
        lengths = range(options.min_length, self.max_length + 1)
        self._ends = dict(
            zip(lengths, accumulate(self._counts[length][0] for length in lengths), strict=True)
        )
        self.count = self._ends[self.max_length]
        if not self.count:
            raise ConfigError(f"sampler: there is no word of {options.min_length} gates or more")
        self._tail = self._tail_length()
        self._tails: dict[tuple[int, int], NDArray[Any]] = {}

    def sample(self, draws: Draws) -> Circuits:
        """The words of rank `draws.first` and following; empty circuits after the last word.

        Nothing is random.
        """
        codes = np.zeros((draws.size, self.max_length), dtype=self.instructions.code_dtype)
        lengths = np.zeros(draws.size, dtype=length_dtype(self.max_length))
        rank, row, start = draws.first, 0, 0
        for length, end in self._ends.items():
            take = min(end - rank, draws.size - row)
            if take > 0:
                self._fill(codes[row : row + take, :length], rank - start)
                lengths[row : row + take] = length
                rank += take
                row += take
            start = end
        return Circuits(codes, lengths)

    def _fill(self, out: NDArray[Any], rank: int) -> None:
        """Fills `out` with words of `out.shape[1]` codes, from the `rank`-th on.

        Words that share all but their ending are written at once.
        """
        length = out.shape[1]
        tail = min(self._tail, length)
        row = 0
        while row < len(out):
            prefix, state, skip = self._unrank(rank, length, tail)
            endings = self._endings(state, tail)[skip : skip + len(out) - row]
            part = out[row : row + len(endings)]
            part[:, : length - tail] = prefix
            part[:, length - tail :] = endings
            row += len(endings)
            rank += len(endings)

    def _unrank(self, rank: int, length: int, tail: int) -> tuple[list[int], int, int]:
        """The word of a rank, split before its last `tail` codes.

        Returns:
            The codes before the ending, the state that they lead to, and the rank of the ending
            among the endings of that state.
        """
        prefix: list[int] = []
        state = 0
        for left in range(length - 1, tail - 1, -1):
            sizes = self._counts[left]
            for code, after in self._automaton.arrows[state]:
                if rank < sizes[after]:
                    prefix.append(code)
                    state = after
                    break
                rank -= sizes[after]
        return prefix, state, rank

    def _endings(self, state: int, length: int) -> NDArray[Any]:
        """All words of `length` codes from a state: `(n, length)`; kept for the next call."""
        if (state, length) not in self._tails:
            words, _ = self._automaton.words(state, length)
            self._tails[state, length] = words.astype(self.instructions.code_dtype)
        return self._tails[state, length]

    def _tail_length(self) -> int:
        """The largest length of endings at which all tables have at most `ENDING_WORDS` words."""
        tail = 1
        while tail < self.max_length and sum(self._counts[tail + 1]) <= ENDING_WORDS:
            tail += 1
        return tail


@hookimpl
def qframe_samplers() -> list[type[Sampler[Any]]]:
    return [Enumerate]
