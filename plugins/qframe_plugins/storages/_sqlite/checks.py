"""What can be wrong with a dataset file apart from its blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import apsw

from qframe import QframeError
from qframe_plugins.storages._sqlite.connection import open_readonly, translated
from qframe_plugins.storages._sqlite.reader import SqliteReader
from qframe_plugins.storages._sqlite.tables import Tables

Check = Callable[[apsw.Connection, Tables], Iterator[str]]

STEPS = 10_000_000
"""Steps of SQLite's machine that a check of a small file may take; 20 more for each byte."""


def problems(path: Path) -> Iterator[str]:
    """One line a problem: the file's trees, its header, and the tables that explain the records.

    Raises:
        NotADataset: if header or meta table cannot be read.
    """
    with closing(SqliteReader(path)) as reader:
        tables = reader.tables
    yield from run(path, tables, (_trees, _schema, _gates, _numbers, _without_ledger))


def problems_of_catalogue(path: Path, tables: Tables) -> Iterator[str]:
    """The same of a catalogue of shards."""
    yield from run(path, tables, (_trees, _schema, _gates))


def run(path: Path, tables: Tables, checks: Sequence[Check]) -> Iterator[str]:
    """What the checks find, each within a bounded number of steps."""
    with closing(open_readonly(path)) as db:
        left = [STEPS + 20 * path.stat().st_size]

        def tick() -> bool:
            left[0] -= 10_000
            return left[0] < 0  # a damaged tree may have no end

        db.set_progress_handler(tick, 10_000)
        for check in checks:
            try:
                with translated(path):
                    yield from check(db, tables)
            except QframeError as error:
                yield error.message


def _trees(db: apsw.Connection, _tables: Tables) -> Iterator[str]:
    for (line,) in db.execute("PRAGMA quick_check(20)"):
        if line != "ok":
            for part in str(line).splitlines():
                if not part.startswith("*** in database"):
                    yield f"quick_check: {part}"


def _schema(db: apsw.Connection, tables: Tables) -> Iterator[str]:
    for sql in (*tables.table_ddl().values(), *tables.view_ddl().values()):
        if not db.execute("SELECT 1 FROM sqlite_schema WHERE sql = ?", (sql,)).fetchall():
            yield f"the schema lacks: {sql[:60]}..."


def _gates(db: apsw.Connection, tables: Tables) -> Iterator[str]:
    wanted = list(tables.gates())
    query = "SELECT * FROM gates NOT INDEXED ORDER BY code LIMIT ?"
    if db.execute(query, (len(wanted) + 1,)).fetchall() != wanted:
        yield "table gates is not what the recipe says"


def _numbers(db: apsw.Connection, tables: Tables) -> Iterator[str]:
    size = tables.seq_size()
    found = db.execute("SELECT i FROM seq ORDER BY i LIMIT ?", (size + 1,)).fetchall()
    if found != [(i,) for i in range(size)]:
        yield f"table seq is not 0 to {size - 1}"


def _without_ledger(db: apsw.Connection, tables: Tables) -> Iterator[str]:
    """Data that no ledger row speaks of; nothing that qframe does leaves such data."""
    size = tables.header.recipe.block
    block = "block" if tables.layout == "blocks" else f"id / {size}"
    inside = "" if tables.layout == "blocks" else f"AND d.id % {size} < l.records"
    query = (
        f"SELECT {block} FROM {tables.table} d NOT INDEXED WHERE NOT EXISTS "
        f"(SELECT 1 FROM ledger l NOT INDEXED WHERE l.block = d.{block} {inside}) LIMIT 10"
    )
    for (number,) in db.execute(query):
        yield f"block {number} has records that the ledger lacks"
