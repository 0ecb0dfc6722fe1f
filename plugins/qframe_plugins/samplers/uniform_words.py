"""Exactly uniform words of an automaton, several codes a step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe import ConfigError
from qframe_plugins.samplers.scaling import scaled
from qframe_plugins.samplers.word_automaton import WordAutomaton

STEP_WORDS = 1 << 13
"""Words in all rows together that a step of several codes may lead to: tables stay in L2."""

MAX_WORDS = 1 << 21
"""Words in all rows together, above which the sampler refuses."""


class UniformWords:
    """Draws uniformly among an automaton's words of a given length.

    A row is a state of the automaton with a number of codes left. A step goes from a row to
    another by a word of `step` codes (fewer at the end), with probability (words that complete
    it) / (words from the row), by Walker's alias method (Electronics Letters 10, 127 (1974)) with
    exact integers and thresholds of 32 bits: each probability is met to within 2**-32.

    Args:
        automaton: which words are allowed.
        lengths: the lengths that may be asked for, ascending.
        dtype: of the codes.

    Raises:
        ConfigError: if there is no word of one of the lengths, or the tables grow too large.
    """

    def __init__(self, automaton: WordAutomaton, lengths: range, dtype: np.dtype[Any]) -> None:
        self._automaton = automaton
        self._width = lengths[-1]
        self._counts = automaton.counts(self._width)
        for length in lengths:
            if not self._counts[length][0]:
                raise ConfigError(f"sampler.length: there is no reduced word of length {length}")
        self._step = self._step_for(lengths)
        self.steps = -(-self._width // self._step)
        self._rows: dict[tuple[int, int], int] = {}
        self._order: list[tuple[int, int]] = []
        self._build(lengths, dtype)

    def codes(self, words: NDArray[np.uint64], lengths: NDArray[Any]) -> NDArray[Any]:
        """Words of `lengths`, from `(steps, n)` raw words: `(n, longest)`, 0 beyond the length."""
        out = np.empty((len(lengths), self.steps), dtype=self._words.dtype)
        row = self._start.take(lengths)
        for k in range(self.steps):
            column, fraction = scaled(words[k], self._sizes.take(row))
            entry = self._offsets.take(row) + column.view(np.int64)
            stays = fraction < self._thresholds.take(entry)
            entry = np.where(stays, entry, self._aliases.take(entry))
            out[:, k] = self._words.take(entry)
            row = self._next.take(entry)
        codes = out.view(self._dtype).reshape(len(lengths), -1)
        return np.ascontiguousarray(codes[:, : self._width])

    def _step_for(self, lengths: range) -> int:
        """The most codes a step (at most 8) at which the tables stay small."""
        states, codes = self._automaton.successors.shape
        best = 1
        for step in range(2, min(8, self._width) + 1):
            paths = sum(self._counts[step])
            rows = self._width // step + 2 if len(lengths) == 1 else self._width
            if paths * rows > STEP_WORDS or states * codes > STEP_WORDS:
                break
            best = step
        return best

    def _build(self, lengths: range, dtype: np.dtype[Any]) -> None:
        """Rows that can be reached from the start, and their tables one after another."""
        self._dtype = dtype
        starts = [self._row(0, length) for length in lengths]
        made = list(self._tables())
        sizes = [len(table[0]) for table in made]
        self._sizes = np.array(sizes, dtype=np.uint64)
        self._offsets = np.cumsum([0, *sizes[:-1]], dtype=np.int64)
        self._start = np.zeros(self._width + 1, dtype=np.intp)
        self._start[lengths.start :] = starts
        self._next = np.concatenate([table[1] for table in made])
        self._thresholds = np.concatenate([table[2] for table in made])
        self._aliases = np.concatenate(
            [table[3] + offset for table, offset in zip(made, self._offsets, strict=True)]
        )
        codes = np.concatenate([table[0] for table in made]).astype(dtype)
        whole = np.dtype((np.void, self._step * dtype.itemsize))
        self._words = np.ascontiguousarray(codes).view(whole).reshape(-1)

    def _row(self, state: int, left: int) -> int:
        key = (state if left else 0, left)
        if key not in self._rows:
            self._rows[key] = len(self._order)
            self._order.append(key)
        return self._rows[key]

    def _tables(self) -> Iterator[tuple[NDArray[Any], ...]]:
        """For each row: words, next rows, thresholds, aliases. Rows are added as they are met."""
        cache: dict[tuple[int, int], Any] = {}
        total = 0
        for state, left in self._order:
            length = min(self._step, left)
            if (state, length) not in cache:
                cache[state, length] = self._automaton.words(state, length)
            words, ends = cache[state, length]
            weights = [self._counts[left - length][end] for end in ends.tolist()]
            alive = [i for i, weight in enumerate(weights) if weight]
            padded = np.zeros((len(alive), self._step), dtype=np.uint16)
            padded[:, :length] = words[alive]
            following = [self._row(int(ends[i]), left - length) for i in alive]
            thresholds, aliases = alias_table([weights[i] for i in alive])
            total += len(alive)
            if total > MAX_WORDS:
                raise ConfigError(
                    f"uniform words over {len(self._automaton.successors):,} states and length "
                    f"{self._width:,} need more than {MAX_WORDS:,} table entries",
                    hint="take shorter circuits, a fixed length, or canonical_order: false",
                )
            yield padded, np.array(following, dtype=np.intp), thresholds, aliases


def alias_table(weights: list[int]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Walker's table by Vose's method in exact integers.

    Column `i` keeps itself below `thresholds[i]` (of 2**32, rounded down once), else gives
    `aliases[i]`.
    """
    n, total = len(weights), sum(weights)
    aliases = np.arange(n, dtype=np.int64)
    thresholds = np.full(n, 1 << 32, dtype=np.uint64)
    if len(set(weights)) == 1:
        return thresholds, aliases
    left = [weight * n for weight in weights]
    small = [i for i in range(n) if left[i] < total]
    large = [i for i in range(n) if left[i] > total]
    while small:
        i, j = small.pop(), large[-1]
        thresholds[i] = (left[i] << 32) // total
        aliases[i] = j
        left[j] -= total - left[i]
        if left[j] <= total:
            large.pop()
            if left[j] < total:
                small.append(j)
    return thresholds, aliases
