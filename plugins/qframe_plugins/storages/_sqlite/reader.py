"""Reading a dataset file, in both layouts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from typing import Any

import apsw
import numpy as np

from qframe import (
    Arrays,
    Block,
    Column,
    Header,
    NotADataset,
    Reader,
    RecordMissing,
    Schema,
    Stored,
    record_width,
    shell_words,
    stored_runs,
)
from qframe_plugins.storages._sqlite.connection import (
    file_header,
    in_wal_mode,
    is_dataset,
    open_readonly,
    refuse_after_fork,
    translated,
)
from qframe_plugins.storages._sqlite.meta import expect_tables, form_of, header_of, read_meta
from qframe_plugins.storages._sqlite.stored_form import Form
from qframe_plugins.storages._sqlite.tables import DIGEST_BYTES, Tables, is_integer

LEDGER_ROWS = 4096
"""Ledger rows that are read at a time."""

_COUNT = """
SELECT max(block), total(records), total(
    recipe IS ? AND typeof(records) = 'integer' AND records BETWEEN 1 AND ?
    AND typeof(drawn) = 'blob' AND length(drawn) = 32
    AND typeof(stored) = 'blob' AND length(stored) = 32
) = count(*)
FROM (SELECT * FROM ledger NOT INDEXED WHERE block > ? ORDER BY block LIMIT 1000000)
"""
"""In pieces, because an open query would keep the WAL from starting over."""

READ_CACHE_KIB = 128 << 10
"""KiB of pages that a reader keeps in memory, filled as pages are read.

A random record of a file of this size takes 5 us, and 50 us with SQLite's own cache of 2 MiB.
"""

MAPPED_BYTES = 1 << 40
"""Bytes of a finished file that are mapped into memory, once parts of blocks are read.

SQLite itself maps at most 2 GiB. Nothing is mapped while only whole blocks are read, as
`qframe verify` does: if the disk cannot give a page, reading it from a mapping would end the
process, where reading it from the file is an error.
"""


class SqliteReader(Reader):
    """Reads a dataset file. Each call sees what is committed at that time.

    Args:
        path: the file.
        header: believed instead of the file's own header, which is damaged.
        cache_kib: KiB of pages that the connection keeps in memory.

    Attributes:
        tables: the tables of the file.
    """

    def __init__(
        self, path: Path, header: Header | None = None, cache_kib: int = READ_CACHE_KIB
    ) -> None:
        if not path.is_file():
            raise NotADataset(
                f"{path} does not exist" if not path.exists() else f"{path} is not a file"
            )
        if header is None and not is_dataset(path):
            raise NotADataset(f"{path} is not a qframe dataset")
        self.path = path
        self._owner = os.getpid()
        self._mapped = False
        self._db = open_readonly(path)
        try:
            self.tables = self._own_tables() if header is None else self._tables_found(header)
            self.header = self.tables.header
            with translated(path):
                expect_tables(self._db, path, self.tables.table_ddl())
                self._db.pragma("cache_size", -cache_kib)
        except BaseException:
            self._db.close()
            raise

    def _own_tables(self) -> Tables:
        """The tables that the file's own `meta` describes."""
        meta = read_meta(self._db, self.path)
        header = header_of(self.path, meta)
        return Tables(header, str(meta.get("layout")), form_of(self.path, meta, header))

    def _tables_found(self, header: Header) -> Tables:
        """The tables that the file's schema lists, for a file whose `meta` cannot be believed."""
        with translated(self.path):
            # Only in this mode does SQLite read a file that is shorter than its header says. The
            # connection stays read-only.
            self._db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 0)
            self._db.pragma("writable_schema", True)
            found = dict(self._db.execute("SELECT name, sql FROM sqlite_schema LIMIT 50"))
        forms = (Form(header.recipe.dtype, True), Form("none", True))
        possible = [Tables(header, layout, form) for layout in ("blocks", "rows") for form in forms]
        for tables in possible:
            if all(found.get(name) == sql for name, sql in tables.table_ddl().items()):
                return tables
        return possible[0]

    @property
    def dataset_id(self) -> int:
        """The random number that the file got when it was made."""
        return int(self._db.pragma("user_version"))

    @property
    def layout(self) -> str:
        """`blocks` or `rows`."""
        return self.tables.layout

    @property
    def page_size(self) -> int:
        """Bytes per page."""
        return int(self._db.pragma("page_size"))

    @property
    def schema(self) -> Schema:
        return self.tables.columns.shown

    @property
    def options(self) -> dict[str, Any]:
        """The options that make a file of the same layout, page size and form."""
        form = self.tables.form
        return {
            "layout": self.layout,
            "page_size": self.page_size,
            "unitary": form.unitary,
            "circuit": form.circuit,
        }

    def form(self) -> dict[str, str]:
        form = self.tables.form
        width = record_width(self.tables.stored)
        none = "none (computed by reading)"
        return {
            "layout": self.layout,
            "unitary": none if form.unitary == "none" else form.unitary,
            "circuit": "true" if form.circuit else "false",
            "bytes_a_record": str(width),
        }

    def stored(self) -> Iterator[Stored]:
        yield from stored_runs(self.trusted(), self.header.recipe.block)

    def stored_records(self) -> int:
        """The sum of the ledger, by SQLite itself: 10 times as fast as reading its rows."""
        refuse_after_fork(self._owner, self.path)
        own = (self.tables.mark, self.header.recipe.block)
        records, last = 0, -1
        while last is not None:
            with translated(self.path):
                [(last, more, all_own)] = self._db.execute(_COUNT, (*own, last))
            if not all_own:
                return super().stored_records()  # which says what is wrong
            records += int(more)
        return records

    def trusted(self) -> Iterator[tuple[int, int]]:
        """Block and records of each ledger row.

        Raises:
            NotADataset: a row was not written for this dataset.
        """
        for block, records, checksum in self.checksums():
            if not checksum or not 1 <= records <= self.header.recipe.block:
                raise NotADataset(
                    f"{self.path} is damaged: ledger row {block} is not of this dataset",
                    hint=shell_words("qframe", "verify", self.path),
                )
            yield block, records

    def checksums(self) -> Iterator[tuple[int, int, bytes]]:
        """The ledger; the checksum is `b""` if a row was not written for this dataset."""
        last = -1
        while rows := self._ledger_after(last):
            for block, records, drawn, stored, mark in rows:
                if block <= last:
                    raise self._damaged(f"block {block} follows {last} in the ledger")
                last = block
                yield (
                    block,
                    records if isinstance(records, int) else 0,
                    _checksum(drawn, stored) if mark == self.tables.mark else b"",
                )

    def _ledger_after(self, block: int) -> list[tuple[Any, ...]]:
        """The next ledger rows after a block.

        The ledger is read in pieces, because an open query would keep the WAL from starting over.
        """
        refuse_after_fork(self._owner, self.path)
        with translated(self.path):
            return self._db.execute(
                "SELECT block, records, drawn, stored, recipe FROM ledger NOT INDEXED "
                f"WHERE block > ? ORDER BY block LIMIT {LEDGER_ROWS}",
                (block,),
            ).fetchall()

    def read(self, block: int, start: int = 0, stop: int | None = None) -> Arrays:
        refuse_after_fork(self._owner, self.path)
        with translated(self.path), self._snapshot():
            arrays = self._read(block, self._records_of(block), start, stop)
        try:
            return self.tables.columns.decode(arrays)
        except ValueError as cause:
            raise self._damaged(f"block {block} {cause}") from cause

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """A read transaction: ledger and records are of one moment, and the file is locked once."""
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("ROLLBACK")

    def proved_checksum(self, block: int) -> tuple[int, bytes] | None:
        columns = self.tables.columns
        if columns.plain:
            return None
        with translated(self.path):
            records = self._records_of(block)
            arrays = self._read(block, records, 0, None)
            [(drawn, stored)] = self._db.execute(
                "SELECT drawn, stored FROM ledger NOT INDEXED WHERE block = ?", (block,)
            )
        try:
            columns.check(arrays)
        except ValueError as cause:
            raise self._damaged(f"block {block} {cause}") from cause
        checksum = _checksum(drawn, stored)
        if not checksum or columns.stored_digest(block, records, drawn, arrays) != stored:
            raise self._damaged(f"block {block} is not what the ledger says")
        return records, checksum

    def proves(self, block: int, records: int, checksum: bytes) -> bool:
        """Whether a stored block is what this ledger row says."""
        try:
            proved = self.proved_checksum(block)
            if proved is not None:
                return proved == (records, checksum)
            found = Block(block, records, self.read(block))
        except NotADataset:
            return False
        return found.checksum(self.header.schema) == checksum

    def _records_of(self, block: int) -> int:
        """Number of records of a block, by its ledger row.

        Raises:
            RecordMissing: the ledger lacks the block.
            NotADataset: the row was not written for this dataset.
        """
        found = self._db.execute(
            "SELECT records, recipe FROM ledger NOT INDEXED WHERE block = ?", (block,)
        ).fetchone()
        if found is None:
            raise RecordMissing(
                f"{self.path}: block {block} is not stored (yet)",
                hint="`qframe run` with the same config finishes the dataset",
            )
        row, mark = found
        if mark != self.tables.mark or not isinstance(row, int):
            raise self._damaged(f"ledger row {block} is not of this dataset")
        if not 1 <= row <= self.header.recipe.block:
            raise self._damaged(f"block {block} has {row} records in the ledger")
        return row

    def _read(self, block: int, row: int, start: int, stop: int | None) -> Arrays:
        """The table's columns of records `start:stop` of a block of `row` records."""
        end = row if stop is None else min(stop, row)
        start = min(start, end)
        if self.tables.layout == "rows":
            return self._read_rows(block, start, end)
        if (start, end) == (0, row):
            return self._read_block(block, row)
        return self._read_part(block, row, start, end)

    def _damaged(self, what: str) -> NotADataset:
        return NotADataset(
            f"{self.path} is damaged: {what}",
            hint=shell_words("qframe", "verify", self.path, "--repair"),
        )

    def _read_block(self, block: int, records: int) -> Arrays:
        columns = ", ".join(self.tables.names)
        row = self._db.execute(f"SELECT {columns} FROM blocks WHERE block = ?", (block,)).fetchone()
        if row is None:
            raise self._damaged(f"block {block} is in the ledger, not in blocks")
        for column, value in zip(self.tables.stored, row, strict=True):
            if not isinstance(value, bytes) or len(value) != records * column.width:
                raise self._damaged(f"{column.name} of block {block} are not {records} entries")
        return {c.name: c.from_bytes(v) for c, v in zip(self.tables.stored, row, strict=True)}

    def _map(self) -> None:
        """Maps a finished file into memory."""
        self._mapped = True
        if not in_wal_mode(file_header(self._db)):
            self._db.pragma("mmap_size", MAPPED_BYTES)

    def _read_part(self, block: int, records: int, start: int, end: int) -> Arrays:
        """Some records of a block in layout `blocks`, without reading its other records."""
        if not self._mapped:
            self._map()
        arrays = {}
        for column in self.tables.stored:
            with self._db.blob_open("main", "blocks", column.name, block, False) as blob:
                if blob.length() != records * column.width:
                    raise self._damaged(f"{column.name} of block {block} are not {records} entries")
                blob.seek(start * column.width)
                arrays[column.name] = column.from_bytes(blob.read((end - start) * column.width))
        return arrays

    def _read_rows(self, block: int, start: int, end: int) -> Arrays:
        first = block * self.header.recipe.block
        rows = self._db.execute(
            f"SELECT id, {', '.join(self.tables.names)} FROM records NOT INDEXED "
            "WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
            (first + start, first + end, end - start + 1),
        ).fetchall()
        if [row[0] for row in rows] != list(range(first + start, first + end)):
            raise self._damaged(f"block {block} lacks records")
        columns = list(zip(*rows, strict=True))[1:] if rows else [()] * len(self.tables.stored)
        values = {c.name: list(v) for c, v in zip(self.tables.stored, columns, strict=True)}
        if not all(_fits(c, values) for c in self.tables.stored):
            raise self._damaged(f"block {block} holds entries that do not fit their column")
        return {c.name: _column(c, values[c.name]) for c in self.tables.stored}

    def close(self) -> None:
        self._db.close()


def _checksum(drawn: Any, stored: Any) -> bytes:
    """The checksum of a ledger row; `b""` if its cells hold no digests."""
    cells = (drawn, stored)
    own = all(isinstance(cell, bytes) and len(cell) == DIGEST_BYTES for cell in cells)
    return b"".join(cells) if own else b""


def _fits(column: Column, values: dict[str, list[Any]]) -> bool:
    """Whether all values of a column in layout `rows` have the right type and width."""
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
    """The array of a column's values in layout `rows`."""
    if is_integer(column):
        return np.array(values, dtype=column.dtype)
    padded = [value.ljust(column.width, b"\0") for value in values]
    return column.from_bytes(b"".join(padded))
