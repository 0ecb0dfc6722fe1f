"""A dataset file in WAL mode, which many processes write at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from qframe import Loss
from qframe_plugins.storages._sqlite.file import SqliteFile
from qframe_plugins.storages._sqlite.options import SqliteOptions, Synchronous
from qframe_plugins.storages._sqlite.page_size import LARGEST_PAGE
from qframe_plugins.storages._sqlite.wal import pinned_wal

WRITE_CACHE_KIB = 16384
"""KiB of pages that a writer's connection keeps in memory."""


class WalFile(SqliteFile[SqliteOptions]):
    """One dataset file, written through a write-ahead log.

    Storage `sqlite` has one such file, or one per shard.

    Args:
        cache_kib: KiB of pages that a writer's connection keeps in memory.
    """

    journal_mode = "wal"
    # https://www.sqlite.org/pragma.html#pragma_synchronous
    power_cut: ClassVar[Mapping[Synchronous, Loss]] = {
        "off": "damage",
        "normal": "last tasks",
        "full": "nothing",
    }

    def __init__(
        self, options: SqliteOptions, path: Path, cache_kib: int = WRITE_CACHE_KIB
    ) -> None:
        super().__init__(options, path)
        self._cache_kib = cache_kib

    def check_form(self) -> None:
        super().check_form()
        self.options.refuse_other_shards(self.path, 1)

    def hindered(self) -> str | None:
        """Whether the WAL grows without bound, and which process is in the way."""
        page_size = self.options.page_size or LARGEST_PAGE
        return pinned_wal(self.path, self.options.wal_autocheckpoint * page_size, self.task_bytes)

    def _pragmas(self) -> dict[str, Any]:
        return {
            "synchronous": self.options.synchronous,
            "wal_autocheckpoint": self.options.wal_autocheckpoint,
            "cache_size": -self._cache_kib,
        }
