"""Header: recipe, schema and number of records, which stand at the head of every dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from qframe.errors import NotADataset
from qframe.recipe.blocks import block_count
from qframe.recipe.columns import KEY, SOURCE, Arrays
from qframe.recipe.recipe import Recipe
from qframe.recipe.schema import BASE, Schema, block_records, record_width, schema_of

MAX_LENGTH = 65_535
"""Largest number of gates in a circuit."""

MAX_BYTES = 2**50
"""Largest size of all records together; a larger one comes from damage or from a forged file."""


@dataclass(frozen=True)
class Header:
    """What stands at the head of every dataset.

    Attributes:
        recipe: what decides the data.
        schema: columns of the records.
        records: number of records that were asked for; fewer are stored while a run goes on.
        about: plain strings for people (plugin names, versions). They decide nothing.
    """

    recipe: Recipe
    schema: Schema
    records: int
    about: dict[str, str]

    @property
    def products(self) -> bool:
        """Whether the unitaries are the products of the circuits; else the sampler drew them."""
        return not self.schema.unitaries.drawn

    @property
    def blocks(self) -> int:
        """Number of blocks of the whole dataset."""
        return block_count(self.records, self.recipe.block)

    @property
    def most_records(self) -> int:
        """The largest number of records that a dataset of these columns may have."""
        return MAX_BYTES // record_width(self.schema)

    def checked(self) -> Self:
        """This header, after a check that its parts agree. It is for headers read from a file.

        Raises:
            NotADataset: if a part is not what the recipe asks for; one line says which.
        """
        recipe, schema = self.recipe, self.schema
        if schema.names[:3] != BASE or len(schema.codes.shape) != 1:
            raise NotADataset("the schema does not begin with lengths, codes and unitaries")
        base = schema_of(
            recipe.instructions, schema.max_length, recipe.dtype, products=self.products
        )
        if not 1 <= schema.max_length <= MAX_LENGTH or schema.columns[:3] != base.columns:
            raise NotADataset("the schema has other columns than the recipe asks for")
        computed = {KEY} if recipe.key is not None else set()
        if any(c.drawn == (c.name in computed | set(recipe.labels)) for c in schema.extra):
            raise NotADataset("the schema says of a column wrongly that it was drawn, or was not")
        if recipe.derived is not None and SOURCE not in schema:
            raise NotADataset(
                "the schema lacks the column `source`, which says where records come from"
            )
        if recipe.block > block_records(recipe.instructions, schema.max_length):
            raise NotADataset(f"blocks of {recipe.block} records are larger than the law allows")
        if len({column.name for column in schema}) != len(schema):
            raise NotADataset("the schema names a column twice")
        if not 1 <= self.records <= self.most_records:
            raise NotADataset(f"no dataset has {self.records} records")
        return self

    def records_in(self, block: int) -> int:
        """Number of records of block `block` that belong to the dataset."""
        return max(0, min(self.recipe.block, self.records - block * self.recipe.block))


def read_problem(header: Header, arrays: Arrays, records: int) -> str | None:
    """What is wrong with records that were read, in words; None if nothing is.

    It looks at counts and ranges, and at no checksum.

    Args:
        header: header of the dataset.
        arrays: the columns that were read from one block.
        records: number of records that were wanted.
    """
    read = len(arrays["unitaries"])
    if read != records:
        return f"has {read} of {records} records"
    if "codes" not in arrays:
        return None
    lengths, codes = arrays["lengths"], arrays["codes"]
    top = len(header.recipe.instructions)
    if int(codes.max(initial=0)) >= top:
        return f"holds code {codes.max()}, want 0 to {top - 1}"
    if int(lengths.max(initial=0)) > codes.shape[1]:
        return f"holds length {lengths.max()}, want at most {codes.shape[1]}"
    return None
