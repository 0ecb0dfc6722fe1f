"""DistinctKeys: counts distinct keys, such as those of unitaries, in bounded memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.keys import hash_rows


def circuit_hashes(codes: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.uint64]:
    """Keys of circuits, `(n,)`: equal for equal circuits.

    Args:
        codes: `(n, max_length)`; 0 beyond a circuit's length.
        lengths: `(n,)`.
    """
    return hash_rows(np.column_stack([lengths, codes]).astype(np.int64), 64)[:, 0]


class DistinctKeys:
    """A counter of distinct keys, and of how often each came, in bounded memory.

    It is exact up to `limit` keys. Beyond, it keeps only keys below a bound, and halves the bound
    whenever there are too many. Keys are hashes and spread evenly, so what is kept is a fair
    sample, and `distinct` is right to about `1 / sqrt(limit / 2)`.

    Args:
        limit: largest number of keys that are kept.
    """

    def __init__(self, limit: int = 1 << 20) -> None:
        self._limit = limit
        self._keys = np.empty(0, dtype=np.uint64)
        self._counts = np.empty(0, dtype=np.int64)
        self._level = 0
        self._waiting: list[NDArray[np.uint64]] = []

    def add(self, keys: NDArray[np.uint64]) -> None:
        """Counts keys, `(n,)`."""
        self._waiting.append(keys[keys <= self._bound])
        if sum(map(len, self._waiting)) > self._limit:
            self._merge()

    @property
    def level(self) -> int:
        """How often the bound was halved; 0 if all keys are kept, and `distinct` is exact."""
        self._merge()
        return self._level

    @property
    def distinct(self) -> int:
        """Number of distinct keys; an estimate if `level` is not 0."""
        self._merge()
        return len(self._keys) << self._level

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each key that is kept came, in no particular order."""
        self._merge()
        return self._counts

    @property
    def _bound(self) -> np.uint64:
        return np.uint64(2 ** (64 - self._level) - 1)

    def _merge(self) -> None:
        if not self._waiting:
            return
        keys, place = np.unique(np.concatenate([self._keys, *self._waiting]), return_inverse=True)
        counts = np.bincount(place[len(self._keys) :], minlength=len(keys)).astype(np.int64)
        counts[place[: len(self._keys)]] += self._counts
        self._waiting = []
        while len(keys) > self._limit:
            self._level += 1
            kept = int(np.searchsorted(keys, self._bound, side="right"))
            keys, counts = keys[:kept], counts[:kept]
        self._keys, self._counts = keys, counts
