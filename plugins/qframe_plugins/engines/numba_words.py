"""Unitaries from a table of the products of all words, in one compiled loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from qframe import Circuits, InstructionSet
from qframe_plugins.engines.numba_one_qubit import extends_the_one_before
from qframe_plugins.engines.numba_one_qubit import multiply as one_qubit
from qframe_plugins.engines.word_table import WordTable


class WordKernel:
    """The table of `WordTable`, one word's entries side by side, and the loop over it."""

    def __init__(self, instructions: InstructionSet, fold: int) -> None:
        table = WordTable(instructions, fold)
        entries = np.stack([table.re, table.im])  # (2, dim, dim, words)
        self.table = np.ascontiguousarray(np.moveaxis(entries, -1, 0))
        self.offsets = table.offsets.astype(np.uintp)
        self.size = np.uintp(len(instructions))
        self._loop = None if instructions.qubits == 1 else _loop(instructions.dim, fold)

    def multiply(self, circuits: Circuits, out: NDArray[Any]) -> None:
        """Writes the unitaries of `circuits` into `out` `(n, 2 * dim * dim)`, real."""
        codes, lengths, words = circuits.codes, circuits.lengths, (self.size, self.offsets)
        if self._loop is None:
            one_qubit(codes, lengths, extends_the_one_before(circuits), *words, self.table, out)
        else:
            self._loop(codes, lengths, *words, self.table, out)


@lru_cache(maxsize=16)
def _loop(dim: int, fold: int) -> Callable[..., None]:
    """The loop for one size: with both numbers constant, LLVM unrolls the small loops."""

    @njit(cache=True, nogil=True)
    def multiply(codes: Any, lengths: Any, size: int, offsets: Any, table: Any, out: Any) -> None:
        re, im = np.empty((dim, dim)), np.empty((dim, dim))
        next_re, next_im = np.empty((dim, dim)), np.empty((dim, dim))
        for i in range(len(codes)):
            length = int(lengths[i])
            for start in range(0, max(length, 1), fold):
                count = min(fold, length - start)
                index = np.uintp(0)
                for j in range(start + count - 1, start - 1, -1):
                    index = index * size + np.uintp(codes[i, j])
                word = table[offsets[count] + index]
                if start == 0:
                    for r in range(dim):
                        for c in range(dim):
                            re[r, c], im[r, c] = word[0, r, c], word[1, r, c]
                    continue
                # One row at a time: its columns are independent sums, so they go in vectors.
                for r in range(dim):
                    x, y = word[0, r, 0], word[1, r, 0]
                    for c in range(dim):
                        next_re[r, c] = x * re[0, c] - y * im[0, c]
                        next_im[r, c] = x * im[0, c] + y * re[0, c]
                    for k in range(1, dim):
                        x, y = word[0, r, k], word[1, r, k]
                        for c in range(dim):
                            next_re[r, c] = (next_re[r, c] + x * re[k, c]) - y * im[k, c]
                            next_im[r, c] = (next_im[r, c] + x * im[k, c]) + y * re[k, c]
                for r in range(dim):
                    for c in range(dim):
                        re[r, c], im[r, c] = next_re[r, c], next_im[r, c]
            for r in range(dim):
                for c in range(dim):
                    out[i, 2 * (r * dim + c)] = re[r, c] + 0.0
                    out[i, 2 * (r * dim + c) + 1] = im[r, c] + 0.0

    return multiply  # type: ignore[no-any-return]  # njit is untyped
