"""Records that were chosen from those of a recipe, made again from where they stood."""

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
    """The header of the dataset that the records were chosen from."""
    derived = header.recipe.derived or {}
    schema = Schema(tuple(column for column in header.schema if column != SOURCE))
    return replace(
        header, recipe=header.recipe.source, schema=schema, records=int(derived["records"])
    )


class ChosenBlocks:
    """Makes the blocks of a derived dataset again: the records that its column `source` names.

    That those are the right ones to choose is another question; the operation, done again, tells.

    Args:
        made: makes the source's records.
        reader: of the derived dataset.
    """

    def __init__(self, made: Generator, reader: Reader) -> None:
        self._made = made
        self._reader = reader
        self._records = source_header(reader.header).records

    def blocks(self, first: int, counts: Sequence[int]) -> list[Block]:
        """See `Generator.blocks`.

        Raises:
            NotADataset: if a record claims a place that the source does not have.
        """
        return [self._block(first + k, count) for k, count in enumerate(counts)]

    def _block(self, index: int, records: int) -> Block:
        places = self._reader.read(index, 0, records)[SOURCE.name]
        if int(places.max(initial=0)) >= self._records:
            raise NotADataset(f"block {index} names record {places.max()} of {self._records}")
        size = self._made.recipe.block
        arrays: dict[str, NDArray[Any]] = {c.name: c.empty(records) for c in self._made.schema}
        inside = places % np.uint64(size)
        blocks = places // np.uint64(size)
        for block in np.unique(blocks):
            here = np.flatnonzero(blocks == block)
            source = self._made.blocks(int(block), [size])[0].arrays
            for name, array in arrays.items():
                array[here] = source[name][inside[here].astype(np.intp)]
        return Block(index, records, {**arrays, SOURCE.name: places})
