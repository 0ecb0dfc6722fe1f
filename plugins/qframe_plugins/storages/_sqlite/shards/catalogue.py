"""The catalogue of a dataset in shards: which files belong to it, and which blocks each holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from qframe import NotADataset
from qframe_plugins.storages._sqlite.connection import (
    CATALOGUE_ID,
    is_catalogue,
    open_readonly,
    translated,
)
from qframe_plugins.storages._sqlite.meta import expect_tables, form_of, header_of, read_meta
from qframe_plugins.storages._sqlite.tables import (
    GATES_DDL,
    MAX_SHARDS,
    META_DDL,
    SEAL,
    Tables,
    seal,
)

SHARDS_DDL = "CREATE TABLE shards(shard INTEGER PRIMARY KEY, dataset_id INTEGER NOT NULL)"

_HOW_TO_READ = (
    "The records are in the files NAME.shards/00.db, 01.db, ... beside this one; NAME is the name "
    "of this file. Each is an ordinary dataset file with some of the blocks. Block b is in shard "
    "(b / shard_blocks) % shards; record r is in block r / block_records."
)


@dataclass(frozen=True)
class Catalogue(Tables):
    """The tables of a catalogue; layout and form are those of each shard.

    Attributes:
        ids: the dataset id of each shard.
        shard_blocks: number of consecutive blocks that go to the same shard.
    """

    ids: tuple[int, ...]
    shard_blocks: int

    application_id: ClassVar[int] = CATALOGUE_ID

    def shard_of(self, block: int) -> int:
        """Number of the shard that a block belongs to."""
        return block // self.shard_blocks % len(self.ids)

    def table_ddl(self) -> dict[str, str]:
        return {"meta": META_DDL, "gates": GATES_DDL, "shards": SHARDS_DDL}

    def view_ddl(self) -> dict[str, str]:
        return {}

    def meta(self, dataset_id: int) -> dict[str, str | int]:
        rows = {
            **super().meta(dataset_id),
            "format": "qframe catalogue",
            "shards": len(self.ids),
            "shard_blocks": self.shard_blocks,
            "how_to_read": _HOW_TO_READ,
        }
        return {**rows, SEAL: seal(rows)}

    def rows(self, dataset_id: int) -> Iterator[tuple[str, Iterable[tuple[Any, ...]]]]:
        yield "INSERT INTO meta VALUES (?, ?)", self.meta(dataset_id).items()
        yield "INSERT INTO gates VALUES (?, ?, ?, ?, ?, ?)", self.gates()
        yield "INSERT INTO shards VALUES (?, ?)", enumerate(self.ids)


def shards_of(path: Path) -> Path:
    """The directory of the shards. Its name follows from the catalogue's, which names no paths."""
    return path.with_name(f"{path.name}.shards")


def shard_path(path: Path, number: int) -> Path:
    """The file of a shard."""
    return shards_of(path) / f"{number:02d}.db"


def read_catalogue(path: Path) -> Catalogue:
    """Reads and checks the catalogue at `path`.

    Raises:
        NotADataset: in one line.
    """
    if not is_catalogue(path):
        raise NotADataset(f"{path} is not the catalogue of a qframe dataset")
    with closing(open_readonly(path)) as db:
        meta = read_meta(db, path)
        header = header_of(path, meta)
        with translated(path):
            expect_tables(db, path, {"gates": GATES_DDL, "shards": SHARDS_DDL})
            query = "SELECT shard, dataset_id FROM shards ORDER BY shard LIMIT ?"
            rows: list[tuple[Any, ...]] = db.execute(query, (MAX_SHARDS + 1,)).fetchall()
    count, stripe = meta.get("shards"), meta.get("shard_blocks")
    numbers = [row[0] for row in rows]
    if type(count) is not int or not 1 <= count <= MAX_SHARDS or numbers != list(range(count)):
        raise NotADataset(f"{path}: its table shards is not that of {str(count)[:20]} shards")
    if type(stripe) is not int or not 1 <= stripe <= 2**40:
        raise NotADataset(f"{path}: shard_blocks is {str(stripe)[:20]!r}")
    form = form_of(path, meta, header)
    ids = tuple(row[1] if type(row[1]) is int else 0 for row in rows)
    return Catalogue(header, str(meta.get("layout")), form, ids, stripe)
