"""The schema of a dataset file: triggers and indexes of others, and the view for SQL tools."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

import qframe
from qframe.dataset.storages import storage_at
from qframe.integrity.verify import verify

Config = Callable[..., Path]
Run = Callable[..., Any]

HOSTILE = {
    "trigger that changes blocks": (
        "CREATE TRIGGER t AFTER INSERT ON blocks BEGIN "
        "UPDATE blocks SET codes = zeroblob(length(codes)) WHERE block = NEW.block; END"
    ),
    "trigger without end": (
        "CREATE TRIGGER t BEFORE UPDATE ON meta BEGIN SELECT count(*) FROM "
        "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n); END"
    ),
    "index on an expression": "CREATE INDEX e ON ledger(abs(block))",
    "index": "CREATE INDEX e ON ledger(records)",
}


def finished(config: Config, run_qframe: Run, **keys: Any) -> tuple[Path, Path]:
    path = config(**{"records": 5000, **keys})
    return path, run_qframe(path).output


def change(output: Path, *statements: str) -> None:
    with closing(apsw.Connection(str(output))) as db:
        for statement in statements:
            db.execute(statement)


@pytest.mark.parametrize("what", HOSTILE)
def test_nothing_is_written_where_a_schema_holds_more_than_ours(
    what: str, config: Config, run_qframe: Run
) -> None:
    path, output = finished(config, run_qframe)
    change(output, HOSTILE[what])
    before = output.read_bytes()
    with pytest.raises(qframe.StorageError, match="was not made by qframe: drop it"):
        qframe.run(path, ["records=9000"])
    assert output.read_bytes() == before
    verdict = verify(storage_at(output, None))
    assert any("was not made by qframe" in problem for problem in verdict.structure)


def test_a_view_with_our_name_is_not_ours(config: Config, run_qframe: Run) -> None:
    path, output = finished(config, run_qframe)
    change(output, "DROP VIEW circuits", "CREATE VIEW circuits AS SELECT 1 AS record")
    with pytest.raises(qframe.StorageError, match="the schema lacks: CREATE VIEW circuits"):
        qframe.run(path, ["records=9000"])


def test_tables_and_views_of_the_user_are_the_users_own(config: Config, run_qframe: Run) -> None:
    path, output = finished(config, run_qframe)
    change(
        output,
        "CREATE TABLE notes(record INTEGER, text TEXT)",
        "CREATE INDEX by_record ON notes(record)",
        "CREATE TRIGGER own AFTER INSERT ON notes BEGIN DELETE FROM notes WHERE text = ''; END",
        "CREATE VIEW long AS SELECT * FROM circuits WHERE length > 9",
    )
    assert verify(storage_at(output, None)).ok
    assert qframe.run(path, ["records=9000"]).complete


@pytest.mark.parametrize("write", ["finish", "resume"])
def test_triggers_are_never_run(write: str, config: Config, run_qframe: Run) -> None:
    """Also not on a connection that writes before the schema is looked at."""
    _, output = finished(config, run_qframe)
    change(
        output,
        "CREATE TABLE ran(x)",
        "CREATE TRIGGER t AFTER UPDATE ON meta BEGIN INSERT INTO ran VALUES (1); END",
    )
    database = storage_at(output, None)._files._database  # type: ignore[attr-defined]
    database.set_records(5000)
    with closing(apsw.Connection(str(output))) as db:
        assert db.execute("SELECT count(*) FROM ran").get == 0


FORMS: dict[str, dict[str, Any]] = {
    "blocks": {},
    "rows": {"layout": "rows"},
    "circuits alone": {"unitary": "none"},
    "circuits alone, rows": {"unitary": "none", "layout": "rows"},
}


@pytest.mark.parametrize("qubits", [1, 2])
@pytest.mark.parametrize("length", [9, 300])
@pytest.mark.parametrize("form", FORMS)
def test_the_view_answers_any_sql_tool(
    form: str, length: int, qubits: int, config: Config, run_qframe: Run
) -> None:
    """Rows as Python reads them, also where values are bound as text, as Datasette does."""
    path, output = finished(
        config,
        run_qframe,
        records=300,
        labels=["t_count", "depth"],
        gate_set={"plugin": "clifford_t", "qubits": qubits},
        sampler={"plugin": "uniform", "length": {"min": 0, "max": length}},
        storage={"plugin": "sqlite", **FORMS[form]},
    )
    with qframe.open(path) as ds:
        want = [
            (
                r.index,
                0,
                r.index,
                len(r.circuit),
                ", ".join(map(str, r.circuit)) or None,
                int(r.extra["t_count"]),
                int(r.extra["depth"]),
            )
            for r in ds
        ]
    with closing(sqlite3.connect(output)) as db:
        assert db.execute("SELECT * FROM circuits ORDER BY record").fetchall() == want
        names = ("record", "block", "i", "length", "gates", "t_count", "depth")
        for place, name in enumerate(names):
            if name != "gates":
                value = want[7][place]
                query = f"SELECT * FROM circuits WHERE {name} = ? ORDER BY record"
                rows = [row for row in want if row[place] == value]
                assert db.execute(query, (str(value),)).fetchall() == rows, name
        [text] = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'circuits'").fetchone()
    assert "x'" not in text  # DuckDB prints a view anew, and literals of bytes get lost
