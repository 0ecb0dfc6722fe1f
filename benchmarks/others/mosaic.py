"""MosaicML streaming: MDS shards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from streaming import MDSWriter, StreamingDataset
from streaming.base.util import clean_stale_shared_memory

from others.library import BATCH, Batch, Library, collated, columns
from qframe import Block


class Mosaic(Library):
    """Fixed-size columns of arrays."""

    name = "MosaicML streaming"
    distribution = "mosaicml-streaming"
    share = 0.02
    how = "MDS, `bytes` columns, no compression, no hashes; `StreamingDataset`, one process"
    why = (
        "a sample is found by its offset in a file that stays open; qframe's `ds[i]` runs a "
        "statement, checks codes and lengths, and names the gates"
    )

    def write(self, blocks: Sequence[Block]) -> None:
        kinds = {"codes": "bytes", "unitary": "bytes"}
        with MDSWriter(out=str(self.directory / "data"), columns=kinds) as writer:
            for block in blocks:
                for codes, matrix in zip(*columns(block), strict=True):
                    writer.write({"codes": codes.tobytes(), "unitary": matrix.tobytes()})
        self._dim = matrix.shape[0]

    def open(self) -> None:
        clean_stale_shared_memory()
        place = str(self.directory / "data")
        self._ordered: Any = StreamingDataset(local=place, batch_size=BATCH, shuffle=False)
        self._mixed: Any = None

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
        del self._ordered
        clean_stale_shared_memory()
        place = str(self.directory / "data")
        self._mixed = StreamingDataset(local=place, batch_size=BATCH, shuffle=True)
        return self._batches(self._mixed)

    def close(self) -> None:
        """Ends the threads that read ahead, before the files are removed."""
        for dataset in (getattr(self, "_ordered", None), self._mixed):
            iterator = getattr(dataset, "_iterator", None)
            if iterator is not None:
                iterator.exit()

    def single(self, index: int) -> Batch | None:
        codes, matrix = self._record(self._ordered[index])
        return codes[None], matrix[None]
