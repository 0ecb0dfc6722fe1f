"""qframe's own default, in both layouts, through the public contract of a storage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import ClassVar

import qframe
from others.library import BATCH, BLOCK, POOL, Batch, Library
from qframe import Block, Header
from qframe_plugins.storages.sqlite import Sqlite

TASK = 16
"""Blocks a transaction, as `qframe run` does it for such records."""


class QframeBlocks(Library):
    """`storage: sqlite`."""

    name = "qframe sqlite"
    stride = POOL * BLOCK // BATCH
    how = "`storage: sqlite`, 16 blocks a transaction, a SHA-256 for every block"
    layout: ClassVar[str] = "blocks"
    header: ClassVar[Header]
    """Set before use: recipe and columns of the records."""

    def write(self, blocks: Sequence[Block]) -> None:
        options = Sqlite.Options.model_validate({"layout": self.layout})
        header = Header(self.header.recipe, self.header.schema, self.records, {})
        storage = Sqlite(options, self.directory / "data.db")
        storage.create(header)
        with storage.writer(header) as writer:
            for k in range(0, len(blocks), TASK):
                writer.write(blocks[k : k + TASK])
        storage.finish()

    def open(self) -> None:
        self._dataset = qframe.open(self.directory / "data.db")

    def in_order(self) -> Iterator[Batch]:
        for batch in self._dataset.batches(BATCH):
            yield batch.codes, batch.unitaries

    def shuffled(self) -> Iterator[Batch]:
        for batch in self._dataset.batches(BATCH, shuffle=1):
            yield batch.codes, batch.unitaries

    def single(self, index: int) -> Batch | None:
        record = self._dataset[index]
        return record.codes[None], record.unitary[None]

    def close(self) -> None:
        with closing(self._dataset):
            pass


class QframeRows(QframeBlocks):
    """`storage: {plugin: sqlite, layout: rows}`."""

    name = "qframe sqlite, rows"
    share = 0.25
    how = "`layout: rows`: one row a record, for people who query with SQL"
    layout = "rows"
    why = "a row is a record: one row is read, where a block is opened and cut"
