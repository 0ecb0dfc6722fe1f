"""One word a key, the shortest and then the first, of more words than fit in memory.

Words arrive as rows `(key, key, length, index)` and go to files by the leading bits of their key,
those that lose against a word at hand left out. A file is then read a piece at a time, and only
the winners so far are kept; should they outgrow the memory themselves, what is there and what is
to come goes to sixteen files by the next bits. So a key with very many words costs no more than
another, and memory stays within what was given, whatever the number of words or of keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.uint64]
"""`(n, 4)`: two words of the key, length, index."""

ROW_BYTES = 32
WORKING = 8
"""Sorting rows takes so many times their bytes, with the rows themselves."""

LEAST_ROWS = 256
MOST_BITS = 8
"""256 files at first."""

SPLIT_BITS = 4


def winners(rows: Rows) -> Rows:
    """The first row of each key by length, then by index; sorted by key."""
    k0, k1, length, index = rows.T
    rows = rows[np.lexsort((index, length, k1, k0))]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows[1:, :2] != rows[:-1, :2]).any(axis=1)
    return rows[first]


class ShortestWords:
    """Takes in words, then gives the winners.

    Args:
        place: an empty directory for the files.
        expected: how many words will come.
        memory: bytes to stay within (16 KiB at least).
    """

    def __init__(self, place: Path, expected: int, memory: int) -> None:
        self._place = place
        self._most = max(LEAST_ROWS, memory // (ROW_BYTES * WORKING))
        self._bits = min(MOST_BITS, (-(-expected // self._most) - 1).bit_length())
        self._waiting: list[Rows] = []
        self._count = 0

    def add(self, rows: Rows) -> None:
        """Takes in words."""
        for start in range(0, len(rows), self._most):
            part = rows[start : start + self._most]
            if self._count + len(part) > self._most:
                self._flush()
            self._waiting.append(part)
            self._count += len(part)

    def _flush(self) -> None:
        if self._waiting:
            self._spread(winners(np.concatenate(self._waiting)), self._bits)
        self._waiting, self._count = [], 0

    def _spread(self, rows: Rows, bits: int) -> None:
        """Appends rows, sorted by key, to the files of their leading `bits`."""
        leading = rows[:, 0] >> np.uint64(64 - bits) if bits else np.zeros_like(rows[:, 0])
        starts = np.flatnonzero(leading[1:] != leading[:-1]) + 1
        for part, at in zip(np.split(rows, starts), leading[[0, *starts]], strict=True):
            with self._file(bits, int(at)).open("ab") as file:
                file.write(np.ascontiguousarray(part).data)

    def _file(self, bits: int, leading: int) -> Path:
        return self._place / f"words-{bits}-{leading:x}"

    def indices(self) -> Iterator[NDArray[np.uint64]]:
        """The indices of the winners, some at a time, in no order; removes the files."""
        self._flush()
        for leading in range(1 << self._bits):
            yield from self._of(self._bits, leading)

    def _of(self, bits: int, leading: int) -> Iterator[NDArray[np.uint64]]:
        path = self._file(bits, leading)
        if not path.exists():
            return
        best: Rows = np.empty((0, 4), dtype=np.uint64)
        split = False
        for rows in self._pieces(path):
            best = winners(np.concatenate([best, rows]))
            if split or len(best) > self._most // 2:
                split = True
                self._spread(best, bits + SPLIT_BITS)
                best = best[:0]
        path.unlink()
        if split:
            for low in range(1 << SPLIT_BITS):
                yield from self._of(bits + SPLIT_BITS, leading << SPLIT_BITS | low)
        else:
            yield best[:, 3]

    def _pieces(self, path: Path) -> Iterator[Rows]:
        with path.open("rb") as file:
            while piece := file.read(self._most // 2 * ROW_BYTES):
                yield np.frombuffer(piece, dtype=np.uint64).reshape(-1, 4)
