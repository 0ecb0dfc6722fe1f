"""Checks of a dataset file, apart from its blocks: SQLite's own, and of the tables' contents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import apsw

from qframe import CannotOpen, QframeError, StorageBusy, StorageError, shell_words
from qframe_plugins.storages._sqlite.connection import open_readonly, translated
from qframe_plugins.storages._sqlite.reader import SqliteReader
from qframe_plugins.storages._sqlite.tables import Tables

Check = Callable[[apsw.Connection, Tables], Iterator[str]]

MAX_STEPS = 10_000_000
"""Steps of SQLite's virtual machine that the checks of a small file may take; 20 more per byte."""


def problems(path: Path) -> Iterator[str]:
    """Problems of a dataset file, one line each.

    Checked are the file's B-trees, its schema, and the tables beside the records.

    Raises:
        NotADataset: the header or the table `meta` cannot be read.
    """
    with closing(SqliteReader(path)) as reader:
        tables = reader.tables
    yield from _run(path, tables, (_trees, _schema, _gates, _numbers, _without_ledger))


def problems_of_catalogue(path: Path, tables: Tables) -> Iterator[str]:
    """Problems of a catalogue of shards, one line each."""
    yield from _run(path, tables, (_trees, _schema, _gates))


def _run(path: Path, tables: Tables, checks: Sequence[Check]) -> Iterator[str]:
    """What the checks find, all together within a bounded number of steps."""
    with closing(open_readonly(path)) as db:
        left = [MAX_STEPS + 20 * path.stat().st_size]

        def tick() -> bool:
            left[0] -= 10_000
            return left[0] < 0  # a damaged B-tree may be endless

        db.set_progress_handler(tick, 10_000)
        for check in checks:
            try:
                with translated(path):
                    yield from check(db, tables)
            except (CannotOpen, StorageBusy):
                raise  # it says nothing about the file
            except QframeError as error:
                yield error.message


def _trees(db: apsw.Connection, _tables: Tables) -> Iterator[str]:
    """SQLite's own check."""
    for (line,) in db.execute("PRAGMA quick_check(20)"):
        if line != "ok":
            for part in str(line).splitlines():
                if not part.startswith("*** in database"):
                    yield f"quick_check: {part}"


def _schema(db: apsw.Connection, tables: Tables) -> Iterator[str]:
    """Tables and views that were not made by qframe's statements, and what hangs on them.

    A trigger changes records as they are written, and an index on an expression runs functions:
    qframe makes neither. Other tables and views are the user's own.
    """
    made = tables.table_ddl() | tables.view_ddl()
    found = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql NOT NULL LIMIT 1000"
    own = set()
    for kind, name, table, sql in db.execute(found):
        if kind in ("table", "view") and sql == made.get(str(name)):
            own.add(name)
        elif kind in ("trigger", "index") and str(table).lower() in made:
            yield f"{kind} {str(name)[:60]!r} on {table} was not made by qframe: drop it"
    for name, sql in made.items():
        if name not in own:
            yield f"the schema lacks: {sql[:60]}..."


def refuse_foreign_schema(path: Path, tables: Tables) -> None:
    """Refuses to write into a file whose schema is not qframe's alone.

    Raises:
        StorageError: names the first thing that is not.
    """
    problem = next(_run(path, tables, (_schema,)), None)
    if problem is not None:
        raise StorageError(f"{path}: {problem}", hint=shell_words("qframe", "verify", path))


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
    """Records whose block is not in the ledger; qframe itself never leaves such records."""
    size = tables.header.recipe.block
    block = "block" if tables.layout == "blocks" else f"id / {size}"
    inside = "" if tables.layout == "blocks" else f"AND d.id % {size} < l.records"
    query = (
        f"SELECT {block} FROM {tables.table} d NOT INDEXED WHERE NOT EXISTS "
        f"(SELECT 1 FROM ledger l NOT INDEXED WHERE l.block = d.{block} {inside}) LIMIT 10"
    )
    for (number,) in db.execute(query):
        yield f"block {number} has records that the ledger lacks"
