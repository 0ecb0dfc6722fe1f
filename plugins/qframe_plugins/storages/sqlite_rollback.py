"""Storage `sqlite-rollback`: a SQLite file with the rollback journal, for comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from qframe import Loss, Storage, hookimpl
from qframe_plugins.storages._sqlite.file import SqliteFile
from qframe_plugins.storages._sqlite.options import SqliteFileOptions, Synchronous


class SqliteRollbackOptions(SqliteFileOptions):
    """Options of `sqlite-rollback`."""

    synchronous: Synchronous = Field(
        "full", description="as in SQLite's pragma; full is SQLite's own default"
    )
    timeout: float = Field(
        600.0,
        ge=0.0,
        le=1e6,
        description="seconds that a writer waits for the lock before it gives up",
    )


class SqliteRollback(SqliteFile[SqliteRollbackOptions]):
    """One SQLite file in rollback-journal mode: a writer locks out all other writers and readers.

    YAML that selects it::

        storage: {plugin: sqlite-rollback, synchronous: full, timeout: 60}

    This is SQLite's default mode. The finished file is the same as that of `sqlite`.
    """

    name = "sqlite-rollback"
    suffix = ".rollback.db"
    journal_mode = "delete"
    # A commit removes the journal. The directory is not synced, so the last commit may be undone.
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
