"""A SQLite file as a whole: how it is made, connected to for writing, and recovered after a kill.

Dataset files and the catalogue of a dataset in shards are both made and opened this way.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import apsw

from qframe import StorageError
from qframe_plugins.storages._sqlite.connection import (
    file_header,
    has_hot_journal,
    has_wal,
    in_wal_mode,
    open_readonly,
    open_writable,
    translated,
)
from qframe_plugins.storages._sqlite.lock_wait import LockWait
from qframe_plugins.storages._sqlite.own_file import OwnFile
from qframe_plugins.storages._sqlite.tables import SEAL, Tables, seal


class Database:
    """One SQLite file of a dataset.

    Args:
        path: the file.
        synchronous: `off`, `normal` or `full`, set on each connection that writes.

    Attributes:
        own: the file that a run writes, from `claim` on. No other one is written then.
    """

    def __init__(self, path: Path, synchronous: str) -> None:
        self.path = path
        self.synchronous = synchronous
        self.own: OwnFile | None = None

    def make(self, new: Path, tables: Tables, page_size: int) -> int:
        """Makes a file at `new`, which will move to `path`: all tables, and no records.

        Returns:
            the random number of the file.
        """
        with closing(self.connect(new)) as db, translated(self.path):
            db.pragma("page_size", page_size)
            db.pragma("application_id", tables.application_id)
            dataset_id = 1 + secrets.randbelow(2**31 - 1)
            db.pragma("user_version", dataset_id)
            with db:
                for statement in (*tables.table_ddl().values(), *tables.view_ddl().values()):
                    db.execute(statement)
                for sql, rows in tables.rows(dataset_id):
                    db.executemany(sql, rows)
            return dataset_id

    def connect(
        self, new: Path | None = None, *, keep_wal: bool = False, wait: LockWait | None = None
    ) -> apsw.Connection:
        """A connection that writes; with `new` it makes that file in place of opening `path`."""
        made = new is not None
        db = open_writable(new or self.path, create=made, keep_wal=keep_wal, wait=wait)
        try:
            with translated(self.path):
                if self.own is not None and new is None:
                    self.own.check(db)
                db.pragma("synchronous", self.synchronous)
        except BaseException:
            db.close()
            raise
        return db

    def claim(self, number: int | None = None) -> None:
        """Makes the file that is at `path` now the one that is written.

        Args:
            number: the random number that it must have, if that is known.

        Raises:
            StorageError: it has another number.
        """
        with closing(self.connect(keep_wal=True)) as db, translated(self.path):
            self.own = OwnFile(self.path, db, number)

    def set_journal_mode(self, mode: str) -> None:
        """Raises StorageError if SQLite stays in another mode."""
        wait = LockWait(self.path)
        with closing(self.connect(keep_wal=True, wait=wait)) as db, translated(self.path):
            got = wait.until_free(lambda: db.pragma("journal_mode", mode))
            if got != mode:
                raise StorageError(
                    f"{self.path}: SQLite answered journal mode {got!r}, want {mode!r}",
                    hint="use storage: sqlite-rollback, or a local disk",
                )

    def set_records(self, records: int) -> None:
        """Writes the number of records of the whole dataset into `meta`."""
        with closing(self.connect(keep_wal=True)) as db, translated(self.path), db:
            # Page 1 is the first that is changed, as in every transaction.
            db.pragma("user_version", db.pragma("user_version"))
            db.execute("UPDATE meta SET value = ? WHERE key = 'records'", (records,))
            meta = dict(db.execute("SELECT key, value FROM meta"))
            db.execute("UPDATE meta SET value = ? WHERE key = ?", (seal(meta), SEAL))

    def companions(self) -> Iterator[Path]:
        """The `-wal`, `-shm` and `-journal` that exist beside the file."""
        for suffix in ("-wal", "-shm", "-journal"):
            companion = self.path.with_name(self.path.name + suffix)
            if companion.exists():
                yield companion

    def abandon(self) -> Iterator[Path]:
        """Moves the log or journal away from beside another file; yields where it is now.

        It stays if it belongs to that file: a directory may have been put in place of another.
        """
        if self.own is not None and not self.own.is_replaced():
            return
        shm = self.path.with_name(f"{self.path.name}-shm")
        for companion in self.companions():
            if companion == shm or (self.own is not None and not self.own.owns(companion)):
                continue
            if companion.name.endswith("-wal"):
                shm.unlink(missing_ok=True)  # an index of the log, which SQLite makes again
            end = companion.name.removeprefix(self.path.name)
            names = (self.path.with_name(f"{self.path.name}.left-{n}{end}") for n in count(1))
            left = next(name for name in names if not os.path.lexists(name))
            companion.rename(left)
            yield left

    def refuse_strays(self) -> None:
        """Refuses a log or journal without its file: SQLite would apply it to a new file.

        Raises:
            StorageError: names the log or journal.
        """
        for companion in self.companions():
            if companion.name.endswith(("-wal", "-journal")) and companion.stat().st_size:
                raise StorageError(
                    f"{companion} exists, but {self.path.name}, to which it belongs, does not",
                    hint=f"put {self.path.name} back beside it, or move {companion.name} away",
                )

    def in_wal_mode(self) -> bool:
        """Whether the file's own header says WAL, as a killed run leaves it."""
        with closing(open_readonly(self.path)) as db, translated(self.path):
            return in_wal_mode(file_header(db))

    def lost_wal(self) -> bool:
        """Whether the file was left in WAL mode, and its WAL is gone."""
        return self.in_wal_mode() and not has_wal(self.path)

    def half_done(self) -> bool:
        """Whether a rollback journal waits to be played back, which no reader may do."""
        return has_hot_journal(self.path)

    def recover(self) -> None:
        """Reads once with a connection that may write: SQLite then plays the journal back."""
        with closing(self.connect(keep_wal=True)) as db, translated(self.path):
            db.pragma("user_version")
