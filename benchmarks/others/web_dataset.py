"""WebDataset: tar files of samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import webdataset as wds

from others.library import BATCH, Batch, Library, collated, columns
from qframe import Block


class WebDataset(Library):
    """Two members of a tar file for each record."""

    name = "WebDataset"
    distribution = "webdataset"
    share = 0.01
    how = "a sample of two members (`.codes`, `.unitary`) in tar files of 10,000; shuffle buffer"

    def write(self, blocks: Sequence[Block]) -> None:
        pattern = str(self.directory / "data-%06d.tar")
        with wds.ShardWriter(pattern, maxcount=10_000, verbose=0) as writer:
            number = 0
            for block in blocks:
                for codes, matrix in zip(*columns(block), strict=True):
                    key = f"{number:012d}"
                    parts = {"codes": codes.tobytes(), "unitary": matrix.tobytes()}
                    writer.write({"__key__": key, **parts})
                    number += 1
        self._dim = matrix.shape[0]

    def open(self) -> None:
        self._urls = [str(path) for path in sorted(self.directory.glob("*.tar"))]

    def _batches(self, dataset: Any) -> Iterator[Batch]:
        samples = iter(dataset)
        dim = self._dim
        while items := [
            (
                np.frombuffer(sample["codes"], np.uint8),
                np.frombuffer(sample["unitary"], np.complex128).reshape(dim, dim),
            )
            for sample in islice(samples, BATCH)
        ]:
            yield collated(items)

    def in_order(self) -> Iterator[Batch]:
        return self._batches(wds.WebDataset(self._urls, shardshuffle=False, empty_check=False))

    def shuffled(self) -> Iterator[Batch]:
        dataset = wds.WebDataset(self._urls, shardshuffle=100, empty_check=False, seed=1)
        return self._batches(dataset.shuffle(4096))

    def single(self, index: int) -> Batch | None:  # noqa: ARG002 - a stream has no places
        return None
