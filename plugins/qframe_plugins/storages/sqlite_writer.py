"""One worker's connection to the dataset file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import apsw
import numpy as np

from qframe import Block, StorageError, Writer
from qframe_plugins.storages.sqlite_connection import open_writable, translated
from qframe_plugins.storages.sqlite_layout import BYTES, Layout

WAIT_S = 0.001
"""From here on `BEGIN IMMEDIATE` counts as having waited."""

_LEDGER = "INSERT OR REPLACE INTO ledger(block, records, sha256, recipe) VALUES (?, ?, ?, ?)"


class SqliteWriter(Writer):
    """Writes blocks and their ledger rows, a task a transaction.

    Args:
        path: the dataset file.
        layout: its tables.
        pragmas: set on the connection, in order.
        timeout_s: how long to wait for the lock; None for the default.
    """

    counters: dict[str, float]

    def __init__(
        self, path: Path, layout: Layout, pragmas: dict[str, Any], timeout_s: float | None = None
    ) -> None:
        self.path = path
        self.layout = layout
        self._owner = os.getpid()
        self.counters = {"commits": 0, "lock_waits": 0, "lock_wait_s": 0}
        self._insert = layout.insert()
        self._db = open_writable(path, keep_wal=True)
        if timeout_s is not None:
            self._db.setlk_timeout(0, 0)
            self._db.set_busy_timeout(round(timeout_s * 1000))
        with translated(path):
            for name, value in pragmas.items():
                self._db.pragma(name, value)
            self._dataset_id = self._db.pragma("user_version")

    def write(self, blocks: Sequence[Block]) -> None:
        """One transaction; see `Writer.write`."""
        if os.getpid() != self._owner:
            raise StorageError(
                f"{self.path}: this connection belongs to process {self._owner}, not {os.getpid()}",
                hint="open a writer in the process that uses it",
            )
        schema = self.layout.header.schema
        mark = self.layout.mark
        ledger = [(block.index, block.records, block.checksum(schema), mark) for block in blocks]
        with translated(self.path):
            self._begin()
            try:
                # Page 1, which says whose WAL this is, goes into every transaction.
                self._db.pragma("user_version", self._dataset_id)
                self._db.executemany(self._insert, map(self._bindings, blocks))
                self._db.executemany(_LEDGER, ledger)
                self._db.execute("COMMIT")
                self.counters["commits"] += 1
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _begin(self) -> None:
        """Takes the lock for writing; counts waits, those in vain too."""
        start = perf_counter()
        try:
            self._db.execute("BEGIN IMMEDIATE")
        finally:
            waited = perf_counter() - start
            if waited > WAIT_S:
                self.counters["lock_waits"] += 1
                self.counters["lock_wait_s"] += waited

    def _bindings(self, block: Block) -> dict[str, Any]:
        bound: dict[str, Any] = {
            name: np.ascontiguousarray(block.arrays[name]) for name in self.layout.names
        }
        if self.layout.kind == "blocks":
            return {"block": block.index, **bound}
        first = block.index * self.layout.header.recipe.block
        return {"first": first, "records": block.records, "bytes": BYTES, **bound}

    def close(self) -> None:
        """Closes the connection; the WAL stays until `finish`."""
        with translated(self.path):
            try:
                self._db.close()
            except apsw.ConnectionClosedError:
                return
