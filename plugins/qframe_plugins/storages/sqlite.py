"""One SQLite file that many processes write at once: the default storage."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import apsw
from pydantic import Field

from qframe import (
    Estimate,
    Header,
    PluginOptions,
    Storage,
    StorageError,
    Writer,
    hookimpl,
    record_width,
)
from qframe_plugins.storages.file_system import refuse_network_file_system
from qframe_plugins.storages.sqlite_connection import (
    APPLICATION_ID,
    is_dataset,
    open_readonly,
    open_writable,
    translated,
)
from qframe_plugins.storages.sqlite_layout import Layout
from qframe_plugins.storages.sqlite_reader import SqliteReader
from qframe_plugins.storages.sqlite_writer import SqliteWriter

Synchronous = Literal["off", "normal", "full"]


class SqliteFileOptions(PluginOptions):
    """What both journal modes have in common."""

    synchronous: Synchronous

    layout: Literal["blocks", "rows"] = Field(
        "blocks", description="one row a block (fast, compact) or one row a record (easy to query)"
    )
    page_size: Literal[4096, 8192, 16384, 32768, 65536] = Field(
        65536, description="bytes a page; fixed when the file is made"
    )


class SqliteOptions(SqliteFileOptions):
    """Options of `sqlite`."""

    synchronous: Synchronous = Field(
        "off",
        description="off: safe against kill -9, not against power loss; normal: both, slower",
    )
    wal_autocheckpoint: int = Field(
        1000, ge=1, description="pages in the WAL before they are copied into the file"
    )
    any_file_system: bool = Field(
        False, description="write also where WAL is known not to work (network file systems)"
    )


O_co = TypeVar("O_co", bound=SqliteFileOptions, covariant=True)


class SqliteFile(Storage[O_co]):
    """A dataset in one SQLite file; journal mode and pragmas come from the subclass."""

    journal_mode: ClassVar[str]

    @classmethod
    def recognises(cls, path: Path) -> bool:
        return is_dataset(path)

    def create(self, header: Header) -> None:
        """Builds the empty file under another name and moves it into place."""
        if self.path.exists():
            raise StorageError(f"{self.path} exists already")
        new = self.path.with_name(f".{self.path.name}.new")
        new.unlink(missing_ok=True)
        layout = Layout(header, self.options.layout)
        try:
            with closing(self._open(new)) as db, translated(self.path):
                db.pragma("page_size", self.options.page_size)
                db.pragma("application_id", APPLICATION_ID)
                with db:
                    for statement in layout.ddl():
                        db.execute(statement)
                    db.executemany("INSERT INTO meta VALUES (?, ?)", layout.meta().items())
                    db.executemany("INSERT INTO gates VALUES (?, ?, ?, ?, ?, ?)", layout.gates())
                    db.executemany(
                        "INSERT INTO seq VALUES (?)", ((i,) for i in range(layout.seq_size()))
                    )
            new.rename(self.path)
        except OSError as cause:
            new.unlink(missing_ok=True)
            if isinstance(cause, StorageError):
                raise
            raise StorageError(f"{self.path} cannot be made: {cause}") from cause
        self._set_journal_mode(self.journal_mode)

    def resume(self, header: Header) -> None:
        self._set_journal_mode(self.journal_mode)
        with closing(self._open()) as db, translated(self.path), db:
            db.execute("UPDATE meta SET value = ? WHERE key = 'records'", (header.records,))

    def _open(self, new: Path | None = None) -> apsw.Connection:
        """A connection that syncs as the options say; `new` is a file to be made."""
        db = open_writable(new or self.path, create=new is not None)
        db.pragma("synchronous", self.options.synchronous)
        return db

    def _set_journal_mode(self, mode: str) -> None:
        with closing(self._open()) as db, translated(self.path):
            got = db.pragma("journal_mode", mode)
            if got != mode:
                raise StorageError(
                    f"{self.path}: SQLite answered journal mode {got!r}, want {mode!r}",
                    hint="use storage: sqlite-rollback, or a local disk",
                )

    def writer(self, header: Header) -> Writer:
        with closing(self.reader()) as reader:  # the file's own layout, not the config's, decides
            layout = Layout(header, reader.layout)
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
            db.pragma("wal_checkpoint(truncate)")
            db.pragma("journal_mode", "delete")

    def finished(self) -> bool:
        """Whether the file stands alone, without journal or write-ahead log."""
        helpers = [
            self.path.with_name(self.path.name + end) for end in ("-wal", "-shm", "-journal")
        ]
        with closing(open_readonly(self.path)) as db, translated(self.path):
            alone = db.pragma("journal_mode") != "wal"
        return alone and not any(helper.exists() for helper in helpers)

    def reader(self) -> SqliteReader:
        return SqliteReader(self.path)

    def estimate(self, header: Header) -> Estimate:
        page = self.options.page_size
        width = record_width(header.schema)
        if self.options.layout == "rows":
            return Estimate(2 * page + round(header.records * (width + 14) / 0.97), 1)
        pages = -(-header.recipe.block * width // (page - 4))
        full, rest = divmod(header.records, header.recipe.block)
        return Estimate((8 + full * pages - (-rest * width // page)) * page + 64 * full, 1)


class Sqlite(SqliteFile[SqliteOptions]):
    """One file, every worker its own connection: write-ahead log, synchronous off.

    YAML that selects it::

        storage: {plugin: sqlite, layout: blocks}

    Survives `kill -9` at any moment. A power loss may damage the file with `synchronous: off`;
    the lost records can be made again from the recipe.
    """

    name = "sqlite"
    suffix = ".db"
    journal_mode = "wal"
    Options = SqliteOptions

    def check(self, header: Header) -> None:  # noqa: ARG002 - the contract's
        refuse_affected_library(apsw.sqlite_lib_version())
        if not self.options.any_file_system:
            refuse_network_file_system(self.path)

    def _pragmas(self) -> dict[str, Any]:
        return {
            "synchronous": self.options.synchronous,
            "wal_autocheckpoint": self.options.wal_autocheckpoint,
            "cache_size": -16384,
        }


def refuse_affected_library(version: str) -> None:
    """Refuses SQLite libraries with the WAL-reset bug (a committed transaction can be lost).

    Versions 3.7.0 to 3.51.2 have it, but for 3.50.7 and 3.44.6 and what follows on those branches.
    """
    numbers = tuple(int(part) for part in version.split(".")[:3])
    fixed = numbers >= (3, 51, 3) or any(
        numbers[:2] == branch[:2] and numbers >= branch for branch in ((3, 50, 7), (3, 44, 6))
    )
    if not fixed:
        raise StorageError(
            f"SQLite {version} can lose transactions with several WAL writers (WAL-reset bug)",
            hint="pip install -U apsw, or use storage: sqlite-rollback",
        )


@hookimpl
def qframe_storages() -> list[type[Storage[Any]]]:
    return [Sqlite]
