"""Connections to a SQLite file of a dataset, and SQLite's errors as qframe's errors."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import apsw

from qframe import (
    CannotOpen,
    DiskFull,
    NotADataset,
    StorageBusy,
    StorageError,
    exhausted,
    irregular,
    open_regular,
    shell_words,
)
from qframe_plugins.storages._sqlite.lock_holders import in_the_way
from qframe_plugins.storages._sqlite.lock_wait import LockWait

APPLICATION_ID = 0x71667264
"""`qfrd`, the application id of every dataset file; `file` and `PRAGMA application_id` show it."""

CATALOGUE_ID = 0x71667263
"""`qfrc`, the application id of a catalogue of shards."""

LONGEST_PATH = 512 - 48
"""Bytes of the longest path of a file: SQLite's limit, less those of its companions' names."""

COMPANIONS = ("-wal", "-shm", "-journal")
"""What SQLite appends to a file's name for the files that it keeps beside it."""

SQLITE_LIMITS = {
    apsw.SQLITE_LIMIT_ATTACHED: 0,
    apsw.SQLITE_LIMIT_COLUMN: 200,
    apsw.SQLITE_LIMIT_COMPOUND_SELECT: 10,
    apsw.SQLITE_LIMIT_EXPR_DEPTH: 100,
    apsw.SQLITE_LIMIT_SQL_LENGTH: 1_000_000,
    apsw.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    apsw.SQLITE_LIMIT_WORKER_THREADS: 0,
}
"""Far above what a dataset needs, far below what a hostile schema might ask for."""


def open_writable(
    path: Path, *, create: bool = False, keep_wal: bool = False, wait: LockWait | None = None
) -> apsw.Connection:
    """A connection that may write; with `create` it may make a new file.

    `wait` says how it waits for the locks of others.

    With `keep_wal` the `-wal` stays when the last connection is closed. Only `finish` removes it.
    So if a file in WAL mode has no `-wal`, somebody took it away.

    Raises:
        NotADataset: a `-wal` or `-journal` beside the file was written for another file. SQLite
            would copy it into this one.
    """
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI
    flags |= apsw.SQLITE_OPEN_CREATE if create else 0
    with translated(path):
        refuse_irregular(path)
        db = apsw.Connection(_uri(path, "rwc" if create else "rw"), flags=flags)
        db.set_busy_handler(wait or LockWait(path))
        db.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)  # those of a file from anywhere
        db.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)  # until the log is known to be its own
        try:
            if not create:
                _refuse_foreign_journal(db, path)
                _refuse_foreign_wal(db, path)
            db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, int(keep_wal))
        except BaseException:
            db.close()
            raise
        return db


def open_readonly(path: Path) -> apsw.Connection:
    """A read-only connection to a file from anywhere: nothing in it is trusted.

    Raises:
        NotADataset: the `-wal` beside the file was written for another file.
    """
    refuse_irregular(path)
    db = connect_unread(path)
    try:
        with translated(path):
            _refuse_foreign_wal(db, path)
    except BaseException:
        db.close()
        raise
    return db


def connect_unread(path: Path) -> apsw.Connection:
    """A read-only connection that has read nothing yet: the log may be that of another file."""
    with translated(path):
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        db = apsw.Connection(_uri(path, "ro"), flags=flags)
        db.set_busy_handler(LockWait(path))
        db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        db.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
        db.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        db.pragma("query_only", True)
        db.pragma("cell_size_check", True)
        for limit, value in SQLITE_LIMITS.items():
            db.limit(limit, value)
        return db


def _uri(path: Path, mode: str) -> str:
    """The path as SQLite takes any name for a plain file: `:memory:`, `a?b`, and no UTF-8 too."""
    return f"file:{quote(os.fsencode(path.absolute()))}?mode={mode}"


def refuse_long_path(path: Path) -> None:
    """Raises StorageError if SQLite, whose paths have at most 512 bytes, could not open it."""
    length = len(os.fsencode(path.absolute()))
    if length > LONGEST_PATH:
        raise StorageError(
            f"...{str(path)[-40:]} is a path of {length} bytes, SQLite opens at most "
            f"{LONGEST_PATH}",
            hint="name another --output",
        )


def refuse_irregular(path: Path) -> None:
    """Refuses a file or companion that is a pipe, a device or a link: SQLite would wait, or follow.

    Raises:
        CannotOpen: names it, and what it is.
    """
    for companion in (path, *(path.with_name(path.name + end) for end in COMPANIONS)):
        kind = irregular(companion, follow=companion == path)
        if kind is not None:
            raise CannotOpen(f"{companion} is {kind}, want a regular file", hint="move it away")


def refuse_after_fork(owner: int, path: Path) -> None:
    """Refuses to use a connection in a process that did not open it.

    A child process has none of its parent's locks, and closing the connection in the child drops
    the locks of the parent.

    Raises:
        StorageError: names both processes.
    """
    if os.getpid() != owner:
        raise StorageError(
            f"{path}: this connection belongs to process {owner}, not {os.getpid()}",
            hint="open the dataset in the process that uses it",
        )


def file_header(db: apsw.Connection) -> bytes:
    """The first 100 bytes of the file itself, without what a `-wal` changes in them.

    They are read through SQLite, because closing a plain file handle would drop this process's
    locks on the file.
    """
    return db.read("main", 0, 0, 100)[1]


def dataset_number(db: apsw.Connection) -> bytes:
    """What the header of the file itself says of its dataset: random number and application id."""
    header = file_header(db)
    return header[60:64] + header[68:72]


def in_wal_mode(header: bytes) -> bool:
    """Whether a file's header says WAL mode, as it does between `resume` and `finish`."""
    return header[18:20] == b"\2\2"


def wal_of(path: Path) -> Path:
    """The path of the file's `-wal`."""
    return path.with_name(f"{path.name}-wal")


def has_wal(path: Path) -> bool:
    """Whether the file has a `-wal` that is not empty."""
    wal = wal_of(path)
    return wal.exists() and wal.stat().st_size > 0


def has_hot_journal(path: Path) -> bool:
    """Whether a killed writer in rollback mode left its journal: the file is then half changed.

    When a transaction ends, SQLite zeroes the head of the journal, truncates it, or removes it.
    """
    journal = path.with_name(f"{path.name}-journal")
    try:
        with os.fdopen(open_regular(journal, os.O_RDONLY), "rb") as file:
            return any(file.read(8))
    except OSError:
        return False


def _refuse_foreign_wal(db: apsw.Connection, path: Path) -> None:
    """Refuses a `-wal` that was not written for this file.

    SQLite would use it: it checks a WAL only against itself, and reads it in any journal mode. The
    pages of the WAL would then hide those of the file. Two rules prevent that. A finished file must
    not have a WAL. And every transaction of qframe writes page 1, with the dataset's own random
    number as user version: read through the WAL, it must be the number that the file itself has.
    """
    header = file_header(db)
    if not has_wal(path):
        if in_wal_mode(header) and path.stat().st_nlink > 1:
            raise CannotOpen(
                f"{path} is being written under another name (a hard link), where its log is",
                hint=f"open that one: find -samefile {path}",
            )
        return
    own = int.from_bytes(header[60:64], "big", signed=True)
    if not in_wal_mode(header) or db.pragma("user_version") != own:
        raise NotADataset(
            f"{wal_of(path)} does not belong to {path.name}: it was written for another file",
            hint="move it away, and check the dataset with `qframe verify`",
        )


def _refuse_foreign_journal(db: apsw.Connection, path: Path) -> None:
    """Refuses a `-journal` that was not written for this file.

    SQLite would play it back into any file of its name. The first page that a transaction of qframe
    changes is page 1, so the journal begins with page 1 as it was, and the file's number in it.
    """
    own = file_header(db)[60:64] if has_hot_journal(path) else b""
    never = bytes(4)  # a power cut leaves zeros; no dataset has this number
    if own != never and own and journal_user_version(path) not in (own, never, None):
        raise NotADataset(
            f"{path.name}-journal does not belong to {path.name}: it was written for another file",
            hint="move it away, and check the dataset with `qframe verify`",
        )


def journal_user_version(path: Path) -> bytes | None:
    """The 4 bytes of the user version in the `-journal` of a file; None if it begins otherwise.

    https://sqlite.org/fileformat.html#the_rollback_journal
    """
    journal = path.with_name(f"{path.name}-journal")
    with os.fdopen(open_regular(journal, os.O_RDONLY), "rb") as file:
        head = file.read(28)
        file.seek(int.from_bytes(head[20:24], "big"))
        record = file.read(4 + 64)
    return record[64:68] if record[:4] == b"\0\0\0\1" else None


def is_dataset(path: Path) -> bool:
    """Whether the file has the application id of a dataset file."""
    return _application_id(path) == APPLICATION_ID


def is_catalogue(path: Path) -> bool:
    """Whether the file has the application id of a catalogue of shards."""
    return _application_id(path) == CATALOGUE_ID


HEAD_BYTES = 16 << 20
"""Bytes at the beginning of a file in which its mark is looked for: its schema is there."""

_MARKS = (
    b"CREATE TABLE ledger(block INTEGER PRIMARY KEY, records INTEGER NOT NULL",
    b"CREATE TABLE gates(code INTEGER PRIMARY KEY, bytes BLOB NOT NULL",
    b"CREATE TABLE blocks(block INTEGER PRIMARY KEY, ",
    b"CREATE TABLE records(id INTEGER PRIMARY KEY, lengths ",
    b"CREATE VIEW circuits AS SELECT record, ",
    b"CREATE TABLE shards(shard INTEGER PRIMARY KEY, dataset_id INTEGER NOT NULL)",
    b"qframe dataset",
    b"qframe catalogue",
)
"""Texts of the schema and of the table `meta`, which no other program writes."""


def bears_mark(path: Path, marks: Sequence[bytes] = ()) -> bool:
    """Whether a damaged file shows that it was a dataset or a catalogue, maybe by other `marks`.

    So does a file that holds nothing but zeros, or nothing at all: a power cut leaves such files,
    and nobody has anything to lose in them.

    The file is read through SQLite, as `file_header` explains.
    """
    if not path.is_file():
        return False
    try:
        with closing(connect_unread(path)) as db:
            head = db.read("main", 0, 0, min(HEAD_BYTES, max(100, path.stat().st_size)))[1]
    except (StorageError, apsw.Error, OSError):
        return False
    for end in COMPANIONS:  # a -wal holds page 1, and with it the schema
        with suppress(OSError):
            beside = path.with_name(path.name + end)
            with os.fdopen(open_regular(beside, os.O_RDONLY), "rb") as file:
                head += file.read(HEAD_BYTES)
    ids = (APPLICATION_ID.to_bytes(4), CATALOGUE_ID.to_bytes(4))
    return head[68:72] in ids or not any(head) or any(mark in head for mark in (*_MARKS, *marks))


def _application_id(path: Path) -> int | None:
    """The file's application id, read through SQLite; None if there is no SQLite file."""
    if not path.is_file():
        return None
    try:
        with closing(connect_unread(path)) as db:
            # The header itself also answers for a file in the middle of a cut transaction.
            own = int.from_bytes(file_header(db)[68:72], "big")
            if own in (APPLICATION_ID, CATALOGUE_ID):
                return own
            refuse_irregular(path)  # from here on SQLite looks for a journal
            return int(db.pragma("application_id"))
    except (StorageError, apsw.Error):
        return None


def _disk_full(path: Path, limit: str | None = None) -> DiskFull:
    return DiskFull(
        f"{path}: {limit or 'the disk is full'}", hint="free space and run the same command again"
    )


def _advice() -> str:
    """A hint for a file that cannot be opened; SQLite does not say whether handles are left."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return "raise the limit of open files (`ulimit -n`)"
    return "check that it exists and its permissions"


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns SQLite's errors into qframe's errors, which name the file and what to do."""
    try:
        yield
    except apsw.FullError as cause:
        raise _disk_full(path) from cause
    except apsw.NotADBError as cause:
        raise NotADataset(f"{path} is not a SQLite file") from cause
    except apsw.CorruptError as cause:
        raise StorageError(
            f"{path} is damaged: {cause}",
            hint="its records can be made again from the recipe: "
            + shell_words("qframe", "verify", path, "--repair"),
        ) from cause
    except apsw.BusyError as cause:
        who = in_the_way(path) or "another program"
        raise StorageBusy(
            f"{path}: {cause}: {who} has it open",
            hint="once that program has closed the file, run the same command again",
        ) from cause
    except apsw.ReadOnlyError as cause:
        if not has_hot_journal(path):
            raise CannotOpen(f"{path} cannot be written: {cause}", hint=_advice()) from cause
        raise CannotOpen(
            f"{path}: a run was cut off in the middle of a transaction, which must be undone first",
            hint="run it again, or `qframe verify --repair`",
        ) from cause
    except (apsw.CantOpenError, apsw.PermissionsError, apsw.AuthError) as cause:
        limit = exhausted(path)  # SQLite says the same where no -wal could be made
        if limit is not None:
            raise _disk_full(path, limit) from cause
        raise CannotOpen(f"{path} cannot be opened: {cause}", hint=_advice()) from cause
    except apsw.IOError as cause:
        # SQLite reports a quota, a limit of file sizes and a full disk like this, too.
        limit = exhausted(path)
        if limit is not None:
            raise _disk_full(path, limit) from cause
        raise StorageError(f"{path}: input/output error: {cause}") from cause
    except apsw.SQLError as cause:
        raise NotADataset(f"{path} lacks what a qframe dataset has: {cause}") from cause
    except apsw.Error as cause:
        raise StorageError(f"{path}: {cause}") from cause
    except UnicodeDecodeError as cause:
        raise NotADataset(f"{path} holds text that is not UTF-8") from cause
