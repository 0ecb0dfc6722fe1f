"""LMDB, a key a record."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import lmdb
import numpy as np

from others.library import BATCH, Batch, Library, columns
from qframe import Block

BATCH_BLOCKS = 16


class Lmdb(Library):
    """Values of fixed width under the record's number."""

    name = "LMDB"
    distribution = "lmdb"
    share = 0.25
    how = "a key for each record, 65,536 records a transaction, `sync=False`"
    why = (
        "a read is a walk down a tree in mapped memory: no SQL, no copy, no checks; "
        "qframe's `ds[i]` runs a statement, checks codes and lengths, and names the gates"
    )

    def write(self, blocks: Sequence[Block]) -> None:
        size = 4 * self.records * 100 + (64 << 20)
        with lmdb.open(str(self.directory / "data.lmdb"), map_size=size, sync=False) as store:
            number = 0
            for k in range(0, len(blocks), BATCH_BLOCKS):
                with store.begin(write=True) as transaction:
                    for block in blocks[k : k + BATCH_BLOCKS]:
                        codes, unitaries = columns(block)
                        parts = [np.ascontiguousarray(a).view(np.uint8) for a in (codes, unitaries)]
                        rows = np.concatenate([p.reshape(len(codes), -1) for p in parts], axis=1)
                        for row in rows:
                            transaction.put(struct.pack(">Q", number), row.tobytes(), append=True)
                            number += 1
        self._width, self._dim = codes.shape[1], unitaries.shape[1]

    def open(self) -> None:
        self._store = lmdb.open(str(self.directory / "data.lmdb"), readonly=True, lock=False)
        self._transaction: Any = self._store.begin(buffers=True)

    def _batch(self, values: list[memoryview]) -> Batch:
        data = np.frombuffer(b"".join(values), np.uint8).reshape(len(values), -1)
        codes = data[:, : self._width]
        matrices = np.ascontiguousarray(data[:, self._width :]).view(np.complex128)
        return codes, matrices.reshape(-1, self._dim, self._dim)

    def in_order(self) -> Iterator[Batch]:
        values: list[memoryview] = []
        with self._transaction.cursor() as cursor:
            for value in cursor.iternext(keys=False):
                values.append(value)
                if len(values) == BATCH:
                    yield self._batch(values)
                    values = []
        if values:
            yield self._batch(values)

    def shuffled(self) -> Iterator[Batch]:
        order = np.random.default_rng(1).permutation(self.records)
        for k in range(0, self.records, BATCH):
            keys = (struct.pack(">Q", i) for i in order[k : k + BATCH].tolist())
            yield self._batch([self._transaction.get(key) for key in keys])

    def single(self, index: int) -> Batch | None:
        return self._batch([self._transaction.get(struct.pack(">Q", index))])

    def close(self) -> None:
        self._transaction.abort()
        self._store.close()
