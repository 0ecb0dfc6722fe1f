"""One SQLite file that many processes write at once: the default storage."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import apsw
from pydantic import Field

from qframe import Header, Loss, Storage, StorageError, hookimpl
from qframe_plugins.storages.file_system import refuse_network_file_system
from qframe_plugins.storages.sqlite_catalogue import MAX_SHARDS
from qframe_plugins.storages.sqlite_connection import is_catalogue, is_dataset
from qframe_plugins.storages.sqlite_file import SqliteFile, SqliteFileOptions, Synchronous


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
        from qframe_plugins.storages.sqlite_shards import SqliteShards

        asked = (options.shards or 1) > 1 and not is_dataset(path)
        kind = SqliteShards if cls is Sqlite and (is_catalogue(path) or asked) else cls
        return object.__new__(kind)  # type: ignore[return-value]  # a Sqlite, too

    @classmethod
    def recognises(cls, path: Path) -> bool:
        return is_dataset(path) or is_catalogue(path)

    def shard_count(self) -> int:
        """Files that hold records."""
        return 1

    def _refuse_other_form(self) -> None:
        super()._refuse_other_form()
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

    def _pragmas(self) -> dict[str, Any]:
        return {
            "synchronous": self.options.synchronous,
            "wal_autocheckpoint": self.options.wal_autocheckpoint,
            "cache_size": -self.cache_kib,
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
