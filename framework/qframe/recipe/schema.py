"""What a record consists of: named columns of fixed width, and blocks of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.gates import InstructionSet

Arrays = Mapping[str, NDArray[Any]]
"""One array a column, all of the same length in the first axis."""


@dataclass(frozen=True)
class Column:
    """One fixed-width quantity of a record.

    `dtype` is NumPy's little-endian name (`|u1`, `<u2`, `<c16`), `shape` that of one record's
    entry, `()` for a scalar.
    """

    name: str
    dtype: str
    shape: tuple[int, ...] = ()

    @cached_property
    def width(self) -> int:
        """Bytes a record."""
        return np.dtype(self.dtype).itemsize * prod(self.shape)

    def empty(self, records: int) -> NDArray[Any]:
        return np.empty((records, *self.shape), dtype=self.dtype)

    def from_bytes(self, data: bytes | memoryview) -> NDArray[Any]:
        """The records in `data`, `(records, *shape)`, read-only, without a copy."""
        return np.frombuffer(data, dtype=self.dtype).reshape(-1, *self.shape)


SOURCE = Column("source", "<u8")
"""In a derived dataset: where a record stands in the one that it was chosen from."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
_DTYPE = re.compile(r"\|[biu]1|<[iuf][248]|<c(8|16)|\|S[1-9][0-9]{0,3}")
MAX_EXTENT = 1 << 20
"""Entries of a column in one record."""

Schema = tuple[Column, ...]


def schema_of(
    instructions: InstructionSet, max_length: int, dtype: str, extra: Sequence[Column] = ()
) -> Schema:
    """The columns of a dataset.

    `lengths` (gates in the circuit), `codes` (circuit order, padded with 0 to `max_length`),
    `unitaries` (`(dim, dim)`, C order), then what the sampler adds.
    """
    length_type = "|u1" if max_length < 256 else "<u2"
    return (
        Column("lengths", length_type),
        Column("codes", instructions.code_dtype.str, (max_length,)),
        Column(
            "unitaries", np.dtype(dtype).newbyteorder("<").str, (instructions.dim, instructions.dim)
        ),
        *extra,
    )


def schema_to_data(schema: Schema) -> list[dict[str, Any]]:
    """Plain data that `schema_from_data` reads back."""
    return [{"name": c.name, "dtype": c.dtype, "shape": list(c.shape)} for c in schema]


def schema_from_data(data: Any) -> Schema:
    """The inverse of `schema_to_data`, for data that anyone may have written.

    Raises:
        ValueError: naming the column that is none.
    """
    if not isinstance(data, list):
        raise ValueError(f"schema is {type(data).__name__}, want a list of columns")
    return tuple(_column_from_data(c) for c in data)


def _column_from_data(data: Any) -> Column:
    try:
        name, dtype, shape = data["name"], data["dtype"], data["shape"]
        plain = _NAME.fullmatch(name) and _DTYPE.fullmatch(dtype) and isinstance(shape, list)
        counts = plain and all(type(n) is int and 0 < n <= MAX_EXTENT for n in shape)
        if counts and prod(shape) <= MAX_EXTENT:
            return Column(name, dtype, tuple(shape))
    except (KeyError, TypeError, IndexError):
        pass
    raise ValueError(f"{str(data)[:80]} is not a column of a dataset")


def record_width(schema: Schema) -> int:
    """Bytes of one record, all columns together."""
    return sum(column.width for column in schema)


@dataclass(frozen=True)
class Block:
    """Consecutive records: the unit of randomness, of checksums and of the ledger.

    `arrays` has one C-contiguous array of `records` entries for each column of the schema.
    """

    index: int
    records: int
    arrays: Arrays

    def checksum(self, schema: Schema) -> bytes:
        """SHA-256 over the columns' bytes in schema order: the same in every storage and layout."""
        digest = hashlib.sha256()
        for column in schema:
            digest.update(np.ascontiguousarray(self.arrays[column.name]).data)
        return digest.digest()

    def cut(self, records: int) -> Block:
        """The first `records` of the block."""
        return Block(self.index, records, {k: v[:records] for k, v in self.arrays.items()})
