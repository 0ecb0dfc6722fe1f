"""SmallestPerKey: of more rows than fit in memory, finds the smallest row of each key.

A row stands for a record: `(key, key, length, index)`. The smallest row of a key is that of the
shortest circuit, and of equally short ones that of the first record.

Rows are written to files by the leading bits of their key. Of rows that are in memory together,
only the smallest of each key is written. At the end the files are read one after another, in
pieces, and the smallest row of each key so far is kept in memory. If these rows outgrow the memory,
they and the rest of the file are split into sixteen files by the next four bits. So memory stays
within its limit, however many rows or keys there are, and however many rows have one key.
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
"""Memory that sorting rows takes, as a multiple of their bytes (the rows themselves included)."""

LEAST_ROWS = 256
"""Rows that are held in memory, however little memory is given."""

MOST_BITS = 8
"""Leading bits of the key that name a file at first: at most 256 files."""

SPLIT_BITS = 4
"""Further bits of the key by which a file is split."""


def smallest(rows: Rows) -> Rows:
    """The row of each key with the least `(length, index)`, sorted by key."""
    k0, k1, length, index = rows.T
    rows = rows[np.lexsort((index, length, k1, k0))]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows[1:, :2] != rows[:-1, :2]).any(axis=1)
    return rows[first]


class SmallestPerKey:
    """Takes rows with `add`, then gives the index of the smallest row of each key.

    Args:
        directory: an empty directory for the files.
        expected: number of rows that will come. A wrong number costs time, and changes nothing.
        memory: bytes of memory to stay within (at least 16 KiB).
    """

    def __init__(self, directory: Path, expected: int, memory: int) -> None:
        self._directory = directory
        self._most = max(LEAST_ROWS, memory // (ROW_BYTES * WORKING))
        self._bits = min(MOST_BITS, (-(-expected // self._most) - 1).bit_length())
        self._waiting: list[Rows] = []
        self._count = 0

    def add(self, rows: Rows) -> None:
        """Takes in rows, in any order."""
        for start in range(0, len(rows), self._most):
            part = rows[start : start + self._most]
            if self._count + len(part) > self._most:
                self._flush()
            self._waiting.append(part)
            self._count += len(part)

    def _flush(self) -> None:
        if self._waiting:
            self._spread(smallest(np.concatenate(self._waiting)), self._bits)
        self._waiting, self._count = [], 0

    def _spread(self, rows: Rows, bits: int) -> None:
        """Appends rows, which are sorted by key, to the files of their leading `bits`."""
        leading = rows[:, 0] >> np.uint64(64 - bits) if bits else np.zeros_like(rows[:, 0])
        starts = np.flatnonzero(leading[1:] != leading[:-1]) + 1
        for part, value in zip(np.split(rows, starts), leading[[0, *starts]], strict=True):
            with self._file(bits, int(value)).open("ab") as file:
                file.write(np.ascontiguousarray(part).data)

    def _file(self, bits: int, leading: int) -> Path:
        return self._directory / f"rows-{bits}-{leading:x}"

    def indices(self) -> Iterator[NDArray[np.uint64]]:
        """The indices of the smallest rows, some at a time and in no order; removes the files."""
        self._flush()
        for leading in range(1 << self._bits):
            yield from self._indices_of_file(self._bits, leading)

    def _indices_of_file(self, bits: int, leading: int) -> Iterator[NDArray[np.uint64]]:
        path = self._file(bits, leading)
        if not path.exists():
            return
        best: Rows = np.empty((0, 4), dtype=np.uint64)
        split = False
        for rows in self._pieces(path):
            best = smallest(np.concatenate([best, rows]))
            if split or len(best) > self._most // 2:
                split = True
                self._spread(best, bits + SPLIT_BITS)
                best = best[:0]
        path.unlink()
        if split:
            for low in range(1 << SPLIT_BITS):
                yield from self._indices_of_file(bits + SPLIT_BITS, leading << SPLIT_BITS | low)
        else:
            yield best[:, 3]

    def _pieces(self, path: Path) -> Iterator[Rows]:
        with path.open("rb") as file:
            while piece := file.read(self._most // 2 * ROW_BYTES):
                yield np.frombuffer(piece, dtype=np.uint64).reshape(-1, 4)
