"""One SQLite file with the rollback journal: what SQLite does by default, for comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from qframe import Loss, Storage, hookimpl
from qframe_plugins.storages._sqlite.file import SqliteFile
from qframe_plugins.storages._sqlite.options import SqliteFileOptions, Synchronous


class SqliteRollbackOptions(SqliteFileOptions):
    """Options of `sqlite-rollback`."""

    synchronous: Synchronous = Field("full", description="SQLite's own default is full")
    timeout: float = Field(
        600.0, ge=0.0, description="seconds that a writer waits before `database is locked`"
    )


class SqliteRollback(SqliteFile[SqliteRollbackOptions]):
    """One file in rollback-journal mode: each writer locks out all others, readers included.

    YAML that selects it::

        storage: {plugin: sqlite-rollback, synchronous: full, timeout: 60}

    The finished file is the same as that of `sqlite`.
    """

    name = "sqlite-rollback"
    suffix = ".rollback.db"
    journal_mode = "delete"
    # A commit is the journal's end, and its directory is not synced: the last one may come undone.
    power_cut: ClassVar[Mapping[Synchronous, Loss]] = {
        "off": "damage",
        "normal": "damage",
        "full": "last tasks",
    }
    compared = ({"timeout": 0.005},)
    Options = SqliteRollbackOptions

    def _pragmas(self) -> dict[str, Any]:
        return {"synchronous": self.options.synchronous, "cache_size": -16384}

    def _timeout_s(self) -> float | None:
        return self.options.timeout


@hookimpl
def qframe_storages() -> list[type[Storage[Any]]]:
    return [SqliteRollback]
