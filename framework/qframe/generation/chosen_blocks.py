"""ChosenBlocks: makes the blocks of a deduplicated dataset again, from the source's recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.contracts.storage import Reader
from qframe.errors import NotADataset
from qframe.generation.generator import Generator
from qframe.recipe.blocks import Block
from qframe.recipe.columns import SOURCE
from qframe.recipe.header import Header
from qframe.recipe.schema import Schema


def source_header(header: Header) -> Header:
    """The header of the dataset that the records of a deduplicated dataset were chosen from."""
    derived = header.recipe.derived or {}
    schema = Schema(tuple(column for column in header.schema if column != SOURCE))
    return replace(
        header, recipe=header.recipe.source, schema=schema, records=int(derived["records"])
    )


class ChosenBlocks:
    """Makes the blocks of a deduplicated dataset again: the records that its column `source` names.

    It does not check that these are the right records to choose: only the operation, done again,
    can show that.

    Args:
        generator: makes the records of the source.
        reader: reads the deduplicated dataset.
    """

    def __init__(self, generator: Generator, reader: Reader) -> None:
        self._generator = generator
        self._reader = reader
        self._records = source_header(reader.header).records

    def blocks(self, first: int, counts: Sequence[int]) -> list[Block]:
        """Consecutive blocks with `counts[k]` records of each: see `Generator.blocks`.

        Raises:
            NotADataset: if `source` names a record that the source does not have.
        """
        return [self._block(first + k, count) for k, count in enumerate(counts)]

    def _block(self, index: int, records: int) -> Block:
        places = self._reader.read(index, 0, records)[SOURCE.name]
        if int(places.max(initial=0)) >= self._records:
            raise NotADataset(f"block {index} names record {places.max()} of {self._records}")
        size = self._generator.recipe.block
        schema = self._generator.schema
        arrays: dict[str, NDArray[Any]] = {c.name: c.empty(records) for c in schema}
        inside = places % np.uint64(size)
        blocks = places // np.uint64(size)
        for block in np.unique(blocks):
            rows = np.flatnonzero(blocks == block)
            source = self._generator.blocks(int(block), [size])[0].arrays
            for name, array in arrays.items():
                array[rows] = source[name][inside[rows].astype(np.intp)]
        return Block(index, records, {**arrays, SOURCE.name: places})
