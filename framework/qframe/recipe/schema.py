"""Schema: the columns of a dataset's records, in the order in which they are stored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from qframe.circuits.instructions import InstructionSet
from qframe.errors import PluginError
from qframe.recipe.blocks import records_per_block
from qframe.recipe.columns import KEY, Column
from qframe.recipe.recipe import Recipe

BASE = ("lengths", "codes", "unitaries")
"""Names of the columns that every record has, in order. A storage may keep fewer columns."""

MAX_EXTENT = 1 << 20
"""Largest number of entries that a column may have in one record."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
_DTYPE = re.compile(r"\|[biu]1|<[iuf][248]|<c(8|16)|\|S[1-9][0-9]{0,3}")


@dataclass(frozen=True)
class Schema:
    """The columns of records, in the order in which they are stored.

    `lengths` (gates of each circuit), `codes` (circuit order, padded with 0 to `max_length`) and
    `unitaries` (`(dim, dim)`, C order), then the sampler's own columns, `key` and the labels.
    A reader's schema may hold fewer columns than its dataset's records have.

    `len(schema)` is the number of columns; iterating gives them in order.
    """

    columns: tuple[Column, ...]

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def has_circuits(self) -> bool:
        """Whether the records have circuits: columns `lengths` and `codes`."""
        return {"lengths", "codes"} <= set(self.names)

    @property
    def lengths(self) -> Column:
        """Number of gates of each circuit: `uint8` if `max_length` < 256, else `uint16`."""
        return self._named("lengths")

    @property
    def codes(self) -> Column:
        """Codes of each circuit, `(max_length,)`: `uint8` or `uint16`."""
        return self._named("codes")

    @property
    def unitaries(self) -> Column:
        """Unitary of each circuit, `(dim, dim)` complex."""
        return self._named("unitaries")

    @property
    def max_length(self) -> int:
        """Largest number of gates of a circuit: the width of the column `codes`."""
        [longest] = self.codes.shape
        return longest

    @property
    def base(self) -> Schema:
        """The columns of this schema whose names are in `BASE`."""
        return Schema(tuple(column for column in self.columns if column.name in BASE))

    @property
    def extra(self) -> tuple[Column, ...]:
        """The columns of this schema whose names are not in `BASE`."""
        return tuple(column for column in self.columns if column.name not in BASE)

    def _named(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"the schema has no column {name!r}, it has {', '.join(self.names)}")


def schema_of(
    instructions: InstructionSet,
    max_length: int,
    dtype: str,
    extra: Iterable[Column] = (),
    *,
    products: bool = True,
) -> Schema:
    """The schema of records over a set of instructions: the columns of `BASE`, then `extra`.

    Args:
        instructions: what the codes stand for.
        max_length: largest number of gates of a circuit.
        dtype: dtype of the unitaries.
        extra: further columns.
        products: whether the unitaries are the products of the circuits; else the sampler draws
            them.
    """
    dim = instructions.dim
    unitaries = np.dtype(dtype).newbyteorder("<").str
    return Schema(
        (
            Column("lengths", length_dtype(max_length)),
            Column("codes", instructions.code_dtype.str, (max_length,)),
            Column("unitaries", unitaries, (dim, dim), drawn=not products),
            *extra,
        )
    )


def full_schema(
    recipe: Recipe, max_length: int, drawn: Iterable[Column], *, products: bool
) -> Schema:
    """The schema of a recipe's records: the columns of `BASE`, the sampler's, `key` and the labels.

    Args:
        recipe: the recipe; `key` and labels follow from it.
        max_length: number of gates of the sampler's longest circuit.
        drawn: the columns that the sampler adds.
        products: whether the unitaries are the products of the circuits; see `schema_of`.

    Raises:
        PluginError: if a column of the sampler has the name of another column, or says that it is
            not drawn.
    """
    drawn = tuple(drawn)
    extra = (*drawn, *key_columns(recipe), *label_columns(recipe, max_length))
    schema = schema_of(recipe.instructions, max_length, recipe.dtype, extra, products=products)
    for column in drawn:
        if schema.names.count(column.name) > 1:
            raise PluginError(
                f"sampler {recipe.sampler['name']!r}: its column {column.name!r} has the name of "
                "another column"
            )
        if not column.drawn:
            raise PluginError(
                f"sampler {recipe.sampler['name']!r}: its column {column.name!r} has drawn=False",
                hint="leave it out: what a sampler returns is drawn",
            )
    return schema


def key_columns(recipe: Recipe) -> tuple[Column, ...]:
    """The column `key` of a recipe, one 64-bit word per 64 bits; none if the recipe has no key."""
    if recipe.key is None:
        return ()
    return (Column(KEY, "<u8", (recipe.key["bits"] // 64,), drawn=False),)


def label_columns(recipe: Recipe, max_length: int) -> tuple[Column, ...]:
    """The columns of a recipe's labels, in the dtype of `lengths`."""
    return tuple(Column(name, length_dtype(max_length), drawn=False) for name in recipe.labels)


def length_dtype(max_length: int) -> str:
    """The dtype of circuit lengths: `uint8` if they all fit it, else `uint16`."""
    return "|u1" if max_length < 256 else "<u2"


def schema_to_data(schema: Schema) -> list[dict[str, Any]]:
    """The schema as plain data, which `schema_from_data` reads back."""
    return [
        {"name": c.name, "dtype": c.dtype, "shape": list(c.shape), "drawn": c.drawn} for c in schema
    ]


def schema_from_data(data: Any) -> Schema:
    """The schema in plain data, which anyone may have written; the inverse of `schema_to_data`.

    Raises:
        ValueError: naming the entry that is not a column.
    """
    if not isinstance(data, list):
        raise ValueError(f"schema is {type(data).__name__}, want a list of columns")
    return Schema(tuple(_column_from_data(c) for c in data))


def _column_from_data(data: Any) -> Column:
    try:
        name, dtype, shape, drawn = data["name"], data["dtype"], data["shape"], data["drawn"]
        plain = (
            _NAME.fullmatch(name)
            and _DTYPE.fullmatch(dtype)
            and isinstance(shape, list)
            and type(drawn) is bool
        )
        counts = plain and all(type(n) is int and 0 < n <= MAX_EXTENT for n in shape)
        if counts and prod(shape) <= MAX_EXTENT:
            return Column(name, dtype, tuple(shape), drawn)
    except (KeyError, TypeError, IndexError):
        pass
    raise ValueError(f"{str(data)[:80]} is not a column of a dataset")


def block_records(instructions: InstructionSet, max_length: int) -> int:
    """Number of records of a full block of circuits of up to `max_length` gates."""
    return records_per_block(record_width(schema_of(instructions, max_length, "complex128")))


def record_width(schema: Iterable[Column]) -> int:
    """Bytes of one record, all columns together."""
    return sum(column.width for column in schema)
