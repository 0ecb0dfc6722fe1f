"""Split of a dataset into training and test records, by unitary or by record."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.keys import splitmix64
from qframe.dataset.keys import DatasetKeys
from qframe.dataset.records import Batch, Record, Records
from qframe.recipe.header import Header

By = Literal["unitary", "record"]

MASKS = 256
"""Number of blocks whose sides are kept in memory."""


class Sides:
    """The side of each record of a dataset: a hash of its key (or its number) and the seed.

    It keeps only the number of test records of each block, and only once `len` is asked for.

    Raises:
        ValueError: for a share that is not between 0 and 1, or an unknown `by`.
    """

    def __init__(self, dataset: Records, test: float, by: By, seed: int) -> None:
        if not 0 < test < 1:
            raise ValueError(f"test is {test}, want a share between 0 and 1")
        if by not in ("unitary", "record"):
            raise ValueError(f"by is {by!r}, want 'unitary' or 'record'")
        self.dataset = dataset
        self._asked = (dataset, test, by, seed)
        self._below = np.uint64(int(test * 2**64))
        self._seed = splitmix64(np.array([seed % 2**64], dtype=np.uint64))
        probe = dataset[: dataset.header.records_in(0)] if by == "unitary" else None
        self._keys = None if probe is None else DatasetKeys(dataset.header, probe, 64)
        self.mask = lru_cache(maxsize=MASKS)(self._mask)

    def of(self, batch: Batch) -> NDArray[np.bool_]:
        """Whether each record of a batch is a test record, `(n,)`."""
        words = batch.index.astype(np.uint64) if self._keys is None else self._keys.of(batch)[:, 0]
        test: NDArray[np.bool_] = splitmix64(splitmix64(words ^ self._seed)) < self._below
        return test

    def _mask(self, block: int) -> NDArray[np.bool_]:
        size = self.dataset.recipe.block
        return self.of(self.dataset[block * size : (block + 1) * size])

    @cached_property
    def test_counts(self) -> NDArray[np.int64]:
        """Number of test records of each block. Reads the whole dataset, once."""
        blocks = range(self.dataset.header.blocks)
        return np.array([np.count_nonzero(self._mask(block)) for block in blocks], dtype=np.int64)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles as the arguments, without what was counted."""
        return Sides, self._asked


class View(Records):
    """The records of a dataset that are on one side of a split.

    It is used as a dataset is: `len(view)`, `view[5]`, `view[10:20]`, `view[[3, 1]]`,
    `view[mask]`, iteration and `batches`. The `index` of a record is its place in the dataset.
    The first `len` or index reads every record once; `batches` needs no such pass.
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
        """Number of records on this side in all blocks up to each one."""
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
        """Places in this view as places in the dataset."""
        blocks = np.searchsorted(self._ends, places, side="right")
        found = np.empty(len(places), dtype=np.int64)
        for block in np.unique(blocks):
            here = np.flatnonzero(blocks == block)
            mine = np.flatnonzero(self._sides.mask(int(block)) == self._test)
            before = int(self._ends[block]) - len(mine)
            found[here] = mine[places[here] - before] + block * self.recipe.block
        return found

    def __iter__(self) -> Iterator[Record]:
        for block in range(self.header.blocks):
            mine = np.flatnonzero(self._sides.mask(block) == self._test)
            yield from (self.dataset[int(i)] for i in mine + block * self.recipe.block)

    def pools(self, shuffle: int | None) -> Iterator[Batch]:
        """All records of this side once: a block at a time, or with a seed as `batches` does."""
        for pool in self.dataset.pools(shuffle):
            yield pool.taken(np.flatnonzero(self._sides.of(pool) == self._test))
