"""A dataset in one SQLite file: what the storages of both journal modes share."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar, TypeVar

import apsw

from qframe import (
    Estimate,
    Header,
    Loss,
    Storage,
    StorageBusy,
    StorageError,
    Writer,
    move_new,
    record_width,
    shell_words,
)
from qframe_plugins.storages._sqlite.checks import problems, refuse_foreign_schema
from qframe_plugins.storages._sqlite.connection import (
    bears_mark,
    file_header,
    in_wal_mode,
    is_dataset,
    refuse_long_path,
    translated,
)
from qframe_plugins.storages._sqlite.database import Database
from qframe_plugins.storages._sqlite.lock_wait import LockWait
from qframe_plugins.storages._sqlite.options import SqliteFileOptions, Synchronous
from qframe_plugins.storages._sqlite.page_size import row_bytes
from qframe_plugins.storages._sqlite.reader import SqliteReader
from qframe_plugins.storages._sqlite.tables import Tables, marks
from qframe_plugins.storages._sqlite.writer import SqliteWriter

FINISH_S = 3
"""Seconds that the end of a run waits for programs that read the file."""

O_co = TypeVar("O_co", bound=SqliteFileOptions, covariant=True)


class SqliteFile(Storage[O_co]):
    """A dataset in one SQLite file; the subclass says journal mode and pragmas.

    Attributes:
        journal_mode: SQLite's mode while the file is written. A finished file is in mode `delete`.
        power_cut: what a power cut may cost, by the option `synchronous`.
    """

    journal_mode: ClassVar[str]
    kill_may_cost: Loss = "nothing"
    power_cut: ClassVar[Mapping[Synchronous, Loss]]

    def __init__(self, options: O_co, path: Path) -> None:
        super().__init__(options, path)
        self._database = Database(path, options.synchronous)

    @property
    def power_cut_may_cost(self) -> Loss:
        return self.power_cut[self.options.synchronous]

    @classmethod
    def recognises(cls, path: Path) -> bool:
        return is_dataset(path)

    def create(self, header: Header) -> None:
        """Builds the empty file under another name and moves it into place."""
        if os.path.lexists(self.path):
            raise StorageError(f"{self.path} exists already")
        self._database.refuse_strays()
        new = self.path.with_name(f".{self.path.name}.new")
        tables = self.options.new_tables(header)
        try:
            new.unlink(missing_ok=True)
            number = self._database.make(new, tables, self.options.new_page_size(tables))
            move_new(new, self.path)
        except OSError as cause:
            new.unlink(missing_ok=True)
            if isinstance(cause, StorageError):
                raise
            raise StorageError(f"{self.path} cannot be made: {cause}") from cause
        self.claim(number)
        self._database.set_journal_mode(self.journal_mode)

    def claim(self, number: int | None = None) -> None:
        """Makes the file that is at `path` now the one that is written, and no other.

        Args:
            number: the random number that it must have, if that is known.
        """
        self._database.claim(number)

    def check(self, header: Header) -> None:
        if not self.path.exists():
            refuse_long_path(self.path)
            self._database.refuse_strays()
            self.options.new_tables(header)

    def check_form(self) -> None:
        """Which columns a file stores is settled when the file is made."""
        with closing(self.reader()) as reader:
            self.options.refuse_other_form(self.path, reader.tables.form)

    def resume(self, header: Header) -> None:
        self.claim()
        self.check_form()
        with closing(self.reader()) as reader:
            self._refuse_other_recipe(reader, header)
            refuse_foreign_schema(self.path, reader.tables)
        if self._database.lost_wal():
            self._prove()
        self._database.set_journal_mode(self.journal_mode)
        self._database.set_records(header.records)

    def _prove(self) -> None:
        """Refuses a file in which ledger and data disagree because its WAL was lost.

        A checkpoint copies pages one by one. If it was cut in the middle and the WAL is gone, some
        pages are newer than others. If it was not cut, the file is as the last checkpoint left it.
        """
        problem = next(self.structure(), None)
        with closing(self.reader()) as reader:
            for block, records, checksum in reader.checksums() if problem is None else ():
                if not reader.proves(block, records, checksum):
                    problem = f"block {block} is not what the ledger says"
        if problem is not None:
            raise StorageError(
                f"{self.path} lost its -wal while it was written, and is damaged: {problem}",
                hint=shell_words("qframe", "verify", self.path, "--repair"),
            )

    def structure(self) -> Iterator[str]:
        """SQLite's own check, and checks of the tables beside the records."""
        return problems(self.path)

    def half_done(self) -> bool:
        """Whether a rollback journal waits to be played back, which no reader may do."""
        return self._database.half_done()

    def recover(self) -> None:
        self._database.recover()

    def salvage(self, header: Header) -> SqliteReader:
        """A reader that believes the given header: the records themselves may be whole."""
        return SqliteReader(self.path, header)

    def abandon(self) -> Iterator[Path]:
        return self._database.abandon()

    def parts(self) -> Iterator[Path]:
        return self._database.companions()

    def made_with(self) -> O_co:
        """The options, with layout, page size and form of the file."""
        with closing(self.reader()) as reader, translated(self.path):
            return self.options.model_copy(update=reader.options)

    def writer(self, header: Header) -> Writer:
        if self.half_done():  # a worker of this run died in the middle of a transaction
            self.recover()
        with closing(self.reader()) as reader:  # the file's own layout, not the config's, decides
            self._refuse_other_recipe(reader, header)
            tables = Tables(header, reader.layout, reader.tables.form)
        return SqliteWriter(self.path, tables, self._pragmas(), self._timeout_s())

    def _refuse_other_recipe(self, reader: SqliteReader, header: Header) -> None:
        if reader.header.recipe.id != header.recipe.id:
            raise StorageError(
                f"{self.path} was overwritten by records of another recipe",
                hint="run again with another --output, or once the dataset is back",
            )

    @classmethod
    def bears_mark(cls, path: Path, header: Header | None = None) -> bool:
        return bears_mark(path, marks(header))

    @abstractmethod
    def _pragmas(self) -> dict[str, Any]:
        """Pragmas of a writer's connection, in order."""

    def _timeout_s(self) -> float | None:
        """Seconds that a writer waits for the lock; None for the default."""
        return None

    def finish(self) -> None:
        """Leaves one plain file: checkpointed, journal mode DELETE, no `-wal` and no `-shm`."""
        self.finish_after(LockWait(self.path, end=monotonic() + FINISH_S))

    def finish_after(self, wait: LockWait) -> None:
        """As `finish`; `wait` says how long other programs are waited for.

        Raises:
            StorageBusy: they keep the file open for longer.
            StorageError: another file stands there now; its log was moved away.
        """
        own = self._database.own
        try:
            self._finish(wait)
        except StorageBusy:
            raise
        except StorageError as error:
            if own is None or not own.is_replaced():
                raise
            left = ", ".join(map(str, self.abandon()))
            raise StorageError(
                f"{self.path} was overwritten while a run wrote it. The run has stopped"
                + (f"; what it wrote last is in {left}" if left else ""),
                hint="run again with another --output, or once the dataset is back",
            ) from error

    def _finish(self, wait: LockWait) -> None:
        # The log is not copied by closing: that would also happen after an error.
        database = self._database
        with closing(database.connect(keep_wal=True, wait=wait)) as db, translated(self.path):
            db.pragma("user_version")  # takes back a cut transaction
            if in_wal_mode(file_header(db)):
                with suppress(apsw.BusyError):
                    db.wal_checkpoint()  # as far as readers let it
                # SQLite itself does not wait until no other connection is open.
                wait.until_free(lambda: db.pragma("journal_mode", "delete"))

    def finished(self) -> bool:
        """Whether it is one plain file; a killed run leaves it in WAL mode."""
        return not self._database.in_wal_mode() and not any(self.parts())

    def reader(self) -> SqliteReader:
        return SqliteReader(self.path)

    def estimate(self, header: Header) -> Estimate:
        tables = self.options.new_tables(header)
        page, width = self.options.new_page_size(tables), record_width(tables.stored)
        if self.options.layout == "rows":
            return Estimate(2 * page + round(header.records * (width + 14) / 0.97), 1, 1)
        full, rest = divmod(header.records, header.recipe.block)
        rows = full * (row_bytes(page, header.recipe.block * width) + 64)
        size = self.empty_bytes(header) + rows - (-rest * width // page) * page
        return Estimate(round(size), 1, 1)

    def empty_bytes(self, header: Header) -> int:
        """Bytes that a new file without records takes."""
        tables = self.options.new_tables(header)
        return 6 * self.options.new_page_size(tables) + 13 * tables.seq_size()
