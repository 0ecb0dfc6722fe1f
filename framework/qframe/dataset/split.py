"""Training and test records of one dataset, apart by unitary or by record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.keys import mixed
from qframe.dataset.keys import DatasetKeys

if TYPE_CHECKING:
    from qframe.dataset.dataset import Batch, Dataset, Record

By = Literal["unitary", "record"]

MASKS = 256
"""Blocks whose sides are kept at hand."""


class Sides:
    """Which side each record is on: a hash of its key (or of its number) and the seed decides.

    Nothing is kept but the number of test records in each block, once a length is asked for.
    """

    def __init__(self, dataset: Dataset, test: float, by: By, seed: int) -> None:
        if not 0 < test < 1:
            raise ValueError(f"test is {test}, want a share between 0 and 1")
        if by not in ("unitary", "record"):
            raise ValueError(f"by is {by!r}, want 'unitary' or 'record'")
        self.dataset = dataset
        self._asked = (dataset, test, by, seed)
        self._below = np.uint64(int(test * 2**64))
        self._seed = mixed(np.array([seed % 2**64], dtype=np.uint64))
        probe = dataset[: dataset.header.records_in(0)] if by == "unitary" else None
        self._keys = None if probe is None else DatasetKeys(dataset.header, probe, 64)
        self.mask = lru_cache(maxsize=MASKS)(self._mask)

    def of(self, batch: Batch) -> NDArray[np.bool_]:
        """`(n,)`: whether records are test records."""
        words = batch.index.astype(np.uint64) if self._keys is None else self._keys.of(batch)[:, 0]
        test: NDArray[np.bool_] = mixed(mixed(words ^ self._seed)) < self._below
        return test

    def _mask(self, block: int) -> NDArray[np.bool_]:
        size = self.dataset.recipe.block
        return self.of(self.dataset[block * size : (block + 1) * size])

    @cached_property
    def test_counts(self) -> NDArray[np.int64]:
        """Test records in each block: reads the whole dataset, once."""
        blocks = range(self.dataset.header.blocks)
        return np.array([np.count_nonzero(self._mask(block)) for block in blocks], dtype=np.int64)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles as the question, without what was counted."""
        return Sides, self._asked


class View:
    """The records of a dataset that are on one side of a split.

    `len(view)`, `view[5]`, `view[-1]`, `view[10:20]`, `view[[3, 1]]`, iteration and `batches` are
    those of a dataset; a record's `index` is its place in the dataset. `len` and indexing look at
    every record once; `batches` needs no such look.
    """

    def __init__(self, sides: Sides, test: bool) -> None:
        self._sides = sides
        self._test = test

    @property
    def dataset(self) -> Dataset:
        """The dataset that is split."""
        return self._sides.dataset

    @cached_property
    def _ends(self) -> NDArray[np.int64]:
        """Records on this side in all blocks up to each one."""
        test = self._sides.test_counts
        blocks = range(len(test))
        whole = np.array([self.dataset.header.records_in(b) for b in blocks], dtype=np.int64)
        return np.cumsum(test if self._test else whole - test)

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __repr__(self) -> str:
        return f"<{'test' if self._test else 'train'} side of {self.dataset!r}>"

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice | Sequence[int] | NDArray[Any]) -> Batch: ...
    def __getitem__(self, index: int | slice | Sequence[int] | NDArray[Any]) -> Record | Batch:
        if isinstance(index, slice):
            return self.dataset[self.indices(np.arange(*index.indices(len(self))))]
        if isinstance(index, int | np.integer):
            return self.dataset[int(self.indices(np.array([index]))[0])]
        return self.dataset[self.indices(np.asarray(index, dtype=np.int64))]

    def indices(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Places in this view as places in the dataset.

        Raises:
            IndexError: for a place that the view does not have.
        """
        outside = (places < -len(self)) | (places >= len(self))
        if outside.any():
            raise IndexError(f"record {places[outside][0]} of {len(self)}")
        places = np.where(places < 0, places + len(self), places)
        blocks = np.searchsorted(self._ends, places, side="right")
        found = np.empty(len(places), dtype=np.int64)
        for block in np.unique(blocks):
            here = np.flatnonzero(blocks == block)
            mine = np.flatnonzero(self._sides.mask(int(block)) == self._test)
            before = int(self._ends[block]) - len(mine)
            found[here] = mine[places[here] - before] + block * self.dataset.recipe.block
        return found

    def __iter__(self) -> Iterator[Record]:
        size = self.dataset.recipe.block
        for block in range(self.dataset.header.blocks):
            mine = np.flatnonzero(self._sides.mask(block) == self._test)
            yield from (self.dataset[int(i)] for i in mine + block * size)

    def batches(self, size: int, shuffle: int | None = None) -> Iterator[Batch]:
        """All records of this side once, in batches of `size`; see `Dataset.batches`."""
        from qframe.dataset.dataset import regrouped

        return regrouped(self._parts(shuffle), size)

    def _parts(self, shuffle: int | None) -> Iterator[Batch]:
        for pool in self.dataset.pools(shuffle):
            yield pool.taken(np.flatnonzero(self._sides.of(pool) == self._test))
