"""litdata: chunks of serialised samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from litdata import StreamingDataset
from litdata.streaming.writer import BinaryWriter

from others.library import BATCH, Batch, Library, collated, columns
from qframe import Block


class LitData(Library):
    """A sample is a dict of two arrays."""

    name = "litdata"
    distribution = "litdata"
    share = 0.02
    how = "samples `{codes, unitary}` as bytes, chunks of 4,096, one process"
    why = (
        "a sample is found by its offset in a file that stays open; qframe's `ds[i]` runs a "
        "statement, checks codes and lengths, and names the gates"
    )

    def write(self, blocks: Sequence[Block]) -> None:
        writer = BinaryWriter(str(self.directory / "data"), chunk_size=4096)
        number = 0
        for block in blocks:
            for codes, matrix in zip(*columns(block), strict=True):
                writer[number] = {"codes": codes.tobytes(), "unitary": matrix.tobytes()}
                number += 1
        writer.done()
        writer.merge()
        self._dim = matrix.shape[0]

    def open(self) -> None:
        self._ordered = self._dataset(shuffle=False)
        self._mixed = self._dataset(shuffle=True)

    def _dataset(self, shuffle: bool) -> Any:
        place = str(self.directory / "data")
        return StreamingDataset(place, shuffle=shuffle, drop_last=False, max_cache_size="30GB")

    def _record(self, sample: dict[str, bytes]) -> Batch:
        matrix = np.frombuffer(sample["unitary"], np.complex128).reshape(self._dim, self._dim)
        return np.frombuffer(sample["codes"], np.uint8), matrix

    def _batches(self, dataset: Any) -> Iterator[Batch]:
        samples = iter(dataset)
        while items := [self._record(sample) for sample in islice(samples, BATCH)]:
            yield collated(items)

    def in_order(self) -> Iterator[Batch]:
        return self._batches(self._ordered)

    def shuffled(self) -> Iterator[Batch]:
        return self._batches(self._mixed)

    def single(self, index: int) -> Batch | None:
        codes, matrix = self._record(self._ordered[index])
        return codes[None], matrix[None]
