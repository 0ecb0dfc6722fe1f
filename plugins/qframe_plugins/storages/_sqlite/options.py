"""A dataset in one SQLite file: what both journal modes have in common."""

from __future__ import annotations

import secrets
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import apsw
from pydantic import Field

from qframe import (
    Estimate,
    Header,
    Loss,
    PluginOptions,
    Storage,
    StorageError,
    Writer,
    record_width,
)
from qframe_plugins.storages._sqlite.checks import problems
from qframe_plugins.storages._sqlite.connection import (
    file_header,
    has_hot_journal,
    has_wal,
    in_wal_mode,
    is_dataset,
    open_readonly,
    open_writable,
    translated,
)
from qframe_plugins.storages._sqlite.page_size import LARGEST, page_size_for, row_bytes
from qframe_plugins.storages._sqlite.reader import SqliteReader
from qframe_plugins.storages._sqlite.stored_form import form_for
from qframe_plugins.storages._sqlite.tables import SEAL, Layout, seal
from qframe_plugins.storages._sqlite.writer import SqliteWriter

Synchronous = Literal["off", "normal", "full"]


class SqliteFileOptions(PluginOptions):
    """What both journal modes have in common."""

    synchronous: Synchronous

    layout: Literal["blocks", "rows"] = Field(
        "blocks", description="one row a block (fast, compact) or one row a record (easy to query)"
    )
    page_size: Literal[4096, 8192, 16384, 32768, 65536] | None = Field(
        None,
        description="bytes a page; fixed when the file is made. Left out: 65536, or less if a "
        "block is so small that it would waste more than a tenth of its pages",
    )
    unitary: Literal["complex128", "complex64", "none"] | None = Field(
        None,
        description="what is stored of a unitary; none: nothing, reading multiplies the circuit "
        "out; the recipe's dtype if left out",
    )
    circuit: bool | None = Field(
        None, description="false: unitaries alone are stored; true if left out"
    )


O_co = TypeVar("O_co", bound=SqliteFileOptions, covariant=True)


class SqliteFile(Storage[O_co]):
    """A dataset in one SQLite file; journal mode and pragmas come from the subclass."""

    journal_mode: ClassVar[str]
    kill_may_cost: Loss = "nothing"
    power_cut: ClassVar[Mapping[Synchronous, Loss]]

    @property
    def power_cut_may_cost(self) -> Loss:
        return self.power_cut[self.options.synchronous]

    @classmethod
    def recognises(cls, path: Path) -> bool:
        return is_dataset(path)

    def create(self, header: Header) -> None:
        """Builds the empty file under another name and moves it into place."""
        if self.path.exists():
            raise StorageError(f"{self.path} exists already")
        self._refuse_strays()
        new = self.path.with_name(f".{self.path.name}.new")
        new.unlink(missing_ok=True)
        layout = self._new_layout(header)
        try:
            self._make(new, layout)
            new.rename(self.path)
        except OSError as cause:
            new.unlink(missing_ok=True)
            if isinstance(cause, StorageError):
                raise
            raise StorageError(f"{self.path} cannot be made: {cause}") from cause
        self._set_journal_mode(self.journal_mode)

    def _make(self, new: Path, layout: Layout) -> None:
        """A file at `new` with all tables, and no records."""
        with closing(self._open(new)) as db, translated(self.path):
            db.pragma("page_size", self._page_size(layout))
            db.pragma("application_id", layout.application_id)
            dataset_id = 1 + secrets.randbelow(2**31 - 1)
            db.pragma("user_version", dataset_id)
            with db:
                for statement in layout.ddl():
                    db.execute(statement)
                for sql, rows in layout.rows(dataset_id):
                    db.executemany(sql, rows)

    def _new_layout(self, header: Header) -> Layout:
        form = form_for(header, self.options.unitary, self.options.circuit)
        return Layout(header, self.options.layout, form)

    def _page_size(self, layout: Layout) -> int:
        if self.options.page_size is not None or layout.kind == "rows":
            return self.options.page_size or LARGEST
        return page_size_for(layout.header.recipe.block * record_width(layout.stored))

    def check(self, header: Header) -> None:
        if not self.path.exists():
            self._refuse_strays()
            self._new_layout(header)

    def _refuse_strays(self) -> None:
        """A log or journal without its file: SQLite would take it for that of a new one."""
        for beside in self.parts():
            if beside.name.endswith(("-wal", "-journal")) and beside.stat().st_size:
                raise StorageError(
                    f"{beside} is there, and {self.path.name}, to which it belongs, is not",
                    hint=f"put {self.path.name} back beside it, or move it away",
                )

    def check_form(self) -> None:
        """What is stored of a record is settled when the file is made."""
        with closing(self.reader()) as reader:
            own = reader.tables.form
        wanted = self.options
        if wanted.unitary not in (None, own.unitary) or wanted.circuit not in (None, own.circuit):
            asked = {"unitary": wanted.unitary, "circuit": wanted.circuit}
            words = (f"{k}: {str(v).lower()}" for k, v in asked.items() if v is not None)
            raise StorageError(
                f"{self.path} was made with {own}, the config says {', '.join(words)}",
                hint="leave the option out of the config, or name another --output",
            )

    def resume(self, header: Header) -> None:
        self.check_form()
        if self._wal_taken():
            self._prove()
        self._set_journal_mode(self.journal_mode)
        self._set_records(header.records)

    def _set_records(self, records: int) -> None:
        with closing(self._open(keep_wal=True)) as db, translated(self.path), db:
            db.execute("UPDATE meta SET value = ? WHERE key = 'records'", (records,))
            meta = dict(db.execute("SELECT key, value FROM meta"))
            db.execute("UPDATE meta SET value = ? WHERE key = ?", (seal(meta), SEAL))
            db.pragma("user_version", meta["dataset_id"])  # page 1, as in every transaction

    def _wal_taken(self) -> bool:
        """Whether the file was left in WAL mode, and its WAL is gone."""
        with closing(open_readonly(self.path)) as db, translated(self.path):
            return in_wal_mode(file_header(db)) and not has_wal(self.path)

    def _prove(self) -> None:
        """Refuses a file in which a lost WAL left the ledger and the data in two minds.

        A checkpoint copies pages one by one; cut in the middle, with the WAL gone, it leaves a
        file that belongs to no moment. Without such a cut the file is as of the last checkpoint.
        """
        problem = next(self.structure(), None)
        with closing(self.reader()) as reader:
            for block, records, sha256 in reader.checksums() if problem is None else ():
                if not reader.proves(block, records, sha256):
                    problem = f"block {block} is not what the ledger says"
        if problem is not None:
            raise StorageError(
                f"{self.path} lost its -wal while it was written, and is damaged: {problem}",
                hint=f"qframe verify {self.path} --repair",
            )

    def structure(self) -> Iterator[str]:
        """SQLite's own check, and all that the tables beside the records must say."""
        return problems(self.path)

    def half_done(self) -> bool:
        """Whether a rollback journal waits to be played back, which no reader may do."""
        return has_hot_journal(self.path)

    def recover(self) -> None:
        """Reads once with a connection that may write: SQLite then plays the journal back."""
        with closing(self._open(keep_wal=True)) as db, translated(self.path):
            db.pragma("user_version")

    def salvage(self, header: Header) -> SqliteReader:
        """Reads with the given header: the trees of the records may be whole."""
        return SqliteReader(self.path, header)

    def parts(self) -> Iterator[Path]:
        for suffix in ("-wal", "-shm", "-journal"):
            beside = self.path.with_name(self.path.name + suffix)
            if beside.exists():
                yield beside

    def made_with(self) -> O_co:
        """Options with the layout and page size of the file."""
        with closing(self.reader()) as reader, translated(self.path):
            return self.options.model_copy(update=reader.options)

    def _open(self, new: Path | None = None, *, keep_wal: bool = False) -> apsw.Connection:
        """A connection that syncs as the options say; `new` is a file to be made."""
        db = open_writable(new or self.path, create=new is not None, keep_wal=keep_wal)
        try:
            with translated(self.path):
                db.pragma("synchronous", self.options.synchronous)
        except BaseException:
            db.close()
            raise
        return db

    def _set_journal_mode(self, mode: str) -> None:
        with closing(self._open(keep_wal=True)) as db, translated(self.path):
            got = db.pragma("journal_mode", mode)
            if got != mode:
                raise StorageError(
                    f"{self.path}: SQLite answered journal mode {got!r}, want {mode!r}",
                    hint="use storage: sqlite-rollback, or a local disk",
                )

    def writer(self, header: Header) -> Writer:
        if self.half_done():  # a worker of this run died in the middle of a transaction
            self.recover()
        with closing(self.reader()) as reader:  # the file's own layout, not the config's, decides
            layout = Layout(header, reader.layout, reader.tables.form)
        return SqliteWriter(self.path, layout, self._pragmas(), self._timeout_s())

    @abstractmethod
    def _pragmas(self) -> dict[str, Any]:
        """Pragmas of a writing connection, in order."""

    def _timeout_s(self) -> float | None:
        return None

    def finish(self) -> None:
        """Leaves one plain file: checkpointed, journal mode DELETE, no `-wal` and no `-shm`."""
        with closing(self._open()) as db, translated(self.path):
            db.set_busy_timeout(5000)
            db.execute("PRAGMA wal_checkpoint(truncate)").fetchall()
            db.pragma("journal_mode", "delete")

    def finished(self) -> bool:
        """Whether it is one plain file; a killed run leaves it in WAL mode."""
        with closing(open_readonly(self.path)) as db, translated(self.path):
            return not in_wal_mode(file_header(db)) and not any(self.parts())

    def reader(self) -> SqliteReader:
        return SqliteReader(self.path)

    def estimate(self, header: Header) -> Estimate:
        layout = self._new_layout(header)
        page, width = self._page_size(layout), record_width(layout.stored)
        if self.options.layout == "rows":
            return Estimate(2 * page + round(header.records * (width + 14) / 0.97), 1, 1)
        full, rest = divmod(header.records, header.recipe.block)
        rows = full * (row_bytes(page, header.recipe.block * width) + 64)
        size = self._empty_bytes(layout) + rows - (-rest * width // page) * page
        return Estimate(round(size), 1, 1)

    def _empty_bytes(self, layout: Layout) -> int:
        """What a file takes without records."""
        return 6 * self._page_size(layout) + 13 * layout.seq_size()
