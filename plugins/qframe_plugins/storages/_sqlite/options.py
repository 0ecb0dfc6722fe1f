"""The options of the SQLite storages, and what they mean for a new file and for one that exists."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from qframe import Header, PluginOptions, StorageError, record_width
from qframe_plugins.storages._sqlite.page_size import LARGEST_PAGE, page_size_for
from qframe_plugins.storages._sqlite.stored_form import Form, form_for
from qframe_plugins.storages._sqlite.tables import MAX_SHARDS, Tables

Synchronous = Literal["off", "normal", "full"]


class SqliteFileOptions(PluginOptions):
    """The options that `sqlite` and `sqlite-rollback` share."""

    synchronous: Synchronous

    layout: Literal["blocks", "rows"] = Field(
        "blocks",
        description="one row per block (fast, compact) or one row per record (easy to query)",
    )
    page_size: Literal[4096, 8192, 16384, 32768, 65536] | None = Field(
        None,
        description="bytes per page; fixed when the file is made. If left out: 65536, or fewer if "
        "blocks are so small that they would waste more than a tenth of their pages",
    )
    unitary: Literal["complex128", "complex64", "none"] | None = Field(
        None,
        description="dtype in which unitaries are stored; none: they are not stored, and reading "
        "multiplies the circuits; the recipe's dtype if left out",
    )
    circuit: bool | None = Field(
        None, description="false: circuits are not stored, only unitaries; true if left out"
    )

    def new_tables(self, header: Header) -> Tables:
        """The tables of a new file.

        Raises:
            StorageError: the options ask for a form that this dataset cannot be stored in.
        """
        return Tables(header, self.layout, form_for(header, self.unitary, self.circuit))

    def new_page_size(self, tables: Tables) -> int:
        """Bytes per page of a new file with these tables."""
        if self.page_size is not None or tables.layout == "rows":
            return self.page_size or LARGEST_PAGE
        return page_size_for(tables.header.recipe.block * record_width(tables.stored))

    def refuse_other_form(self, path: Path, own: Form) -> None:
        """Raises StorageError if the options ask for another form than the file at `path` has."""
        if self.unitary not in (None, own.unitary) or self.circuit not in (None, own.circuit):
            asked = {"unitary": self.unitary, "circuit": self.circuit}
            words = (f"{k}: {str(v).lower()}" for k, v in asked.items() if v is not None)
            raise StorageError(
                f"{path} was made with {own}, the config says {', '.join(words)}",
                hint="leave the option out of the config, or name another --output",
            )


class SqliteOptions(SqliteFileOptions):
    """Options of `sqlite`."""

    synchronous: Synchronous = Field(
        "off",
        description="off: safe against kill -9, but not against power loss; normal: safe against "
        "both, and slower",
    )
    wal_autocheckpoint: int = Field(
        1000,
        ge=1,
        le=2**31 - 1,
        description="pages that the WAL may have before they are copied into the file",
    )
    shards: int | None = Field(
        None,
        ge=1,
        le=MAX_SHARDS,
        description="number of files that the records are spread over, for disks that are faster "
        "than one writer; one file if left out",
    )
    shard_blocks: int | None = Field(
        None,
        ge=1,
        le=1 << 32,
        description="consecutive blocks that go to the same shard; about a task if left out",
    )
    any_file_system: bool = Field(
        False, description="write even on network file systems, where WAL is known not to work"
    )

    def refuse_other_shards(self, path: Path, own: int) -> None:
        """Raises StorageError if the options ask for another number of shards than `own`."""
        if self.shards not in (None, own):
            raise StorageError(
                f"{path} was made with shards: {own}, the config says shards: {self.shards}",
                hint="leave the option out of the config, or name another --output",
            )
