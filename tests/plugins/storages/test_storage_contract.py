"""The contract kit over every built-in storage."""

from __future__ import annotations

from typing import Any, ClassVar

from qframe.testing import StorageContract
from qframe_plugins.storages.savetxt import SaveTxt
from qframe_plugins.storages.sqlite import Sqlite
from qframe_plugins.storages.sqlite_rollback import SqliteRollback


class TestSqlite(StorageContract):
    plugin = Sqlite


class TestSqliteRows(StorageContract):
    plugin = Sqlite
    options: ClassVar[dict[str, Any]] = {"layout": "rows", "page_size": 4096}


class TestSqliteShards(StorageContract):
    plugin = Sqlite
    options: ClassVar[dict[str, Any]] = {"shards": 3, "shard_blocks": 1}


class TestSqliteShardsRows(StorageContract):
    plugin = Sqlite
    options: ClassVar[dict[str, Any]] = {"shards": 2, "shard_blocks": 2, "layout": "rows"}


class TestSqliteRollback(StorageContract):
    plugin = SqliteRollback


class TestSqliteRollbackRows(StorageContract):
    plugin = SqliteRollback
    options: ClassVar[dict[str, Any]] = {"layout": "rows", "synchronous": "off"}


class TestSaveTxt(StorageContract):
    plugin = SaveTxt


class TestSaveTxtFlat(StorageContract):
    plugin = SaveTxt
    options: ClassVar[dict[str, Any]] = {"flat": True}
