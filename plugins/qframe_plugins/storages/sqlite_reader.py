"""Read access to a dataset file, in both layouts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import apsw
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
    stored_runs,
)
from qframe_plugins.storages.sqlite_connection import is_dataset, open_readonly, translated
from qframe_plugins.storages.sqlite_layout import META_DDL, SEAL, Layout, is_integer, seal

LEDGER_ROWS = 4096
META_ROWS = 1000
"""More rows than any dataset's `meta` has; a damaged tree may offer rows without end."""


READ_CACHE_KIB = 128 << 10
"""Of pages, filled as they are read: a record at random in a file of this size costs a tenth of
what it costs with SQLite's own 2 MiB (5 us against 50). Mapping the file would do as well, and end
the process where a page cannot be read."""


class SqliteReader(Reader):
    """Reads a dataset file; sees what is committed at the time of each call.

    Args:
        path: the file.
        header: believed in place of the file's own, if that one is damaged.
    """

    def __init__(self, path: Path, header: Header | None = None) -> None:
        if not path.is_file():
            raise NotADataset(
                f"{path} does not exist" if not path.exists() else f"{path} is no file"
            )
        if header is None and not is_dataset(path):
            raise NotADataset(f"{path} is not a qframe dataset")
        self.path = path
        self._db = open_readonly(path)
        try:
            if header is None:
                self.header, kind = self._own_header()
            else:
                self.header, kind = header, self._kind_of_tables()
            self._layout = Layout(self.header, kind)
            with translated(path):
                self._expect_tables(*(sql for sql in self._layout.ddl() if "TABLE" in sql[:12]))
                self._db.pragma("cache_size", -READ_CACHE_KIB)
        except BaseException:
            self._db.close()
            raise

    def _own_header(self) -> tuple[Header, str]:
        with translated(self.path):
            self._expect_tables(META_DDL)
            meta = dict(self._db.execute(f"SELECT key, value FROM meta LIMIT {META_ROWS}"))
            self._check_seal(meta)
        return _header(self.path, meta), str(meta.get("layout"))

    def _kind_of_tables(self) -> str:
        with translated(self.path):
            # SQLite reads a file that is shorter than its header says only in this mode; the
            # connection stays read-only.
            self._db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 0)
            self._db.pragma("writable_schema", True)
            rows = self._db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'records'").fetchall()
        return "rows" if rows else "blocks"

    def _expect_tables(self, *statements: str) -> None:
        """Refuses tables that are not the ones that we make: a view could compute without end."""
        for sql in statements:
            name = sql.split("(")[0].split()[-1]
            found = self._db.execute(
                "SELECT type, sql FROM sqlite_schema WHERE name = ? LIMIT 2", (name,)
            ).fetchall()
            if found != [("table", sql)]:
                raise NotADataset(f"{self.path}: its table {name} is not that of a qframe dataset")

    def _check_seal(self, meta: dict[str, Any]) -> None:
        if not all(isinstance(k, str) and isinstance(v, str | int) for k, v in meta.items()):
            raise NotADataset(f"{self.path}: its meta table holds what is neither text nor integer")
        if meta.get(SEAL) != seal(meta):
            raise NotADataset(
                f"{self.path}: its meta table is not what was written",
                hint="`qframe verify --repair --config CONFIG` makes it anew",
            )
        if meta.get("dataset_id") != self._db.pragma("user_version"):
            raise NotADataset(
                f"{self.path}: header and meta table are of two datasets",
                hint="was a -wal or -journal of another file beside it?",
            )

    @property
    def layout(self) -> str:
        """`blocks` or `rows`."""
        return self._layout.kind

    @property
    def page_size(self) -> int:
        """Bytes a page."""
        return int(self._db.pragma("page_size"))

    def stored(self) -> Iterator[Stored]:
        yield from stored_runs(self._trusted(), self.header.recipe.block)

    def _trusted(self) -> Iterator[tuple[int, int]]:
        for block, records, sha256 in self.checksums():
            if not sha256 or not 1 <= records <= self.header.recipe.block:
                raise NotADataset(
                    f"{self.path} is damaged: ledger row {block} is none of this dataset",
                    hint=f"qframe verify {self.path}",
                )
            yield block, records

    def checksums(self) -> Iterator[tuple[int, int, bytes]]:
        """The ledger; a row that was not written for this dataset has no checksum (`b""`)."""
        last = -1
        while rows := self._ledger_after(last):
            for block, records, sha256, mark in rows:
                if block <= last:
                    raise self._damaged(f"block {block} follows {last} in the ledger")
                last = block
                own = isinstance(sha256, bytes) and mark == self._layout.mark
                yield block, records if isinstance(records, int) else 0, sha256 if own else b""

    def _ledger_after(self, block: int) -> list[tuple[Any, ...]]:
        """Some rows at a time: an open query would keep writers from shortening their WAL."""
        with translated(self.path):
            return self._db.execute(
                "SELECT block, records, sha256, recipe FROM ledger NOT INDEXED "
                f"WHERE block > ? ORDER BY block LIMIT {LEDGER_ROWS}",
                (block,),
            ).fetchall()

    def read(self, block: int, start: int = 0, stop: int | None = None) -> Arrays:
        with translated(self.path):
            found = self._db.execute(
                "SELECT records, recipe FROM ledger NOT INDEXED WHERE block = ?", (block,)
            ).fetchone()
            if found is None:
                raise RecordMissing(
                    f"{self.path}: block {block} is not stored (yet)",
                    hint="`qframe run` with the same config finishes the dataset",
                )
            row, mark = found
            if mark != self._layout.mark or not isinstance(row, int):
                raise self._damaged(f"ledger row {block} is none of this dataset")
            if not 1 <= row <= self.header.recipe.block:
                raise self._damaged(f"block {block} has {row} records in the ledger")
            end = row if stop is None else min(stop, row)
            start = min(start, end)
            if self._layout.kind == "rows":
                return self._read_rows(block, start, end)
            if (start, end) == (0, row):
                return self._read_block(block, row)
            return self._read_part(block, row, start, end)

    def _damaged(self, what: str) -> NotADataset:
        return NotADataset(
            f"{self.path} is damaged: {what}", hint=f"qframe verify {self.path} --repair"
        )

    def _read_block(self, block: int, records: int) -> Arrays:
        columns = ", ".join(self._layout.names)
        row = self._db.execute(f"SELECT {columns} FROM blocks WHERE block = ?", (block,)).fetchone()
        if row is None:
            raise self._damaged(f"block {block} is in the ledger, not in blocks")
        for column, value in zip(self.header.schema, row, strict=True):
            if not isinstance(value, bytes) or len(value) != records * column.width:
                raise self._damaged(f"{column.name} of block {block} are not {records} entries")
        return {c.name: c.from_bytes(v) for c, v in zip(self.header.schema, row, strict=True)}

    def _read_part(self, block: int, records: int, start: int, end: int) -> Arrays:
        """Some records of a block, without reading the rest of it."""
        arrays = {}
        for column in self.header.schema:
            with self._db.blob_open("main", "blocks", column.name, block, False) as blob:
                if blob.length() != records * column.width:
                    raise self._damaged(f"{column.name} of block {block} are not {records} entries")
                blob.seek(start * column.width)
                arrays[column.name] = column.from_bytes(blob.read((end - start) * column.width))
        return arrays

    def _read_rows(self, block: int, start: int, end: int) -> Arrays:
        first = block * self.header.recipe.block
        rows = self._db.execute(
            f"SELECT id, {', '.join(self._layout.names)} FROM records NOT INDEXED "
            "WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
            (first + start, first + end, end - start + 1),
        ).fetchall()
        if [row[0] for row in rows] != list(range(first + start, first + end)):
            raise self._damaged(f"block {block} lacks records")
        columns = list(zip(*rows, strict=True))[1:] if rows else [()] * len(self.header.schema)
        values = {c.name: list(v) for c, v in zip(self.header.schema, columns, strict=True)}
        if not all(_fits(c, values) for c in self.header.schema):
            raise self._damaged(f"block {block} holds entries that are not of their column's kind")
        return {c.name: _column(c, values[c.name]) for c in self.header.schema}

    def close(self) -> None:
        self._db.close()


def _fits(column: Column, values: dict[str, list[Any]]) -> bool:
    mine = values[column.name]
    if is_integer(column):
        top = np.iinfo(column.dtype).max
        return all(type(value) is int and 0 <= value <= top for value in mine)
    widths: Iterable[int] = repeat(column.width)
    if column.name == "codes":  # without the padding
        item = np.dtype(column.dtype).itemsize
        widths = [min(item * n, column.width) for n in values["lengths"] if type(n) is int]
    return all(type(v) is bytes and len(v) == w for v, w in zip(mine, widths, strict=False))


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
        if meta["recipe_id"] != recipe.id or type(meta["records"]) is not int:
            raise ValueError("recipe id or number of records are not what they say")
        return Header(recipe, schema, meta["records"], about).checked()
    except NotADataset as cause:
        raise NotADataset(f"{path}: {cause.message}", hint=cause.hint) from cause
    except (KeyError, TypeError, ValueError, RecursionError) as cause:
        raise NotADataset(f"{path}: its meta table cannot be read: {cause!r}") from cause
