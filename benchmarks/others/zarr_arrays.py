"""Zarr on the local disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import zarr

from others.library import BLOCK, Batch, Spans, columns
from qframe import Block


class Zarr(Spans):
    """Two arrays, a file a chunk."""

    name = "Zarr"
    distribution = "zarr"
    share = 0.25
    how = "two arrays, a file for each chunk of 4,096 records, no compression"
    why = "a chunk is a file of its own, written once, without a checksum or a log"

    def write(self, blocks: Sequence[Block]) -> None:
        group: Any = zarr.open_group(str(self.directory / "data.zarr"), mode="w")
        made = [
            group.create_array(
                name,
                shape=(self.records, *array.shape[1:]),
                chunks=(min(BLOCK, self.records), *array.shape[1:]),
                dtype=array.dtype,
                compressors=None,
            )
            for name, array in zip(("codes", "unitaries"), columns(blocks[0]), strict=True)
        ]
        for k, block in enumerate(blocks):
            for made_array, array in zip(made, columns(block), strict=True):
                made_array[k * BLOCK : k * BLOCK + block.records] = array

    def open(self) -> None:
        group: Any = zarr.open_group(str(self.directory / "data.zarr"), mode="r")
        self._codes, self._unitaries = group["codes"], group["unitaries"]

    def span(self, start: int, stop: int) -> Batch:
        return np.asarray(self._codes[start:stop]), np.asarray(self._unitaries[start:stop])
