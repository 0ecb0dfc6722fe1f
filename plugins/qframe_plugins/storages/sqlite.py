"""Storage `sqlite`, the default: a SQLite file, or several, that many processes write at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw

from qframe import Estimate, Header, Loss, Reader, Storage, Writer, hookimpl
from qframe_plugins.storages._sqlite.connection import bears_mark, is_catalogue, is_dataset
from qframe_plugins.storages._sqlite.library import diagnosis, refuse_affected_library
from qframe_plugins.storages._sqlite.network import refuse_network_file_system
from qframe_plugins.storages._sqlite.options import SqliteOptions
from qframe_plugins.storages._sqlite.shards.catalogue import shards_of
from qframe_plugins.storages._sqlite.shards.files import Shards
from qframe_plugins.storages._sqlite.tables import marks
from qframe_plugins.storages._sqlite.wal_file import WalFile

__all__ = ["Sqlite", "SqliteOptions"]


class Sqlite(Storage[SqliteOptions]):
    """One SQLite file that all workers write at once, through a write-ahead log.

    YAML that selects it::

        storage: {plugin: sqlite, layout: blocks}

    Each worker has its own connection. The file survives `kill -9` at any moment. With
    `synchronous: off`, the default, a power loss may damage it; the lost records can be made again
    from the recipe. With `shards: N` the records are spread over N such files.

    This class chooses between one file (`WalFile`) and several (`Shards`): by the dataset at
    `path`, or by the option `shards` if there is none. The chosen object does the work.
    """

    name = "sqlite"
    suffix = ".db"
    kill_may_cost: Loss = "nothing"
    compared = ({"layout": "rows"}, {"synchronous": "normal"}, {"unitary": "none"})
    Options = SqliteOptions

    def __init__(self, options: SqliteOptions, path: Path) -> None:
        super().__init__(options, path)
        wants_shards = (options.shards or 1) > 1 and not is_dataset(path)
        kind = Shards if is_catalogue(path) or wants_shards else WalFile
        self._files: WalFile | Shards = kind(options, path)

    @property
    def power_cut_may_cost(self) -> Loss:
        return self._files.power_cut_may_cost

    @classmethod
    def recognises(cls, path: Path) -> bool:
        return is_dataset(path) or is_catalogue(path)

    @classmethod
    def diagnose(cls, path: Path) -> Iterator[tuple[str, str, bool]]:
        """The SQLite library, and whether a write-ahead log works in the directory `path`."""
        yield from diagnosis(path)

    @classmethod
    def bears_mark(cls, path: Path, header: Header | None = None) -> bool:
        """Whether the file, or the directory of shards beside it, was a dataset's."""
        shards = shards_of(path)
        return bears_mark(path, marks(header)) or (
            path.is_file() and any(map(bears_mark, shards.glob("??.db")))
        )

    def check(self, header: Header) -> None:
        self._files.check(header)
        refuse_affected_library(apsw.sqlite_lib_version())
        if not self.options.any_file_system:
            refuse_network_file_system(self.path)

    def check_form(self) -> None:
        self._files.check_form()

    def create(self, header: Header) -> None:
        self._files.create(header)

    def resume(self, header: Header) -> None:
        self._files.resume(header)

    def writer(self, header: Header) -> Writer:
        return self._files.writer(header)

    def finish(self) -> None:
        self._files.finish()

    def finished(self) -> bool:
        return self._files.finished()

    def half_done(self) -> bool:
        return self._files.half_done()

    def recover(self) -> None:
        self._files.recover()

    def files(self) -> Iterator[Path]:
        return self._files.files()

    def abandon(self) -> Iterator[Path]:
        return self._files.abandon()

    def hindered(self) -> str | None:
        return self._files.hindered()

    def reader(self) -> Reader:
        return self._files.reader()

    def salvage(self, header: Header) -> Reader:
        return self._files.salvage(header)

    def structure(self) -> Iterator[str]:
        return self._files.structure()

    def parts(self) -> Iterator[Path]:
        return self._files.parts()

    def made_with(self) -> SqliteOptions:
        return self._files.made_with()

    def estimate(self, header: Header) -> Estimate:
        return self._files.estimate(header)


@hookimpl
def qframe_storages() -> list[type[Storage[Any]]]:
    return [Sqlite]
