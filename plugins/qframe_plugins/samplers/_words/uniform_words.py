"""Uniform draws among the words that an automaton allows, several codes per step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe import ConfigError
from qframe_plugins.samplers._draws.scaling import scaled
from qframe_plugins.samplers._words.automaton import WordAutomaton

STEP_WORDS = 1 << 14
"""Words in all tables together, at most, if a step has several codes: tables then stay in L2."""

MAX_WORDS = 1 << 21
"""Words in all tables together above which they are refused."""


class UniformWords:
    """Draws uniformly among the words of a given length that an automaton allows.

    Each step appends several codes (fewer at the end), with probability (completions of the codes)
    / (words from the state). It draws them by Walker's alias method (Electronics Letters 10, 127
    (1974)), with exact integers and thresholds of 32 bits: each probability is exact to within
    2**-32.

    Args:
        automaton: which words are allowed.
        lengths: the lengths that may be asked for, ascending.
        dtype: of the codes.

    Attributes:
        steps: steps for the longest word; each takes one raw 64-bit number.

    Raises:
        ConfigError: there is no word of one of the lengths, or the tables would be too large.
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
        self._dtype = dtype
        self._states = len(automaton.successors)
        self._sizes = np.ones((self._width + 1) * self._states, dtype=np.uint64)
        self._offsets = np.zeros((self._width + 1) * self._states, dtype=np.int64)
        self._build(lengths)

    def codes(self, words: NDArray[np.uint64], lengths: NDArray[Any]) -> NDArray[Any]:
        """Words of the given lengths `(n,)`, drawn with raw random words `(steps, n)`.

        Returns:
            Codes `(n, longest)`, 0 after the end of a word.
        """
        out = np.empty((len(lengths), self.steps), dtype=self._words.dtype)
        left = lengths.astype(np.int64)
        state = np.zeros(len(lengths), dtype=np.int64)
        for k in range(self.steps):
            row = left * self._states + state
            column, fraction = scaled(words[k], self._sizes.take(row))
            entry = self._offsets.take(row) + column.view(np.int64)
            if self._weighted:
                stays = fraction < self._thresholds.take(entry)
                entry = np.where(stays, entry, self._aliases.take(entry))
            out[:, k] = self._words.take(entry)
            state = self._next.take(entry)
            left = np.maximum(left - self._step, 0)
        codes = out.view(self._dtype).reshape(len(lengths), -1)
        return np.ascontiguousarray(codes[:, : self._width])

    def _step_for(self, lengths: range) -> int:
        """The most codes per step, up to 8, at which the tables have at most `STEP_WORDS`."""
        even = len({len(row) for row in self._automaton.arrows[1:]}) <= 1
        best = 1
        for step in range(2, min(8, self._width) + 1):
            tables = 1 if even else self._width // step + 1 if len(lengths) == 1 else self._width
            if sum(self._counts[step]) * tables > STEP_WORDS:
                break
            best = step
        return best

    def _build(self, lengths: range) -> None:
        """Builds the tables of all `(codes left, state)` that occur; equal tables are kept once."""
        rows = {(length, 0): None for length in lengths}
        order = list(rows)
        words: dict[tuple[int, int], tuple[NDArray[Any], NDArray[Any]]] = {}
        # Entry 0 is the end of a word: no codes, and no codes left.
        nothing = np.zeros(1, dtype=np.int64)
        tables = [(np.zeros((1, self._step), np.uint16), nothing, nothing.view(np.uint64), nothing)]
        offset_of: dict[tuple[int, int, bytes, bytes], int] = {}
        total = 1
        for left, state in order:
            length = min(self._step, left)
            if (state, length) not in words:
                words[state, length] = self._automaton.words(state, length)
            codes, ends = words[state, length]
            after = self._counts[left - length]
            weights = [after[end] for end in ends.tolist()]
            alive = np.array([i for i, weight in enumerate(weights) if weight], dtype=np.int64)
            thresholds, aliases = alias_table([weights[i] for i in alive.tolist()])
            key = (state, length, alive.tobytes(), thresholds.tobytes() + aliases.tobytes())
            if key not in offset_of:
                offset_of[key] = total
                padded = np.zeros((len(alive), self._step), dtype=np.uint16)
                padded[:, :length] = codes[alive]
                tables.append((padded, ends[alive], thresholds, aliases + total))
                total += len(alive)
                self._refuse_above(total)
            self._offsets[left * self._states + state] = offset_of[key]
            self._sizes[left * self._states + state] = len(alive)
            if left > length:
                for end in dict.fromkeys(ends[alive].tolist()):
                    if (left - length, end) not in rows:
                        rows[left - length, end] = None
                        order.append((left - length, end))
        padded, ends, self._thresholds, self._aliases = map(
            np.concatenate, zip(*tables, strict=True)
        )
        self._next = ends.astype(np.int64)
        self._weighted = bool((self._thresholds[1:] < 1 << 32).any())
        whole = np.dtype((np.void, self._step * self._dtype.itemsize))
        self._words = padded.astype(self._dtype).view(whole).reshape(-1)

    def _refuse_above(self, total: int) -> None:
        if total > MAX_WORDS:
            raise ConfigError(
                f"uniform words over {self._states:,} states and length {self._width:,} need "
                f"more than {MAX_WORDS:,} table entries",
                hint="take shorter circuits, a fixed length, or canonical_order: false",
            )


def alias_table(weights: list[int]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Walker's alias table for integer weights, built by Vose's method with exact integers.

    Returns:
        `thresholds` and `aliases`, both `(n,)`: column `i` gives `i` if a number in `[0, 2**32)` is
        below `thresholds[i]` (rounded down once), else `aliases[i]`.
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
