"""Dataset: the records of one recipe, read from any storage or made on demand."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, nullcontext
from threading import RLock
from typing import Any, Literal

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from qframe.contracts.closeable import Closeable
from qframe.contracts.storage import Reader
from qframe.dataset.records import Batch, Record, Records, Shuffle, UnitaryRecord
from qframe.dataset.shared_reader import SharedReader
from qframe.dataset.split import Sides, View
from qframe.errors import NotADataset, RecordMissing
from qframe.integers import checked_integer
from qframe.recipe.columns import Arrays
from qframe.recipe.header import Header, read_problem
from qframe.recipe.schema import Schema

SHUFFLE_POOL = 16
"""Number of blocks whose records a shuffle mixes with each other."""


class Dataset(Closeable, Records):
    """The records of one recipe. `qframe.open` opens a dataset.

    `len(ds)` is the number of records. `ds[5]` and `ds[-1]` give a `Record`. `ds[10:20]`,
    `ds[[3, 1, 4]]` and `ds[mask]` give a `Batch`. A dataset may lack blocks, because a run goes on
    or was interrupted. Reading a record of such a block raises RecordMissing.

    Any number of threads may read a dataset at the same time, and so may the processes that a fork
    makes. A dataset pickles as what it was opened from, overrides included. So each worker of a
    data loader opens its own.

    Args:
        reader: reads the blocks.
        source: name of the file, directory or config, for messages.
        reopen: opens the dataset anew in another process; None if that is not possible.
    """

    def __init__(
        self, reader: Reader, source: str, reopen: Callable[[], Dataset] | None = None
    ) -> None:
        self._reader = reader
        # Any number of threads may read. A storage's own reader serves one of them at a time.
        self._lock = nullcontext() if isinstance(reader, SharedReader) else RLock()
        self._source = source
        self._reopen = reopen
        self._complete = False  # not known to be
        self._extra = [column.name for column in self.schema.extra]

    @property
    def header(self) -> Header:
        """Recipe, schema and number of records."""
        return self._reader.header

    @property
    def schema(self) -> Schema:
        """The columns of the records as they are read: the header's, or fewer."""
        return self._reader.schema

    @property
    def reader(self) -> Reader:
        """The storage's own reader, for the ledger."""
        return self._reader

    def stored(self) -> int:
        """Number of records that are stored: less than `len` if the run was not finished."""
        with self._lock:
            return min(len(self), self._reader.stored_records())

    def __len__(self) -> int:
        return self.header.records

    def __repr__(self) -> str:
        return f"<qframe.Dataset {self._source!r}: {len(self):,} records, {self.recipe.id[:12]}>"

    def __iter__(self) -> Iterator[Record]:
        for block in range(self.header.blocks):
            first, count = block * self.recipe.block, self.header.records_in(block)
            arrays = self._read(block, 0, count)
            for i in range(count):
                yield self._as_record(first + i, arrays, i)

    def _record_at(self, place: int) -> Record:
        block, i = divmod(place, self.recipe.block)
        return self._as_record(place, self._read(block, i, i + 1), 0)

    def _read(self, block: int, start: int, stop: int) -> Arrays:
        """Records `start:stop` of a block, with codes and lengths in range.

        Raises:
            RecordMissing: if one of them is not stored.
            NotADataset: if a code or a length is out of range.
        """
        with self._lock:
            arrays = self._reader.read(block, start, stop)
        problem = read_problem(self.header, arrays, stop - start)
        if problem is not None:
            missing = len(arrays["unitaries"]) < stop - start
            kind = RecordMissing if missing else NotADataset
            raise kind(f"{self._source}: block {block} {problem}")
        return arrays

    def _as_record(self, index: int, arrays: Arrays, i: int) -> Record:
        extra = {name: arrays[name][i] for name in self._extra}
        if "codes" not in arrays:
            return UnitaryRecord(index, arrays["unitaries"][i], extra)
        codes = arrays["codes"][i, : int(arrays["lengths"][i])]
        return Record(
            index=index,
            circuit=self.recipe.instructions.circuit(codes.tolist()),
            codes=codes,
            unitary=arrays["unitaries"][i],
            extra=extra,
        )

    def _batch_at(self, places: NDArray[np.int64]) -> Batch:
        arrays = {c.name: c.empty(len(places)) for c in self.schema}
        blocks = places // self.recipe.block
        for block in np.unique(blocks):
            rows = np.flatnonzero(blocks == block)
            inside = places[rows] - block * self.recipe.block
            start, stop = int(inside.min()), int(inside.max()) + 1
            part = self._read(int(block), start, stop)
            for name, array in arrays.items():
                array[rows] = part[name][inside - start]
        return Batch.from_columns(places, arrays)

    def split(
        self, test: float = 0.1, by: Literal["unitary", "record"] = "unitary", seed: int = 0
    ) -> tuple[View, View]:
        """Two views: the training records and the test records, which share no unitary by default.

        The side of a record follows from its key (`qframe.circuits.keys`) and the seed alone. It
        does not depend on the order or the other records, and stays when the dataset grows.

        Args:
            test: share of the unitaries (or records) that are for testing. It is met on average.
            by: `unitary`: circuits of one unitary, up to a global phase, are all on one side.
                `record`: the side follows from the record's number in place of its key.
            seed: seed of the split.

        Raises:
            TypeError: if the seed is no integer, such as True.
            ValueError: if `test` is not between 0 and 1, or `by` is unknown.
            StorageError: if the records have no keys: see `DatasetKeys`.
        """
        sides = Sides(self, test, by, checked_integer(seed, "seed"))
        return View(sides, test=False), View(sides, test=True)

    def pools(self, shuffle: Shuffle, *, stored_only: bool = False) -> Iterator[Batch]:
        """All records once: a block at a time, or mixed by a seed as `batches` says."""
        blocks, cut = self._blocks(stored_only=stored_only)
        if shuffle is None:
            for block in blocks:
                yield self._whole(int(block), cut.get(int(block)))
            return
        mix = np.random.default_rng(shuffle)
        mix.shuffle(blocks)
        for start in range(0, len(blocks), SHUFFLE_POOL):
            pool = [
                self._whole(int(b), cut.get(int(b))) for b in blocks[start : start + SHUFFLE_POOL]
            ]
            joined = Batch.joined(pool)
            yield joined.taken(mix.permutation(len(joined)))

    def _blocks(self, *, stored_only: bool) -> tuple[NDArray[np.int64], dict[int, int]]:
        """The blocks to read, in order, and how many records are stored of those that are cut."""
        count = len(self) if self._complete else self.stored()
        self._complete = count == len(self)  # as it stays: records are only added
        if self._complete:
            return np.arange(self.header.blocks), {}
        if not stored_only:
            raise RecordMissing(
                f"{self._source}: {count:,} of {len(self):,} records are stored",
                hint="`qframe run` with its config finishes it; or read with stored_only=True",
            )
        with self._lock:
            stored = list(self._reader.stored())
        blocks = [block for run in stored for block in range(run.first, run.last + 1)]
        cut = {run.last: run.records for run in stored if run.first == run.last}
        return np.array(blocks, dtype=np.int64), cut

    def _whole(self, block: int, count: int | None = None) -> Batch:
        """The records of a block, or its first `count`."""
        if count is None:
            count = self.header.records_in(block)
        first = block * self.recipe.block
        arrays = self._read(block, 0, count)
        return Batch.from_columns(np.arange(first, first + count), arrays)

    def content_hash(self) -> str:
        """A digest of recipe and records: equal for equal data, wherever and however stored.

        It is the BLAKE3-256 over the recipe id, the number of records, and each block's digest of
        what was drawn, from which all else follows. Each block is read and proved.

        Raises:
            RecordMissing: if a record is not stored.
            NotADataset: if a block is not what the ledger says.
        """
        digest = blake3(f"{self.recipe.id} {len(self)}\n".encode())
        with self._lock, closing(self._drawn()) as rows:
            for block in range(self.header.blocks):
                wanted = block, self.header.records_in(block)
                found = next(rows, None)
                if found is None or found[:2] != wanted:
                    raise RecordMissing(
                        f"{self._source}: block {block} lacks some of {wanted[1]} records"
                    )
                digest.update(found[2])
        return digest.hexdigest()

    def _drawn(self) -> Generator[tuple[int, int, bytes]]:
        yield from self._reader.drawn_digests()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles as what opens the dataset anew, so that each process has its own reader."""
        if self._reopen is None:
            raise TypeError(f"{self!r} cannot be pickled: open it with qframe.open")
        return self._reopen, ()

    def close(self) -> None:
        """Closes the reader."""
        self._reader.close()
