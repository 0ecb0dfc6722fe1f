"""One SQLite file that many processes write at once: the default storage."""

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
    Block,
    Estimate,
    Header,
    Loss,
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
    file_header,
    has_wal,
    in_wal_mode,
    is_dataset,
    open_readonly,
    open_writable,
    translated,
)
from qframe_plugins.storages.sqlite_layout import SEAL, Layout, seal
from qframe_plugins.storages.sqlite_reader import SqliteReader
from qframe_plugins.storages.sqlite_structure import problems
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
        new = self.path.with_name(f".{self.path.name}.new")
        new.unlink(missing_ok=True)
        layout = Layout(header, self.options.layout)
        try:
            with closing(self._open(new)) as db, translated(self.path):
                db.pragma("page_size", self.options.page_size)
                db.pragma("application_id", APPLICATION_ID)
                dataset_id = 1 + secrets.randbelow(2**31 - 1)
                db.pragma("user_version", dataset_id)
                with db:
                    for statement in layout.ddl():
                        db.execute(statement)
                    db.executemany(
                        "INSERT INTO meta VALUES (?, ?)", layout.meta(dataset_id).items()
                    )
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
        if self._wal_taken():
            self._prove()
        self._set_journal_mode(self.journal_mode)
        with closing(self._open(keep_wal=True)) as db, translated(self.path), db:
            db.execute("UPDATE meta SET value = ? WHERE key = 'records'", (header.records,))
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
                found = Block(block, records, reader.read(block))
                if found.checksum(reader.header.schema) != sha256:
                    problem = f"block {block} is not what the ledger says"
        if problem is not None:
            raise StorageError(
                f"{self.path} lost its -wal while it was written, and is damaged: {problem}",
                hint=f"qframe verify {self.path} --repair",
            )

    def structure(self) -> Iterator[str]:
        """SQLite's own check, and all that the tables beside the records must say."""
        return problems(self.path)

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
            own = {"layout": reader.layout, "page_size": reader.page_size}
        return self.options.model_copy(update=own)

    def _open(self, new: Path | None = None, *, keep_wal: bool = False) -> apsw.Connection:
        """A connection that syncs as the options say; `new` is a file to be made."""
        db = open_writable(new or self.path, create=new is not None, keep_wal=keep_wal)
        db.pragma("synchronous", self.options.synchronous)
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
            db.execute("PRAGMA wal_checkpoint(truncate)").fetchall()
            db.pragma("journal_mode", "delete")

    def finished(self) -> bool:
        """Whether it is one plain file; a killed run leaves it in WAL mode."""
        with closing(open_readonly(self.path)) as db, translated(self.path):
            return not in_wal_mode(file_header(db)) and not any(self.parts())

    def reader(self) -> SqliteReader:
        return SqliteReader(self.path)

    def estimate(self, header: Header) -> Estimate:
        page = self.options.page_size
        width = record_width(header.schema)
        if self.options.layout == "rows":
            return Estimate(2 * page + round(header.records * (width + 14) / 0.97), 1, 1)
        pages = -(-header.recipe.block * width // (page - 4))
        full, rest = divmod(header.records, header.recipe.block)
        return Estimate((8 + full * pages - (-rest * width // page)) * page + 64 * full, 1, 1)


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
    # https://www.sqlite.org/pragma.html#pragma_synchronous
    power_cut: ClassVar[Mapping[Synchronous, Loss]] = {
        "off": "damage",
        "normal": "last tasks",
        "full": "nothing",
    }
    compared = ({"layout": "rows"}, {"synchronous": "normal"})
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
