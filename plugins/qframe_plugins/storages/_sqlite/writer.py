"""Writing blocks to a dataset file, over one worker's connection."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import apsw
from numpy.typing import NDArray

from qframe import Block, StorageBusy, Writer
from qframe_plugins.storages._sqlite.connection import open_writable, refuse_after_fork, translated
from qframe_plugins.storages._sqlite.lock_wait import LockWait
from qframe_plugins.storages._sqlite.own_file import OwnFile
from qframe_plugins.storages._sqlite.tables import BYTES, DIGEST_BYTES, LEDGER_INSERT, Tables
from qframe_plugins.storages._sqlite.wal import WalKeeper

WAIT_S = 0.001
"""Seconds from which on `BEGIN IMMEDIATE` counts as a wait for the lock."""


class SqliteWriter(Writer):
    """Writes blocks and their ledger rows, one transaction per task.

    Args:
        path: the dataset file.
        tables: its tables.
        pragmas: set on the connection, in order.
        timeout_s: seconds to wait for the lock; None for the default.
    """

    counters: dict[str, float]

    def __init__(
        self, path: Path, tables: Tables, pragmas: dict[str, Any], timeout_s: float | None = None
    ) -> None:
        self.path = path
        self.tables = tables
        self._owner = os.getpid()
        self.counters = {"commits": 0, "lock_waits": 0, "lock_wait_s": 0}
        self.needs_unitaries = tables.needs_unitaries
        self._has_timeout = timeout_s is not None
        wait = LockWait(path) if timeout_s is None else LockWait(path, timeout_s)
        self._db = open_writable(path, keep_wal=True, wait=wait)
        with translated(path):
            for name, value in pragmas.items():
                self._db.pragma(name, value)
            self._dataset_id = self._db.pragma("user_version")
            self._own = OwnFile(path, self._db)
        self._log = WalKeeper(self._db, self._own, path, pragmas.get("wal_autocheckpoint", 0))

    def write(self, blocks: Sequence[Block]) -> None:
        """One transaction; see `Writer.write`."""
        refuse_after_fork(self._owner, self.path)
        columns = self.tables.columns
        encoded = [columns.encode(block.arrays) for block in blocks]
        ledger = [self._row(*pair) for pair in zip(blocks, encoded, strict=True)]
        with self._translated():
            self._log.before_write()
            self._begin()
            try:
                self._own.check(self._db)
                # Every transaction writes page 1, which tells to which file its WAL belongs.
                self._db.pragma("user_version", self._dataset_id)
                for block, bound in zip(blocks, encoded, strict=True):
                    self._db.execute(*self._insertion(block, bound))
                self._db.executemany(LEDGER_INSERT, ledger)
                self._db.execute("COMMIT")
                self.counters["commits"] += 1
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """As `translated`; names the option that says how long this storage waits, if it has it."""
        try:
            with translated(self.path):
                yield
        except StorageBusy as busy:
            if not self._has_timeout:
                raise
            hint = f"{busy.hint}; or raise storage.timeout"
            raise StorageBusy(busy.message, hint=hint) from busy.__cause__

    def _begin(self) -> None:
        """Takes the lock for writing; counts waits, also those that end in an error."""
        start = perf_counter()
        try:
            self._db.execute("BEGIN IMMEDIATE")
        finally:
            waited = perf_counter() - start
            if waited > WAIT_S:
                self.counters["lock_waits"] += 1
                self.counters["lock_wait_s"] += waited

    def _row(self, block: Block, encoded: dict[str, NDArray[Any]]) -> tuple[Any, ...]:
        """The ledger row of a block."""
        checksum = block.checksum(self.tables.header.schema, encoded)
        drawn, stored = checksum[:DIGEST_BYTES], checksum[DIGEST_BYTES:]
        return (block.index, block.records, drawn, stored, self.tables.mark)

    def _insertion(
        self, block: Block, bound: dict[str, NDArray[Any]]
    ) -> tuple[str, dict[str, Any]]:
        """The statement that stores a block, and its bound values."""
        if self.tables.layout == "blocks":
            return self.tables.insert(), {"block": block.index, **bound}
        first = block.index * self.tables.header.recipe.block
        values = {"first": first, "records": block.records, "bytes": BYTES, **bound}
        lengths, codes = block.arrays["lengths"], block.arrays["codes"]
        even = bool((lengths == lengths[0]).all())
        length = int(lengths[0])
        more = {"length": length, "width": codes.itemsize * length} if even else {}
        return self.tables.insert(even=even), {**values, **more}

    def close(self) -> None:
        """Closes the connection; the `-wal` stays until `finish`."""
        with translated(self.path):
            try:
                self._log.close()
                self._db.close()
            except apsw.ConnectionClosedError:
                return
