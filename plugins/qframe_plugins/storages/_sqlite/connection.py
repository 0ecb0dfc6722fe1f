"""Connections to a dataset file, and SQLite's errors in the user's words."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import apsw

from qframe import DiskFull, NotADataset, StorageBusy, StorageError

APPLICATION_ID = 0x71667264
"""`qfrd`, in the header of every dataset file: what `file` and `PRAGMA application_id` show."""

CATALOGUE_ID = 0x71667263
"""`qfrc`, in the header of a catalogue of shards."""

LEAST_FREE_BYTES = 1 << 20
"""Free bytes below which an input/output error means that the disk is full."""

WAIT_MS = 600_000
"""How long a writer waits for its turn; with blocking locks in a queue, so a safety net."""


LIMITS = {
    apsw.SQLITE_LIMIT_ATTACHED: 0,
    apsw.SQLITE_LIMIT_COLUMN: 200,
    apsw.SQLITE_LIMIT_COMPOUND_SELECT: 10,
    apsw.SQLITE_LIMIT_EXPR_DEPTH: 100,
    apsw.SQLITE_LIMIT_SQL_LENGTH: 1_000_000,
    apsw.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    apsw.SQLITE_LIMIT_WORKER_THREADS: 0,
}
"""Far above what a dataset needs, far below what a hostile schema might ask for."""


def open_writable(path: Path, *, create: bool = False, keep_wal: bool = False) -> apsw.Connection:
    """A connection that may write; `create` allows a new file.

    With `keep_wal` the last one to close leaves the `-wal` where it is. Only `finish` removes it,
    so that a file in WAL mode without one is a file that somebody took it from.
    """
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
    with translated(path):
        db = apsw.Connection(str(path), flags=flags)
        db.set_busy_timeout(WAIT_MS)
        # In builds with SQLITE_ENABLE_SETLK_TIMEOUT writers block in the kernel instead of polling.
        db.setlk_timeout(WAIT_MS, 0)
        db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, int(keep_wal))
        return db


def open_readonly(path: Path) -> apsw.Connection:
    """A connection for a file that anyone may have made: read-only, nothing in it trusted.

    Raises:
        NotADataset: a `-wal` stands beside the file that is not its own.
    """
    db = _connect_readonly(path)
    try:
        with translated(path):
            _refuse_foreign_wal(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _connect_readonly(path: Path) -> apsw.Connection:
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    with translated(path):
        db = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        db.set_busy_timeout(WAIT_MS)
        db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        db.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        db.pragma("query_only", True)
        db.pragma("cell_size_check", True)
        for limit, value in LIMITS.items():
            db.limit(limit, value)
        return db


def refuse_after_fork(owner: int, path: Path) -> None:
    """Refuses a connection in a process that did not open it.

    A child has none of its parent's locks, and closing the connection there drops the parent's.

    Raises:
        StorageError: names both processes.
    """
    if os.getpid() != owner:
        raise StorageError(
            f"{path}: this connection belongs to process {owner}, not {os.getpid()}",
            hint="open the dataset in the process that uses it",
        )


def file_header(db: apsw.Connection) -> bytes:
    """The first 100 bytes of the file itself, whatever a `-wal` says of them.

    Read through SQLite: closing a plain file handle would drop this process's locks on the file.
    """
    return db.read("main", 0, 0, 100)[1]


def in_wal_mode(header: bytes) -> bool:
    """Whether the file's own header says WAL, as it does from `resume` to `finish`."""
    return header[18:20] == b"\2\2"


def wal_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def has_wal(path: Path) -> bool:
    wal = wal_of(path)
    return wal.exists() and wal.stat().st_size > 0


def has_hot_journal(path: Path) -> bool:
    """Whether a killed writer in rollback mode left its journal: the file is half changed.

    SQLite zeroes the head of a journal, cuts it, or removes it, once a transaction is through.
    """
    journal = path.with_name(f"{path.name}-journal")
    try:
        with journal.open("rb") as file:
            return any(file.read(8))
    except OSError:
        return False


def _refuse_foreign_wal(db: apsw.Connection, path: Path) -> None:
    """Refuses a `-wal` that was not written for this file.

    SQLite would use it: a WAL is checked against itself alone, and it is read whatever journal
    mode the file's header names. Its pages would then hide those of the file. So a finished file
    must have none; and a transaction that makes a file longer writes page 1, whose user version
    is the dataset's own random number: seen through the WAL it must be that of the file itself.
    """
    if not has_wal(path):
        return
    header = file_header(db)
    own = int.from_bytes(header[60:64], "big", signed=True)
    if not in_wal_mode(header) or db.pragma("user_version") != own:
        raise NotADataset(
            f"{wal_of(path)} does not belong to {path.name}: it was written for another file",
            hint="move it away, and check the dataset with `qframe verify`",
        )


def is_dataset(path: Path) -> bool:
    """Whether the file carries our application id."""
    return _application_id(path) == APPLICATION_ID


def is_catalogue(path: Path) -> bool:
    """Whether the file is the catalogue of a dataset in shards."""
    return _application_id(path) == CATALOGUE_ID


def _application_id(path: Path) -> int | None:
    """Read through SQLite: closing a plain file handle would drop this process's locks on it."""
    if not path.is_file():
        return None
    try:
        with closing(_connect_readonly(path)) as db:
            # The file's own word, if it is in the middle of a transaction that was cut off.
            own = int.from_bytes(file_header(db)[68:72], "big")
            if own in (APPLICATION_ID, CATALOGUE_ID):
                return own
            return int(db.pragma("application_id"))
    except (StorageError, apsw.Error):
        return None


def _disk_full(path: Path) -> DiskFull:
    return DiskFull(f"{path}: the disk is full", hint="free space and run the same command again")


def _advice() -> str:
    """SQLite does not say why a file could not be opened; whether handles are left is seen here."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return "raise the limit of open files (`ulimit -n`)"
    return "check that it exists and its permissions"


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns SQLite's errors into one line that names the path and the way out."""
    try:
        yield
    except apsw.FullError as cause:
        raise _disk_full(path) from cause
    except apsw.NotADBError as cause:
        raise NotADataset(f"{path} is not a SQLite file") from cause
    except apsw.CorruptError as cause:
        raise StorageError(
            f"{path} is damaged: {cause}",
            hint=f"its records can be made again from the recipe: qframe verify {path} --repair",
        ) from cause
    except apsw.BusyError as cause:
        raise StorageBusy(
            f"{path}: {cause} (another connection holds the lock)",
            hint="close programs that have the file open, or raise storage.timeout",
        ) from cause
    except apsw.ReadOnlyError as cause:
        if not has_hot_journal(path):
            raise StorageError(f"{path} cannot be written: {cause}", hint=_advice()) from cause
        raise StorageError(
            f"{path}: a run was cut off in the middle of a transaction, which must be undone first",
            hint="run it again, or `qframe verify --repair`",
        ) from cause
    except (apsw.CantOpenError, apsw.PermissionsError, apsw.AuthError) as cause:
        raise StorageError(f"{path} cannot be opened: {cause}", hint=_advice()) from cause
    except apsw.IOError as cause:
        # SQLite cannot say that the disk is full where its shared memory file could not grow.
        if shutil.disk_usage(path.absolute().parent).free < LEAST_FREE_BYTES:
            raise _disk_full(path) from cause
        raise StorageError(f"{path}: input/output error: {cause}") from cause
    except apsw.SQLError as cause:
        raise NotADataset(f"{path} lacks what a qframe dataset has: {cause}") from cause
    except apsw.Error as cause:
        raise StorageError(f"{path}: {cause}") from cause
    except UnicodeDecodeError as cause:
        raise NotADataset(f"{path} holds text that is no UTF-8") from cause
