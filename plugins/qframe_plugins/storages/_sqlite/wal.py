"""The write-ahead log: kept short by every writer, and who is in the way where that fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import sleep

import apsw

from qframe_plugins.storages._sqlite.connection import open_writable
from qframe_plugins.storages._sqlite.write_back import WriteBack

READ_LOCKS = range(123, 128)
"""Bytes of the `-shm` file that a reader locks, one of them for as long as it reads.

https://sqlite.org/walformat.html#wal_locks
"""

TASKS_IN_FLIGHT = 8
"""Transactions that may pile up behind a checkpoint on a slow disk."""

RESTART_AT = 2
"""Checkpoints' worth of pages at which a writer stops the others to start the log over."""


class WalKeeper:
    """Copies the log into the file after a commit, as SQLite's own `wal_autocheckpoint` does.

    With many writers the next one always begins before a checkpoint ends, so that the log is never
    copied to its end and never starts over: measured with 32 writers, 424 MB where 64 MB were
    asked for. So a writer that sees a log twice too long copies the rest while it holds the lock.
    It waits for no reader: one that stays in an old state is told of by `pinned_wal`.
    """

    def __init__(self, db: apsw.Connection, path: Path, pages: int) -> None:
        self._db = db
        self._path = path
        self._pages = pages
        self._seen = 0
        self._second: apsw.Connection | None = None
        self._write_back = WriteBack(path)
        if pages:
            db.set_wal_hook(self._after_commit)

    def _after_commit(self, db: apsw.Connection, _name: str, pages: int) -> int:
        self._seen = pages
        if pages >= self._pages:
            with suppress(apsw.Error):  # another is at it, or it cannot: what is stored is stored
                db.wal_checkpoint()
            self._write_back.grown()
        return apsw.SQLITE_OK

    def before_write(self) -> None:
        """To be called outside a transaction; nearly always compares two numbers."""
        if not self._pages or self._seen < RESTART_AT * self._pages:
            return
        self._seen = 0
        if self._second is None:  # no connection can checkpoint within its own transaction
            self._second = open_writable(self._path, keep_wal=True)
            # As its maker's: the default would wait for the disk with all writers behind it.
            self._second.pragma("synchronous", self._db.pragma("synchronous"))
            self._second.pragma("user_version")  # it knows of the log once it has read
        self._db.execute("BEGIN IMMEDIATE")
        try:
            with suppress(apsw.FullError, apsw.IOError):
                _copy_all(self._second)
        finally:
            self._db.execute("ROLLBACK")

    def close(self) -> None:
        """Closes the second connection; what the file has grown by goes on to the disk."""
        self._write_back.close()
        if self._second is not None:
            self._second.close()


def _copy_all(db: apsw.Connection) -> None:
    """A checkpoint, after the one that another writer may be at: that one waits for nobody."""
    for _ in range(1000):
        try:
            db.wal_checkpoint()
            return
        except apsw.BusyError:
            sleep(0.002)


def pinned_wal(path: Path, checkpoint_bytes: int, task_bytes: int) -> str | None:
    """One line if the `-wal` of `path` is far larger than checkpoints would let it become."""
    wal = path.with_name(f"{path.name}-wal")
    try:
        size = wal.stat().st_size
    except FileNotFoundError:
        return None
    if size <= 4 * checkpoint_bytes + TASKS_IN_FLIGHT * task_bytes:
        return None
    grown = f"{wal} has grown to {size:,} bytes"
    who = ", ".join(_words(pid) for pid in sorted(set(_readers(path))))
    if not who:
        return f"{grown}: no other program is seen to read it, so the disk does not keep up"
    return (
        f"{grown}: {who} keeps reading an old state of the dataset, so that the log cannot start "
        "over. End that read: it goes on growing until then"
    )


def _readers(path: Path) -> Iterator[int]:
    """Processes outside this run that hold a read lock on the WAL, as the kernel lists locks."""
    try:
        found = path.with_name(f"{path.name}-shm").stat()
        table = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return
    inode = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    for line in table:
        _, kind, _, _, pid, where, first, last = line.replace("-> ", "").split()[:8]
        reads = kind == "POSIX" and where == inode and last != "EOF"
        # SQLite locks single bytes; a span belongs to somebody else.
        if reads and first == last and int(first) in READ_LOCKS and not _is_ours(int(pid)):
            yield int(pid)


def _is_ours(pid: int) -> bool:
    """This process or a worker of it, which reads for moments only."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True  # gone
    return os.getpid() in (pid, int(stat.rpartition(")")[2].split()[1]))


def _words(pid: int) -> str:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except (OSError, UnicodeDecodeError):
        command = ""
    short = command if len(command) <= 80 else f"{command[:77]}..."
    return f"process {pid}{f' ({short})' if short else ''}"
