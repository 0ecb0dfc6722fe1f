"""Read access to a dataset file, in both layouts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from qframe import (
    Arrays,
    Column,
    Header,
    NotADataset,
    Reader,
    Recipe,
    RecordMissing,
    Stored,
    schema_from_data,
)
from qframe_plugins.storages.sqlite_connection import is_dataset, open_readonly, translated
from qframe_plugins.storages.sqlite_layout import Layout, is_integer

# Full blocks in runs without a gap, and each cut block on its own.
_RUNS = """
SELECT min(block), max(block), sum(records) FROM (
    SELECT block, records, records < :size AS cut,
           block - row_number() OVER (PARTITION BY records < :size ORDER BY block) AS island
    FROM ledger)
GROUP BY cut, CASE cut WHEN 1 THEN block ELSE island END ORDER BY 1
"""


class SqliteReader(Reader):
    """Reads a dataset file; sees what is committed at the time of each call."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise NotADataset(
                f"{path} does not exist" if not path.exists() else f"{path} is no file"
            )
        if not is_dataset(path):
            raise NotADataset(f"{path} is not a qframe dataset")
        self.path = path
        self._db = open_readonly(path)
        with translated(path):
            meta = dict(self._db.execute("SELECT key, value FROM meta"))
        self.header = _header(path, meta)
        self._layout = Layout(self.header, str(meta.get("layout")))

    @property
    def layout(self) -> str:
        """`blocks` or `rows`."""
        return self._layout.kind

    def stored(self) -> Iterator[Stored]:
        with translated(self.path):
            for first, last, records in self._db.execute(_RUNS, {"size": self.header.recipe.block}):
                yield Stored(first, last, records)

    def checksums(self) -> Iterator[tuple[int, int, bytes]]:
        with translated(self.path):
            yield from self._db.execute("SELECT block, records, sha256 FROM ledger ORDER BY block")

    def read(self, block: int, start: int = 0, stop: int | None = None) -> Arrays:
        with translated(self.path):
            row = self._db.execute("SELECT records FROM ledger WHERE block = ?", (block,)).get
            if row is None:
                raise RecordMissing(
                    f"{self.path}: block {block} is not stored (yet)",
                    hint="`qframe run` with the same config finishes the dataset",
                )
            end = row if stop is None else min(stop, row)
            start = min(start, end)
            if self._layout.kind == "rows":
                return self._read_rows(block, start, end)
            if (start, end) == (0, row):
                return self._read_block(block)
            return self._read_part(block, start, end)

    def _read_block(self, block: int) -> Arrays:
        columns = ", ".join(self._layout.names)
        row = self._db.execute(f"SELECT {columns} FROM blocks WHERE block = ?", (block,)).fetchone()
        if row is None:
            raise NotADataset(
                f"{self.path} is damaged: block {block} is in the ledger, not in blocks"
            )
        return {c.name: c.from_bytes(v) for c, v in zip(self.header.schema, row, strict=True)}

    def _read_part(self, block: int, start: int, end: int) -> Arrays:
        """Some records of a block, without reading the rest of it."""
        arrays = {}
        for column in self.header.schema:
            with self._db.blob_open("main", "blocks", column.name, block, False) as blob:
                blob.seek(start * column.width)
                arrays[column.name] = column.from_bytes(blob.read((end - start) * column.width))
        return arrays

    def _read_rows(self, block: int, start: int, end: int) -> Arrays:
        first = block * self.header.recipe.block
        rows = self._db.execute(
            f"SELECT {', '.join(self._layout.names)} FROM records WHERE id >= ? AND id < ? "
            "ORDER BY id",
            (first + start, first + end),
        ).fetchall()
        if len(rows) != end - start:
            raise NotADataset(f"{self.path} is damaged: block {block} lacks records")
        values = zip(*rows, strict=True) if rows else [()] * len(self.header.schema)
        return {
            c.name: _column(c, list(v)) for c, v in zip(self.header.schema, values, strict=True)
        }

    def close(self) -> None:
        self._db.close()


def _column(column: Column, values: list[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    if is_integer(column):
        return np.array(values, dtype=column.dtype)
    padded = [value.ljust(column.width, b"\0") for value in values]
    return column.from_bytes(b"".join(padded))


def _header(path: Path, meta: dict[str, Any]) -> Header:
    try:
        recipe = Recipe.from_text(meta["recipe"])
        schema = schema_from_data(json.loads(meta["schema"]))
        about = {k[6:]: str(v) for k, v in meta.items() if k.startswith("about_")}
        return Header(recipe, schema, int(meta["records"]), about)
    except (KeyError, TypeError, ValueError) as cause:
        raise NotADataset(f"{path}: its meta table cannot be read: {cause!r}") from cause
