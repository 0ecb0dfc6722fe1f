"""Keeping the write-ahead log short, and naming the process that prevents it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from time import sleep

import apsw

from qframe import StorageError
from qframe_plugins.storages._sqlite.connection import open_writable
from qframe_plugins.storages._sqlite.lock_holders import described, locks, parent_of
from qframe_plugins.storages._sqlite.own_file import OwnFile
from qframe_plugins.storages._sqlite.write_back import WriteBack

TASKS_IN_FLIGHT = 8
"""Transactions that may wait behind a checkpoint on a slow disk."""

RESTART_AT = 2
"""Multiple of the checkpoint's pages at which a writer stops the others to start the log over."""


class WalKeeper:
    """Copies a writer's log into the file after commits, as SQLite's `wal_autocheckpoint` does.

    With many writers another one always writes before a checkpoint ends. So the log is never copied
    to its end and never starts over: with 32 writers it grew to 424 MB instead of the 64 MB that
    were asked for (measured). So a writer that sees a log of twice the length copies the rest while
    it holds the lock. It waits for no reader; `pinned_wal` reports readers that stay in the way.

    Args:
        db: the writer's connection.
        own: the file that it writes. The log is copied into no other.
        path: the dataset file.
        pages: length of the log at which it is copied, in pages; 0: never.

    Attributes:
        log_pages: length of the log after this writer's last commit, in pages; 0 once started over.
    """

    def __init__(self, db: apsw.Connection, own: OwnFile, path: Path, pages: int) -> None:
        self._db = db
        self._path = path
        self._own = own
        self._pages = pages
        self.log_pages = 0
        self._second: apsw.Connection | None = None
        self._write_back = WriteBack(path)
        if pages:
            db.set_wal_hook(self.after_commit)

    def after_commit(self, db: apsw.Connection, _name: str, pages: int) -> int:
        """SQLite calls this after each commit, with the log's length in pages."""
        self.log_pages = pages
        if pages >= self._pages:
            # Another writer does it, or it fails, or the file is a stranger's: commits stay stored.
            with suppress(apsw.Error, StorageError):
                self._own.check(db)
                db.wal_checkpoint()
            self._write_back.grown()
        return apsw.SQLITE_OK

    def before_write(self) -> None:
        """To be called before each transaction; starts the log over if it is too long."""
        if not self._pages or self.log_pages < RESTART_AT * self._pages:
            return
        self.log_pages = 0
        self._own.check(self._db)  # else the log would be copied into a stranger's file
        if self._second is None:  # no connection can checkpoint within its own transaction
            self._second = open_writable(self._path, keep_wal=True)
            # As the writer's: with the default all writers would wait for the disk.
            self._second.pragma("synchronous", self._db.pragma("synchronous"))
            self._second.pragma("user_version")  # it sees the log only after a read
        self._db.execute("BEGIN IMMEDIATE")
        try:
            with suppress(apsw.FullError, apsw.IOError):
                copy_log(self._second)
        finally:
            self._db.execute("ROLLBACK")

    def close(self) -> None:
        """Closes the connection for checkpoints, and ends sending the file to the disk."""
        self._write_back.close()
        if self._second is not None:
            self._second.close()


def copy_log(db: apsw.Connection) -> None:
    """Runs a checkpoint, once a checkpoint of another writer has ended."""
    for _ in range(1000):
        try:
            db.wal_checkpoint()
            return
        except apsw.BusyError:
            sleep(0.002)


def pinned_wal(path: Path, checkpoint_bytes: int, task_bytes: int) -> str | None:
    """A line that says why the `-wal` of `path` is far too large, or None if it is not.

    Args:
        path: the dataset file.
        checkpoint_bytes: bytes of the log at which it is copied.
        task_bytes: bytes of a transaction.
    """
    wal = path.with_name(f"{path.name}-wal")
    try:
        size = wal.stat().st_size
    except FileNotFoundError:
        return None
    if size <= 4 * checkpoint_bytes + TASKS_IN_FLIGHT * task_bytes:
        return None
    grown = f"{wal} has grown to {size:,} bytes"
    readers = {lock.pid for lock in locks(path) if lock.reads_log and not _is_ours(lock.pid)}
    who = ", ".join(map(described, sorted(readers)))
    if not who:
        return f"{grown}: no other program seems to read it, so the disk does not keep up"
    return (
        f"{grown}: {who} keeps reading an old state of the dataset, so that the log cannot start "
        "over. It grows until that read ends"
    )


def _is_ours(pid: int) -> bool:
    """Whether a process is a worker of this one, or has ended; workers read only for moments."""
    return parent_of(pid) in (os.getpid(), None)
