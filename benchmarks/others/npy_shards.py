"""Plain .npy files, some records each, mapped into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from others.library import BATCH, BLOCK, Batch, Spans, columns
from qframe import Block

SHARD = 16
"""Blocks a file."""


class NpyShards(Spans):
    """Two files for each 65,536 records."""

    name = ".npy shards"
    how = "two .npy files for each 65,536 records, `mmap_mode='r'`; shuffled truly at random"
    why = (
        "nothing stands between the arrays and the page cache: no checksum, no transaction, no "
        "index, and a read is a view of mapped memory. What is missing: a shard that was half "
        "written looks like any other, and nothing notices a flipped bit"
    )
    stride = 1

    def write(self, blocks: Sequence[Block]) -> None:
        for k in range(0, len(blocks), SHARD):
            parts = [columns(block) for block in blocks[k : k + SHARD]]
            for name, place in (("codes", 0), ("unitaries", 1)):
                array = np.concatenate([part[place] for part in parts])
                np.save(self.directory / f"{name}-{k // SHARD:06d}.npy", array)

    def open(self) -> None:
        self._shards = [
            tuple(
                np.load(self.directory / f"{name}-{k:06d}.npy", mmap_mode="r")
                for name in ("codes", "unitaries")
            )
            for k in range(-(-self.records // (SHARD * BLOCK)))
        ]

    def span(self, start: int, stop: int) -> Batch:
        shard, inside = divmod(start, SHARD * BLOCK)
        codes, unitaries = self._shards[shard]
        return codes[inside : inside + stop - start], unitaries[inside : inside + stop - start]

    def shuffled(self) -> Iterator[Batch]:
        mix = np.random.default_rng(1)
        # A batch from one shard, any of its records: what mapped memory is good at.
        for shard in mix.permutation(len(self._shards)).tolist():
            codes, unitaries = self._shards[shard]
            order = mix.permutation(len(codes))
            for k in range(0, len(order), BATCH):
                part = order[k : k + BATCH]
                yield codes[part], unitaries[part]

    def close(self) -> None:
        self._shards.clear()
