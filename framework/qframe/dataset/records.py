"""Reading: records, batches and hashes, the same for every storage and for no storage at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.gates import Instruction
from qframe.circuits.text_diagram import draw_matrix
from qframe.contracts.closeable import Closes
from qframe.contracts.storage import Header, Reader
from qframe.errors import NotADataset, RecordMissing
from qframe.recipe.columns import Arrays, Block, Schema
from qframe.recipe.recipe import Recipe

if TYPE_CHECKING:
    from qframe.dataset.split import View

BASE = ("lengths", "codes", "unitaries")
"""The columns that every record has, of whatever sampler."""

SHUFFLE_POOL = 16
"""Blocks that `Dataset.batches` mixes with each other when it shuffles."""


@dataclass(frozen=True)
class Record:
    """One circuit and its unitary.

    Attributes:
        index: the record's place in the dataset.
        circuit: instructions in circuit order: the first acts first.
        codes: the same as codes, `(length,)`.
        unitary: `(dim, dim)` complex, C order; qubit 0 is the least significant bit of an index.
        extra: further columns of the record, by name.
    """

    index: int
    circuit: tuple[Instruction, ...]
    codes: NDArray[Any]
    unitary: NDArray[Any]
    extra: Mapping[str, Any]

    @property
    def has_circuit(self) -> bool:
        """False where unitaries alone are stored: `circuit` and `codes` then say so and raise."""
        return True

    def __str__(self) -> str:
        gates = ", ".join(map(str, self.circuit))
        return f"record {self.index:,}: {gates}\n{draw_matrix(self.unitary)}"


@dataclass(frozen=True)
class Batch:
    """Several records as arrays.

    Attributes:
        index: `(n,)` places in the dataset.
        codes: `(n, max_length)`, 0 beyond a circuit's length.
        lengths: `(n,)`.
        unitaries: `(n, dim, dim)`.
        extra: further columns, by name.
    """

    index: NDArray[np.int64]
    codes: NDArray[Any]
    lengths: NDArray[Any]
    unitaries: NDArray[Any]
    extra: Arrays

    def __len__(self) -> int:
        return len(self.index)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All columns by name."""
        own = {"lengths": self.lengths, "codes": self.codes, "unitaries": self.unitaries}
        return {**own, **self.extra}

    @classmethod
    def of(cls, index: NDArray[np.int64], arrays: Arrays) -> Batch:
        """The records `index`, whose columns these are; circuits may be among them or not."""
        extra = {name: array for name, array in arrays.items() if name not in BASE}
        if "codes" not in arrays:
            from qframe.unitaries_only import UnitaryBatch

            return UnitaryBatch(index, arrays["unitaries"], extra)
        return cls(index, arrays["codes"], arrays["lengths"], arrays["unitaries"], extra)

    def part(self, part: slice) -> Batch:
        """Those records, without a copy."""
        return Batch.of(self.index[part], {k: v[part] for k, v in self.arrays().items()})

    def taken(self, order: NDArray[np.intp]) -> Batch:
        """Copies of the records at these places, in this order.

        `take` moves a record as one piece of memory: a quarter of the time of `array[order]`.
        """
        columns = {name: array.take(order, axis=0) for name, array in self.arrays().items()}
        return Batch.of(self.index.take(order), columns)


class Dataset(Closes):
    """Records of one recipe; open one with `qframe.open`.

    `len(ds)`, `ds[5]`, `ds[-1]` give records; `ds[10:20]`, `ds[[3, 1, 4]]` give batches.
    A dataset of which blocks are missing can be opened; reading one of those raises RecordMissing.
    """

    def __init__(self, reader: Reader, source: str) -> None:
        self._reader = reader
        self._source = source
        self._path = Path(source).absolute()
        self._extra = [c.name for c in self.schema if c.name not in BASE]

    @property
    def header(self) -> Header:
        return self._reader.header

    @property
    def recipe(self) -> Recipe:
        return self.header.recipe

    @property
    def schema(self) -> Schema:
        """The columns of the records as they are read."""
        return self._reader.schema

    @property
    def reader(self) -> Reader:
        """The storage's own reader, for the ledger."""
        return self._reader

    def stored(self) -> int:
        """Records that are stored; less than `len` while a run goes on or was interrupted."""
        return min(len(self), sum(run.records for run in self._reader.stored()))

    def __len__(self) -> int:
        return self.header.records

    def __repr__(self) -> str:
        return f"<qframe.Dataset {self._source!r}: {len(self):,} records, {self.recipe.id[:12]}>"

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice | Sequence[int] | NDArray[Any]) -> Batch: ...
    def __getitem__(self, index: int | slice | Sequence[int] | NDArray[Any]) -> Record | Batch:
        if isinstance(index, slice):
            return self._batch(np.arange(*index.indices(len(self))))
        if isinstance(index, int | np.integer):
            return self._record(self._position(int(index)))
        wanted = np.asarray(index)
        if wanted.dtype == bool:
            if wanted.shape != (len(self),):
                raise IndexError(f"mask has shape {wanted.shape}, want ({len(self)},)")
            wanted = np.flatnonzero(wanted)
        if wanted.ndim != 1 or (wanted.size and wanted.dtype.kind not in "iu"):
            raise IndexError(f"index array is {wanted.dtype} {wanted.shape}, want integers (n,)")
        outside = (wanted < -len(self)) | (wanted >= len(self))
        if outside.any():
            raise IndexError(f"index {wanted[outside][0]} is out of range for {len(self)} records")
        wanted = wanted.astype(np.int64)
        return self._batch(np.where(wanted < 0, wanted + len(self), wanted))

    def __iter__(self) -> Iterator[Record]:
        for block in range(self.header.blocks):
            first, count = block * self.recipe.block, self.header.records_in(block)
            arrays = self._read(block, 0, count)
            for i in range(count):
                yield self._as_record(first + i, arrays, i)

    def _position(self, index: int) -> int:
        position = index + len(self) if index < 0 else index
        if not 0 <= position < len(self):
            raise IndexError(f"record {index} of {len(self)}")
        return position

    def _record(self, index: int) -> Record:
        block, i = divmod(index, self.recipe.block)
        return self._as_record(index, self._read(block, i, i + 1), 0)

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
            from qframe.unitaries_only import UnitaryRecord

            return UnitaryRecord(index, arrays["unitaries"][i], extra)
        codes = arrays["codes"][i, : int(arrays["lengths"][i])]
        return Record(
            index=index,
            circuit=self.recipe.instructions.circuit(codes.tolist()),
            codes=codes,
            unitary=arrays["unitaries"][i],
            extra=extra,
        )

    def _batch(self, index: NDArray[np.int64]) -> Batch:
        arrays = {c.name: c.empty(len(index)) for c in self.schema}
        blocks = index // self.recipe.block
        for block in np.unique(blocks):
            here = np.flatnonzero(blocks == block)
            inside = index[here] - block * self.recipe.block
            start, stop = int(inside.min()), int(inside.max()) + 1
            part = self._read(int(block), start, stop)
            for name, array in arrays.items():
                array[here] = part[name][inside - start]
        return Batch.of(index, arrays)

    def batches(self, size: int, shuffle: int | None = None) -> Iterator[Batch]:
        """All records once, in batches of `size` (the last may be smaller).

        Args:
            size: records a batch.
            shuffle: a seed: blocks come in random order, and the records of `SHUFFLE_POOL` blocks
                at a time are mixed. Without it, records come in order.
        """
        return regrouped(self.pools(shuffle), size)

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
        from qframe.dataset.split import Sides, View

        sides = Sides(self, test, by, seed)
        return View(sides, test=False), View(sides, test=True)

    def pools(self, shuffle: int | None) -> Iterator[Batch]:
        """All records once, a block at a time, or with a seed as `batches` mixes them."""
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
            joined = _joined(*pool)
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
        """Pickles as its source: a worker of a data loader opens the dataset anew."""
        from qframe.dataset.open import open as open_dataset

        return partial(open_dataset, self._path), ()

    def close(self) -> None:
        self._reader.close()


def read_problem(header: Header, arrays: Arrays, records: int) -> str | None:
    """What is wrong with records as they were read, whatever their checksum: None if nothing is."""
    found = len(arrays["unitaries"])
    if found != records:
        return f"has {found} of {records} records"
    if "codes" not in arrays:
        return None
    lengths, codes = arrays["lengths"], arrays["codes"]
    top = len(header.recipe.instructions)
    if int(codes.max(initial=0)) >= top:
        return f"holds code {codes.max()}, want 0 to {top - 1}"
    if int(lengths.max(initial=0)) > codes.shape[1]:
        return f"holds length {lengths.max()}, want at most {codes.shape[1]}"
    return None


def regrouped(pools: Iterable[Batch], size: int) -> Iterator[Batch]:
    """The records of `pools` in batches of `size`; the last may be smaller.

    Raises:
        ValueError: for a size below 1.
    """
    if size < 1:
        raise ValueError(f"size is {size}, want 1 or more")
    left: Batch | None = None
    for pool in pools:
        joined = pool if left is None else _joined(left, pool)
        whole = len(joined) - len(joined) % size
        for start in range(0, whole, size):
            yield joined.part(slice(start, start + size))
        left = joined.part(slice(whole, None)) if whole < len(joined) else None
    if left is not None:
        yield left


def _joined(*parts: Batch) -> Batch:
    columns = [part.arrays() for part in parts]
    return Batch.of(
        np.concatenate([part.index for part in parts]),
        {name: np.concatenate([each[name] for each in columns]) for name in columns[0]},
    )
