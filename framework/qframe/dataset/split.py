"""Split of a dataset into two views: training and test records, by unitary or by record."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.keys import splitmix64
from qframe.dataset.keys import DatasetKeys
from qframe.dataset.records import Batch, Record, Records, Shuffle
from qframe.recipe.header import Header

By = Literal["unitary", "record"]

KEPT_BLOCKS = 256
"""Number of blocks of which the sides of all records are kept in memory."""


class Sides:
    """The side of each record of a dataset, from a hash of its key (or its number) and a seed.

    Args:
        dataset: the dataset that is split.
        test: share of the records (or unitaries) on the test side.
        by: `unitary` to hash keys, `record` to hash numbers.
        seed: seed of the hash.

    Raises:
        ValueError: if `test` is not between 0 and 1, or `by` is unknown.
        StorageError: if `by` is `unitary` and the records have no keys: see `DatasetKeys`.
    """

    def __init__(self, dataset: Records, test: float, by: By, seed: int) -> None:
        if not 0 < test < 1:
            raise ValueError(f"test is {test}, want a share between 0 and 1")
        if by not in ("unitary", "record"):
            raise ValueError(f"by is {by!r}, want 'unitary' or 'record'")
        self.dataset = dataset
        self._arguments = (dataset, test, by, seed)
        self._threshold = np.uint64(int(test * 2**64))
        self._seed = splitmix64(np.array([seed % 2**64], dtype=np.uint64))
        probe = dataset[: dataset.header.records_in(0)] if by == "unitary" else None
        self._keys = None if probe is None else DatasetKeys(dataset.header, probe, 64)
        self.mask = lru_cache(maxsize=KEPT_BLOCKS)(self._mask)

    def is_test(self, batch: Batch) -> NDArray[np.bool_]:
        """Whether each record of a batch is a test record, `(n,)`."""
        words = batch.index.astype(np.uint64) if self._keys is None else self._keys.of(batch)[:, 0]
        test: NDArray[np.bool_] = splitmix64(splitmix64(words ^ self._seed)) < self._threshold
        return test

    def _mask(self, block: int) -> NDArray[np.bool_]:
        """Whether each record of a block is a test record."""
        size = self.dataset.recipe.block
        return self.is_test(self.dataset[block * size : (block + 1) * size])

    @cached_property
    def test_counts(self) -> NDArray[np.int64]:
        """Number of test records of each block. The first use reads the whole dataset."""
        blocks = range(self.dataset.header.blocks)
        return np.array([np.count_nonzero(self._mask(block)) for block in blocks], dtype=np.int64)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles as the arguments, without the counts."""
        return Sides, self._arguments


class View(Records):
    """The records on one side of a split. `Dataset.split` makes both sides.

    A view is used like a dataset: `len(view)`, `view[5]`, `view[10:20]`, `view[[3, 1]]`,
    `view[mask]`, iteration and `batches`. The `index` of a record is its place in the dataset.
    The first `len` or index reads every record of the dataset once; `batches` does not.
    """

    def __init__(self, sides: Sides, test: bool) -> None:
        self._sides = sides
        self._test = test

    @property
    def dataset(self) -> Records:
        """The dataset that is split."""
        return self._sides.dataset

    @property
    def header(self) -> Header:
        """Recipe, schema and number of records of the dataset that is split."""
        return self.dataset.header

    @cached_property
    def _ends(self) -> NDArray[np.int64]:
        """For each block the number of this side's records in it and all blocks before it."""
        test = self._sides.test_counts
        blocks = range(len(test))
        whole = np.array([self.header.records_in(b) for b in blocks], dtype=np.int64)
        return np.cumsum(test if self._test else whole - test)

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __repr__(self) -> str:
        return f"<{'test' if self._test else 'train'} side of {self.dataset!r}>"

    def _record_at(self, place: int) -> Record:
        return self.dataset[int(self._in_dataset(np.array([place]))[0])]

    def _batch_at(self, places: NDArray[np.int64]) -> Batch:
        return self.dataset[self._in_dataset(places)]

    def _in_dataset(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Places in the dataset of the records at `places` in this view."""
        blocks = np.searchsorted(self._ends, places, side="right")
        in_dataset = np.empty(len(places), dtype=np.int64)
        for block in np.unique(blocks):
            rows = np.flatnonzero(blocks == block)
            inside = self._inside(int(block))
            before = int(self._ends[block]) - len(inside)
            in_dataset[rows] = inside[places[rows] - before] + block * self.recipe.block
        return in_dataset

    def _inside(self, block: int) -> NDArray[np.intp]:
        """Places within a block of this side's records."""
        return np.flatnonzero(self._sides.mask(block) == self._test)

    def __iter__(self) -> Iterator[Record]:
        for block in range(self.header.blocks):
            first = block * self.recipe.block
            yield from (self.dataset[first + int(i)] for i in self._inside(block))

    def pools(self, shuffle: Shuffle, *, stored_only: bool = False) -> Iterator[Batch]:
        """All records of this side once: a block at a time, or mixed by a seed."""
        for pool in self.dataset.pools(shuffle, stored_only=stored_only):
            yield pool.taken(np.flatnonzero(self._sides.is_test(pool) == self._test))
