"""Connections to a dataset file, and SQLite's errors in the user's words."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import apsw

from qframe import NotADataset, StorageError

APPLICATION_ID = 0x71667264
"""`qfrd`, in the header of every dataset file: what `file` and `PRAGMA application_id` show."""

ROOM_TO_WORK = 1 << 20
"""With less free than this, an input/output error means that the disk is full."""

WAIT_MS = 600_000
"""How long a writer waits for its turn; with blocking locks in a queue, so a safety net."""


def open_writable(path: Path, *, create: bool = False) -> apsw.Connection:
    """A connection that may write; `create` allows a new file."""
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
    with translated(path):
        db = apsw.Connection(str(path), flags=flags)
        db.set_busy_timeout(WAIT_MS)
        # In builds with SQLITE_ENABLE_SETLK_TIMEOUT writers block in the kernel instead of polling.
        db.setlk_timeout(WAIT_MS, 0)
        return db


def open_readonly(path: Path) -> apsw.Connection:
    """A connection for a file that anyone may have made: read-only, nothing in it trusted."""
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    with translated(path):
        db = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        db.set_busy_timeout(WAIT_MS)
        db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        db.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        db.pragma("query_only", True)
        db.pragma("cell_size_check", True)
        return db


def is_dataset(path: Path) -> bool:
    """Whether the file carries our application id.

    Read through SQLite: closing a plain file handle would drop this process's locks on the file.
    """
    if not path.is_file():
        return False
    try:
        with closing(open_readonly(path)) as db:
            return bool(db.pragma("application_id") == APPLICATION_ID)
    except (StorageError, apsw.Error):
        return False


def _disk_full(path: Path) -> StorageError:
    return StorageError(
        f"{path}: the disk is full", hint="free space and run the same command again"
    )


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
            f"{path} is damaged: {cause}", hint="its records can be made again from the recipe"
        ) from cause
    except apsw.BusyError as cause:
        raise StorageError(
            f"{path}: {cause} (another connection holds the lock)",
            hint="close programs that have the file open, or raise storage.timeout",
        ) from cause
    except (apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError, apsw.AuthError) as cause:
        raise StorageError(
            f"{path} cannot be opened: {cause}", hint="check that it exists and its permissions"
        ) from cause
    except apsw.IOError as cause:
        # SQLite cannot say that the disk is full where its shared memory file could not grow.
        if shutil.disk_usage(path.absolute().parent).free < ROOM_TO_WORK:
            raise _disk_full(path) from cause
        raise StorageError(f"{path}: input/output error: {cause}") from cause
    except apsw.SQLError as cause:
        raise NotADataset(f"{path} lacks what a qframe dataset has: {cause}") from cause
