"""Which unitaries are the same up to a global phase: 64-bit keys, and a bounded count of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.gate_analysis import CELL, Matrices, without_phase

SINGLE_CELL = 1e-4
"""Width of the cells for complex64, whose entries are right to 1e-7."""

_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


def unitary_keys(unitaries: Matrices) -> NDArray[np.uint64]:
    """A key for each of `(n, d, d)`: equal, to a tolerance, for those that agree up to phase.

    The phase is taken out (`qframe.gate_analysis.without_phase`), entries are rounded to cells of
    `CELL` (complex64: `SINGLE_CELL`), and the cells are hashed to 64 bits. Unitaries that differ by
    less than a cell may count as one. Rounding errors tear one unitary in two where an entry lies
    at the border of a cell: about 1e-6 of them for complex128, half a percent for complex64. Two
    keys of a million are equal by accident with probability 3e-8.
    """
    cell = SINGLE_CELL if unitaries.dtype == np.complex64 else CELL
    entries = np.ascontiguousarray(without_phase(unitaries.astype(np.complex128)))
    parts = entries.view(np.float64).reshape(len(unitaries), -1)
    # Shifted, so that usual numbers lie far from the borders.
    cells = np.floor(parts / cell + 0.314159).astype(np.int64).view(np.uint64)
    return _hashed(cells)


def circuit_keys(codes: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.uint64]:
    """A key for each circuit of `(n, max_length)` codes: equal for equal circuits."""
    return _hashed(np.column_stack([lengths, codes]))


def _hashed(rows: NDArray[Any]) -> NDArray[np.uint64]:
    """64 bits for each row of `(n, k)` integers; the same everywhere."""
    key = np.zeros(len(rows), dtype=np.uint64)
    for column in rows.T:
        key ^= column.astype(np.uint64)
        key *= _ODD
        key ^= key >> _SHIFT
    key *= _ODD
    key ^= key >> _SHIFT
    return key


class DistinctKeys:
    """Counts distinct keys, and how often each came, in bounded memory.

    Exact up to `limit` keys. Beyond, only keys below a bound are kept, which is halved whenever
    there are too many: of keys that are spread evenly (hashes) these are a fair sample, and
    `distinct` is right to about `1 / sqrt(limit / 2)`.

    Attributes:
        level: how often the bound was halved; 0: all keys are kept.
    """

    def __init__(self, limit: int = 1 << 20) -> None:
        self._limit = limit
        self._keys = np.empty(0, dtype=np.uint64)
        self._counts = np.empty(0, dtype=np.int64)
        self.level = 0
        self._waiting: list[NDArray[np.uint64]] = []

    def add(self, keys: NDArray[np.uint64]) -> None:
        self._waiting.append(keys[keys <= self._bound])
        if sum(map(len, self._waiting)) > self._limit:
            self._merge()

    @property
    def distinct(self) -> int:
        """How many keys there are; an estimate where `level` is not 0."""
        self._merge()
        return len(self._keys) << self.level

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each kept key came, in no order that means anything."""
        self._merge()
        return self._counts

    @property
    def _bound(self) -> np.uint64:
        return np.uint64(2 ** (64 - self.level) - 1)

    def _merge(self) -> None:
        if not self._waiting:
            return
        keys, place = np.unique(np.concatenate([self._keys, *self._waiting]), return_inverse=True)
        counts = np.bincount(place[len(self._keys) :], minlength=len(keys)).astype(np.int64)
        counts[place[: len(self._keys)]] += self._counts
        self._waiting = []
        while len(keys) > self._limit:
            self.level += 1
            kept = int(np.searchsorted(keys, self._bound, side="right"))
            keys, counts = keys[:kept], counts[:kept]
        self._keys, self._counts = keys, counts
