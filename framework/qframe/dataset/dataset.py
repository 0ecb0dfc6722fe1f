"""Dataset: records of one recipe, the same for every storage and for no storage at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qframe.contracts.closeable import Closes
from qframe.contracts.storage import Reader
from qframe.dataset.records import Batch, Record, Records, UnitaryRecord
from qframe.dataset.split import Sides, View
from qframe.errors import NotADataset, RecordMissing
from qframe.recipe.blocks import Block
from qframe.recipe.columns import Arrays
from qframe.recipe.header import Header, read_problem
from qframe.recipe.schema import Schema

SHUFFLE_POOL = 16
"""Number of blocks that `Dataset.batches` mixes with each other when it shuffles."""


class Dataset(Closes, Records):
    """Records of one recipe. `qframe.open` opens one.

    `len(ds)` is the number of records; `ds[5]` and `ds[-1]` give a record; `ds[10:20]`,
    `ds[[3, 1, 4]]` and `ds[mask]` give a batch. A dataset may lack blocks, because a run goes on
    or was interrupted: reading a record of such a block raises RecordMissing.

    Args:
        reader: reads the blocks.
        source: the file, directory or config, as the user named it.
        reopen: opens the dataset anew, in another process; None if nothing can.
    """

    def __init__(
        self, reader: Reader, source: str, reopen: Callable[[], Dataset] | None = None
    ) -> None:
        self._reader = reader
        self._source = source
        self._reopen = reopen
        self._extra = [column.name for column in self.schema.extra]

    @property
    def header(self) -> Header:
        """Recipe, schema and number of records."""
        return self._reader.header

    @property
    def schema(self) -> Schema:
        """The columns of the records as they are read."""
        return self._reader.schema

    @property
    def reader(self) -> Reader:
        """The storage's own reader, for the ledger."""
        return self._reader

    def stored(self) -> int:
        """Number of records that are stored: less than `len` if the run was not finished."""
        return min(len(self), sum(run.records for run in self._reader.stored()))

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
        """Records of a block, all of them, with codes and lengths that mean something."""
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
            here = np.flatnonzero(blocks == block)
            inside = places[here] - block * self.recipe.block
            start, stop = int(inside.min()), int(inside.max()) + 1
            part = self._read(int(block), start, stop)
            for name, array in arrays.items():
                array[here] = part[name][inside - start]
        return Batch.of(places, arrays)

    def split(
        self, test: float = 0.1, by: Literal["unitary", "record"] = "unitary", seed: int = 0
    ) -> tuple[View, View]:
        """Training and test records: two views that share no unitary, or no record.

        Args:
            test: share of the unitaries (of the records) that are for testing; met on average.
            by: `unitary`: circuits of one unitary, up to a global phase, are all on one side.
            seed: another seed, another split.

        A record's side follows from its key (`qframe.circuits.keys`) and the seed alone: not from
        storage, order or the other records, and a record keeps it when the dataset grows.
        """
        sides = Sides(self, test, by, seed)
        return View(sides, test=False), View(sides, test=True)

    def pools(self, shuffle: int | None) -> Iterator[Batch]:
        """All records once: a block at a time, or with a seed as `batches` mixes them."""
        if shuffle is None:
            for each in range(self.header.blocks):
                yield self._whole(each)
            return
        if self.stored() < len(self):
            raise RecordMissing(f"{self._source}: {self.stored():,} of {len(self):,} are stored")
        blocks = np.arange(self.header.blocks)
        mix = np.random.default_rng(shuffle)
        mix.shuffle(blocks)
        for start in range(0, len(blocks), SHUFFLE_POOL):
            pool = [self._whole(int(block)) for block in blocks[start : start + SHUFFLE_POOL]]
            joined = Batch.joined(pool)
            yield joined.taken(mix.permutation(len(joined)))

    def _whole(self, block: int) -> Batch:
        count = self.header.records_in(block)
        first = block * self.recipe.block
        arrays = self._read(block, 0, count)
        return Batch.of(np.arange(first, first + count), arrays)

    def content_hash(self) -> str:
        """One digest of recipe and records: equal for equal data, wherever and however stored.

        SHA-256 over the recipe id, the number of records, and the SHA-256 of each block. Where
        circuits are not stored, or unitaries rounded, it is the ledger's SHA-256 of a block, proved
        by a second one over what is stored.
        """
        digest = hashlib.sha256(f"{self.recipe.id} {len(self)}\n".encode())
        for index in range(self.header.blocks):
            digest.update(self._checksum(index, self.header.records_in(index)))
        return digest.hexdigest()

    def _checksum(self, block: int, records: int) -> bytes:
        """SHA-256 of a block as the recipe makes it, also where less is stored of it."""
        if self.schema == self.header.schema:
            return Block(block, records, self._read(block, 0, records)).checksum(self.schema)
        proved = self._reader.proved_checksum(block)
        if proved is None or proved[0] != records:
            raise RecordMissing(f"{self._source}: block {block} lacks some of {records} records")
        return proved[1]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles as what opens it anew, so that a data loader's worker has its own reader."""
        if self._reopen is None:
            raise TypeError(f"{self!r} cannot be pickled: open it with qframe.open")
        return self._reopen, ()

    def close(self) -> None:
        """Closes the reader."""
        self._reader.close()
