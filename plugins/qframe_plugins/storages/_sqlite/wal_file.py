"""One SQLite file that many processes write at once: the default storage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import apsw
from pydantic import Field

from qframe import Header, Loss, Storage, StorageError, hookimpl
from qframe_plugins.storages._sqlite.connection import is_catalogue, is_dataset
from qframe_plugins.storages._sqlite.file import SqliteFile, SqliteFileOptions, Synchronous
from qframe_plugins.storages._sqlite.library import diagnosis, refuse_affected_library
from qframe_plugins.storages._sqlite.network import refuse_network_file_system
from qframe_plugins.storages._sqlite.page_size import LARGEST
from qframe_plugins.storages._sqlite.shards.catalogue import MAX_SHARDS
from qframe_plugins.storages._sqlite.wal import pinned_wal


class SqliteOptions(SqliteFileOptions):
    """Options of `sqlite`."""

    synchronous: Synchronous = Field(
        "off",
        description="off: safe against kill -9, not against power loss; normal: both, slower",
    )
    wal_autocheckpoint: int = Field(
        1000, ge=1, description="pages in the WAL before they are copied into the file"
    )
    shards: int | None = Field(
        None,
        ge=1,
        le=MAX_SHARDS,
        description="files that the records are spread over, for disks that outrun one writer; "
        "one file if left out",
    )
    shard_blocks: int | None = Field(
        None,
        ge=1,
        description="neighbouring blocks that go to the same shard; a usual task if left out",
    )
    any_file_system: bool = Field(
        False, description="write also where WAL is known not to work (network file systems)"
    )


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
    compared = ({"layout": "rows"}, {"synchronous": "normal"}, {"unitary": "none"})
    Options = SqliteOptions
    cache_kib: int = 16384

    def __new__(cls, options: SqliteOptions, path: Path) -> Self:
        """One that handles shards, where these are there or asked for."""
        from qframe_plugins.storages._sqlite.shards.files import SqliteShards

        asked = (options.shards or 1) > 1 and not is_dataset(path)
        kind = SqliteShards if cls is Sqlite and (is_catalogue(path) or asked) else cls
        return object.__new__(kind)  # type: ignore[return-value]  # a Sqlite, too

    @classmethod
    def recognises(cls, path: Path) -> bool:
        return is_dataset(path) or is_catalogue(path)

    def shard_count(self) -> int:
        """Files that hold records."""
        return 1

    def check_form(self) -> None:
        super().check_form()
        own, wanted = self.shard_count(), self.options.shards
        if wanted not in (None, own):
            raise StorageError(
                f"{self.path} was made with shards: {own}, the config says shards: {wanted}",
                hint="leave the option out of the config, or name another --output",
            )

    def check(self, header: Header) -> None:
        super().check(header)
        refuse_affected_library(apsw.sqlite_lib_version())
        if not self.options.any_file_system:
            refuse_network_file_system(self.path)

    def hindered(self) -> str | None:
        """A WAL that grows without bound, and the process that holds it up."""
        page_size = self.options.page_size or LARGEST
        return pinned_wal(self.path, self.options.wal_autocheckpoint * page_size, self.task_bytes)

    @classmethod
    def diagnose(cls, path: Path) -> Iterator[tuple[str, str, bool]]:
        """The SQLite library, and whether a write-ahead log works in the directory `path`."""
        yield from diagnosis(path)

    def _pragmas(self) -> dict[str, Any]:
        return {
            "synchronous": self.options.synchronous,
            "wal_autocheckpoint": self.options.wal_autocheckpoint,
            "cache_size": -self.cache_kib,
        }


@hookimpl
def qframe_storages() -> list[type[Storage[Any]]]:
    return [Sqlite]
