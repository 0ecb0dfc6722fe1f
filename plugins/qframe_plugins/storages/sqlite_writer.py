"""One worker's connection to the dataset file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw
import numpy as np

from qframe import Block, Writer
from qframe_plugins.storages.sqlite_connection import open_writable, refuse_after_fork, translated
from qframe_plugins.storages.sqlite_layout import BYTES, Layout
from qframe_plugins.storages.sqlite_wal import WalKeeper

_LEDGER = "INSERT OR REPLACE INTO ledger(block, records, sha256, recipe) VALUES (?, ?, ?, ?)"


class SqliteWriter(Writer):
    """Writes blocks and their ledger rows, a task a transaction.

    Args:
        path: the dataset file.
        layout: its tables.
        pragmas: set on the connection, in order.
        timeout_s: how long to wait for the lock; None for the default.
    """

    def __init__(
        self, path: Path, layout: Layout, pragmas: dict[str, Any], timeout_s: float | None = None
    ) -> None:
        self.path = path
        self.layout = layout
        self._owner = os.getpid()
        self._insert = layout.insert()
        self._db = open_writable(path, keep_wal=True)
        if timeout_s is not None:
            self._db.setlk_timeout(0, 0)
            self._db.set_busy_timeout(round(timeout_s * 1000))
        with translated(path):
            for name, value in pragmas.items():
                self._db.pragma(name, value)
            self._dataset_id = self._db.pragma("user_version")
        self._log = WalKeeper(self._db, path, pragmas.get("wal_autocheckpoint", 0))

    def write(self, blocks: Sequence[Block]) -> None:
        """One transaction; see `Writer.write`."""
        refuse_after_fork(self._owner, self.path)
        schema = self.layout.header.schema
        mark = self.layout.mark
        ledger = [(block.index, block.records, block.checksum(schema), mark) for block in blocks]
        with translated(self.path):
            self._log.before_write()
            self._db.execute("BEGIN IMMEDIATE")
            try:
                # Page 1, which says whose WAL this is, goes into every transaction.
                self._db.pragma("user_version", self._dataset_id)
                self._db.executemany(self._insert, map(self._bindings, blocks))
                self._db.executemany(_LEDGER, ledger)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

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
                self._log.close()
                self._db.close()
            except apsw.ConnectionClosedError:
                return
