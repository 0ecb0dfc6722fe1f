"""Record, Batch and Records: one record, several as arrays, and a collection of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, overload

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.instructions import Instruction
from qframe.circuits.text_diagram import draw_matrix
from qframe.errors import RecordMissing
from qframe.integers import checked_integer
from qframe.recipe.columns import Arrays
from qframe.recipe.header import Header
from qframe.recipe.recipe import Recipe
from qframe.recipe.schema import BASE

Index = int | np.integer[Any] | slice | Sequence[int] | NDArray[Any]
"""What a collection of records is indexed with: a number, a slice, numbers, or a boolean mask."""

Shuffle = int | tuple[int, ...] | None
"""Seed of an order of records: integers from 0; None for the order of the records."""


@dataclass(frozen=True)
class Record:
    """One circuit and its unitary.

    Attributes:
        index: place of the record in the dataset, from 0.
        circuit: the instructions in circuit order: the first acts first.
        codes: the codes of the circuit, `(length,)`.
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
        """Whether the circuit is known. If not, `circuit` and `codes` raise RecordMissing."""
        return True

    def __str__(self) -> str:
        gates = ", ".join(map(str, self.circuit))
        return f"record {self.index:,}: {gates}\n{draw_matrix(self.unitary)}"


@dataclass(frozen=True)
class Batch:
    """Several records as arrays. `len(batch)` is their number.

    Attributes:
        index: places of the records in the dataset, `(n,)`, from 0.
        codes: codes in circuit order, `(n, max_length)`; 0 beyond a circuit's length.
        lengths: number of gates of each circuit, `(n,)`.
        unitaries: `(n, dim, dim)` complex.
        extra: further columns of the records, by name.
    """

    index: NDArray[np.int64]
    codes: NDArray[Any]
    lengths: NDArray[Any]
    unitaries: NDArray[Any]
    extra: Arrays

    def __len__(self) -> int:
        return len(self.index)

    @property
    def has_circuits(self) -> bool:
        """Whether circuits are known. If not, `codes` and `lengths` raise RecordMissing."""
        return True

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All columns of the records by name."""
        base = {"lengths": self.lengths, "codes": self.codes, "unitaries": self.unitaries}
        return {**base, **self.extra}

    @classmethod
    def from_columns(cls, index: NDArray[np.int64], arrays: Arrays) -> Batch:
        """A batch of records, which is a `UnitaryBatch` if there are no circuits.

        Args:
            index: places of the records in the dataset, `(n,)`.
            arrays: the columns by name.
        """
        extra = {name: array for name, array in arrays.items() if name not in BASE}
        if "codes" not in arrays:
            return UnitaryBatch(index, arrays["unitaries"], extra)
        return cls(index, arrays["codes"], arrays["lengths"], arrays["unitaries"], extra)

    def part(self, part: slice) -> Batch:
        """The records of a slice of the batch, without a copy."""
        return Batch.from_columns(self.index[part], {k: v[part] for k, v in self.arrays().items()})

    def taken(self, order: NDArray[np.intp]) -> Batch:
        """Copies of the records at the places `order` of the batch, in this order.

        `take` copies a record as one piece of memory: a quarter of the time of `array[order]`.
        """
        columns = {name: array.take(order, axis=0) for name, array in self.arrays().items()}
        return Batch.from_columns(self.index.take(order), columns)

    @staticmethod
    def joined(batches: Sequence[Batch]) -> Batch:
        """The records of several batches, one after the other, as one batch."""
        columns = [batch.arrays() for batch in batches]
        return Batch.from_columns(
            np.concatenate([batch.index for batch in batches]),
            {name: np.concatenate([arrays[name] for arrays in columns]) for name in columns[0]},
        )


class UnitaryRecord(Record):
    """A record whose circuit is not stored. `circuit` and `codes` raise RecordMissing."""

    def __init__(self, index: int, unitary: NDArray[Any], extra: dict[str, Any]) -> None:
        vars(self).update(index=index, unitary=unitary, extra=extra)

    @property
    def has_circuit(self) -> bool:
        return False

    @property
    def circuit(self) -> tuple[Instruction, ...]:
        _not_stored("circuit")

    @property
    def codes(self) -> NDArray[Any]:
        _not_stored("codes")

    def __str__(self) -> str:
        return f"record {self.index:,}: circuit not stored\n{draw_matrix(self.unitary)}"

    __repr__ = __str__


class UnitaryBatch(Batch):
    """Records whose circuits are not stored. `codes` and `lengths` raise RecordMissing."""

    def __init__(self, index: NDArray[np.int64], unitaries: NDArray[Any], extra: Arrays) -> None:
        vars(self).update(index=index, unitaries=unitaries, extra=extra)

    @property
    def has_circuits(self) -> bool:
        return False

    @property
    def codes(self) -> NDArray[Any]:
        _not_stored("codes")

    @property
    def lengths(self) -> NDArray[Any]:
        _not_stored("lengths")

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"unitaries": self.unitaries, **self.extra}

    def __repr__(self) -> str:
        return f"UnitaryBatch({len(self)} unitaries, circuits not stored)"


def _not_stored(what: str) -> NoReturn:
    raise RecordMissing(
        f"{what}: this dataset holds unitaries only, circuits were not stored (circuit: false)",
        hint="qframe.open(CONFIG), with the dataset's config, computes them",
    )


class Records(ABC):
    """A collection of records: a dataset, or one side of a split.

    `len(records)` is their number. `records[5]` and `records[-1]` give a `Record`.
    `records[10:20]`, `records[[3, 1, 4]]` and `records[mask]` give a `Batch`; the mask is a
    boolean array with one entry per record. Iterating gives every record in order.

    Indexing raises IndexError for a number outside, a mask of another length, and what is no index.
    """

    @property
    @abstractmethod
    def header(self) -> Header:
        """Header of the dataset that the records belong to."""

    @property
    def recipe(self) -> Recipe:
        """Recipe of the records."""
        return self.header.recipe

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __iter__(self) -> Iterator[Record]: ...

    @abstractmethod
    def pools(self, shuffle: Shuffle, *, stored_only: bool = False) -> Iterator[Batch]:
        """All records once, in batches of any size.

        Args:
            shuffle: seed of the order, as for `batches`; None for the order of the records.
            stored_only: whether the records of an unfinished dataset that are stored will do.

        Raises:
            RecordMissing: the dataset is not complete, and `stored_only` is False.
        """

    @abstractmethod
    def _record_at(self, place: int) -> Record:
        """The record at a place from 0 to `len(self) - 1`."""

    @abstractmethod
    def _batch_at(self, places: NDArray[np.int64]) -> Batch:
        """The records at places from 0 to `len(self) - 1`, `(n,)`."""

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> Record: ...
    @overload
    def __getitem__(self, index: slice | Sequence[int] | NDArray[Any]) -> Batch: ...
    def __getitem__(self, index: Index) -> Record | Batch:
        if isinstance(index, slice):
            return self._batch_at(np.arange(*_bounds(index).indices(len(self))))
        if getattr(index, "ndim", 0) == 0 and hasattr(index, "__index__"):
            return self._record_at(_place(_integer(index), len(self)))
        return self._batch_at(_places(index, len(self)))

    def batches(
        self, size: int, shuffle: Shuffle = None, *, stored_only: bool = False
    ) -> Iterator[Batch]:
        """All records once, in batches of `size`; the last may be smaller.

        Args:
            size: number of records per batch.
            shuffle: seed of the order: an integer from 0, or several, such as `(seed, epoch)`.
                Blocks come in random order, and the records of 16 blocks at a time are mixed. If it
                is None, records come in order.
            stored_only: whether the records of an unfinished dataset that are stored will do.

        Raises:
            RecordMissing: the dataset is not complete, and `stored_only` is False.
            TypeError: for a size or a seed that is no integer, such as True.
            ValueError: for a size below 1 or a seed below 0.
        """
        size = checked_integer(size, "size", least=1)
        return regrouped(self.pools(_seed(shuffle), stored_only=stored_only), size)


def _seed(shuffle: Any) -> Shuffle:
    """The seed that a caller of `batches` gave, as Python integers.

    Raises:
        TypeError: if it is neither None nor integers; True and False are none.
        ValueError: if one is below 0.
    """
    if shuffle is None:
        return None
    if isinstance(shuffle, bool | np.bool_):
        raise TypeError(
            f"shuffle is {shuffle}, want a seed, such as shuffle=1, or None for no shuffling"
        )
    if isinstance(shuffle, Sequence) and not isinstance(shuffle, str | bytes):
        return tuple(checked_integer(part, "shuffle", least=0) for part in shuffle)
    return checked_integer(shuffle, "shuffle", least=0)


def _integer(index: Any, what: str = "index") -> int:
    try:
        return checked_integer(index, what)
    except TypeError as cause:
        raise IndexError(str(cause)) from None


def _bounds(index: slice) -> slice:
    """The slice with Python integers.

    Raises:
        IndexError: if a bound is neither None nor an integer.
    """
    start, stop, step = (
        None if bound is None else _integer(bound, "slice bound")
        for bound in (index.start, index.stop, index.step)
    )
    return slice(start, stop, step)


def _place(index: int, count: int) -> int:
    place = index + count if index < 0 else index
    if not 0 <= place < count:
        raise IndexError(f"record {index} of {count}")
    return place


def _places(index: Any, count: int) -> NDArray[np.int64]:
    """The places from 0 to `count - 1` that an array of integers or a boolean mask names."""
    wanted = np.asarray(index)
    if wanted.dtype != bool and isinstance(index, Sequence):
        for entry in index:  # NumPy takes True among integers for 1
            if isinstance(entry, bool | np.bool_):
                raise IndexError(f"index array mixes {entry} with integers")
    if wanted.dtype == bool:
        if wanted.shape != (count,):
            raise IndexError(f"mask has shape {wanted.shape}, want ({count},)")
        wanted = np.flatnonzero(wanted)
    if wanted.ndim != 1 or (wanted.size and wanted.dtype.kind not in "iu"):
        raise IndexError(f"index array is {wanted.dtype} {wanted.shape}, want integers (n,)")
    outside = (wanted < -count) | (wanted >= count)
    if outside.any():
        raise IndexError(f"index {wanted[outside][0]} is out of range for {count} records")
    wanted = wanted.astype(np.int64)
    return np.where(wanted < 0, wanted + count, wanted)


def regrouped(pools: Iterable[Batch], size: int) -> Iterator[Batch]:
    """The records of `pools` in batches of `size`, 1 or more; the last may be smaller."""
    rest: Batch | None = None
    for pool in pools:
        joined = pool if rest is None else Batch.joined([rest, pool])
        whole = len(joined) - len(joined) % size
        for start in range(0, whole, size):
            yield joined.part(slice(start, start + size))
        rest = joined.part(slice(whole, None)) if whole < len(joined) else None
    if rest is not None:
        yield rest
