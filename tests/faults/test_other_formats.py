"""Datasets of format 1, or of a later version: one line says so, and nothing is called damaged."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest

import qframe
from qframe import Worker
from qframe.config.load import load_config
from qframe.runs.plan import plan
from qframe_plugins.storages._sqlite.tables import seal

Config = Callable[..., Path]
Main = Callable[..., subprocess.CompletedProcess[str]]

RECORDS = 300
STORAGES: dict[str, Any] = {
    "sqlite": "sqlite",
    "rows": {"plugin": "sqlite", "layout": "rows"},
    "circuits only": {"plugin": "sqlite", "unitary": "none"},
    "rollback": "sqlite-rollback",
    "shards": {"plugin": "sqlite", "shards": 2, "shard_blocks": 1},
    "savetxt": "savetxt",
}
FORMAT_1 = "the recipe has format 1, this version of qframe reads format 2"
AGAIN = "make the dataset again: qframe run CONFIG --output NEW"


def without_drawn(schema: str) -> str:
    """The columns as format 1 described them."""
    return json.dumps([{k: c[k] for k in ("name", "dtype", "shape")} for c in json.loads(schema)])


def with_recipe(facts: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> None:
    """Changes the recipe in the facts of a header, and the recipe id."""
    recipe = json.loads(facts["recipe"])
    change(recipe)
    facts["recipe"] = json.dumps(recipe, sort_keys=True, separators=(",", ":"))
    facts["recipe_id"] = hashlib.sha256(facts["recipe"].encode()).hexdigest()


def make_format_1(path: Path) -> None:
    """Turns a dataset into what qframe 0.1.0 wrote."""
    if path.is_dir():
        _savetxt_of_format_1(path)
        return
    for file in (path, *path.with_name(f"{path.name}.shards").glob("*.db")):
        _file_of_format_1(file)


def _file_of_format_1(path: Path) -> None:
    with closing(apsw.Connection(str(path))) as db:
        meta = dict(db.execute("SELECT key, value FROM meta"))
        with_recipe(meta, lambda recipe: recipe.update(format=1))
        meta["schema"] = without_drawn(meta["schema"])
        meta["meta_sha256"] = seal(meta)
        db.executemany("UPDATE meta SET value = ?2 WHERE key = ?1", meta.items())
        if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'ledger'").get:
            db.execute(
                "CREATE TABLE old(block INTEGER PRIMARY KEY, records INTEGER NOT NULL, "
                "sha256 BLOB NOT NULL, recipe BLOB NOT NULL)"
            )
            mark = bytes.fromhex(meta["recipe_id"])[:8]
            db.execute("INSERT INTO old SELECT block, records, drawn, ? FROM ledger", (mark,))
            db.execute("DROP VIEW circuits")
            db.execute("DROP TABLE ledger")
            db.execute("ALTER TABLE old RENAME TO ledger")


def _savetxt_of_format_1(path: Path) -> None:
    facts = json.loads((path / "qframe.json").read_text())
    with_recipe(facts, lambda recipe: recipe.update(format=1))
    del facts["facts_sha256"]
    facts["schema"] = json.loads(without_drawn(json.dumps(facts["schema"])))
    (path / "qframe.json").write_text(json.dumps(facts, indent=1))
    for row in (path / "ledger").rglob("*.txt"):
        facts = json.loads(row.read_text())
        row.write_text(json.dumps({"records": facts["records"], "sha256": "0" * 64}))


@pytest.fixture
def make(config: Config, tmp_path: Path) -> Callable[[str], Path]:
    """A finished dataset of a storage, `data` beside its config `small.yaml`."""

    def run(storage: str) -> Path:
        data = tmp_path / "data"
        qframe.run(config(records=RECORDS, storage=STORAGES[storage], output=data))
        return data

    return run


def files(path: Path) -> dict[Path, bytes]:
    """All files beside a dataset and in it."""
    return {file: file.read_bytes() for file in path.parent.rglob("*") if file.is_file()}


@pytest.mark.parametrize("storage", STORAGES)
def test_a_dataset_of_format_1_is_refused_in_one_line(
    storage: str, make: Callable[[str], Path], qframe_main: Main
) -> None:
    data = make(storage)
    make_format_1(data)
    before = files(data)
    with pytest.raises(qframe.OtherFormat, match=FORMAT_1) as error:
        qframe.open(data)
    assert str(data) in error.value.message
    assert len(error.value.message.splitlines()) == 1
    config = data.with_name("small.yaml")
    for words in (
        ("info", data),
        ("hash", data),
        ("show", data, 0),
        ("stats", data),
        ("dedup", data, "other.db"),
        ("run", config),
        ("run", config, "--records", 5000),
    ):
        done = qframe_main(*words)
        assert done.returncode == 4, words
        lines = done.stderr.splitlines()
        assert FORMAT_1 in lines[0], words
        assert str(data) in lines[0], words
        assert AGAIN in lines[1], words
        assert len(lines) == 2, words
    assert files(data) == before


@pytest.mark.parametrize("storage", STORAGES)
def test_verify_could_not_check_a_dataset_of_format_1_and_repairs_nothing(
    storage: str, make: Callable[[str], Path], qframe_main: Main
) -> None:
    data = make(storage)
    make_format_1(data)
    before = files(data)
    config = data.with_name("small.yaml")
    for words in (
        (),
        ("--recompute", "--content"),
        ("--repair",),
        ("--repair", "--config", config),
        ("--repair", "--config", config, "--force"),
    ):
        done = qframe_main("verify", data, *words)
        said = done.stdout + done.stderr
        assert done.returncode == 5, (words, said)
        assert said.startswith(f"NOT CHECKED: {data}"), words
        assert FORMAT_1 in said
        assert AGAIN in said
        assert len(said.splitlines()) == 1
        facts = json.loads(qframe_main("verify", data, *words, "--json").stdout)
        assert facts["verdict"] == "not checked"
        assert facts["structure"] == facts["damaged"] == []
        assert files(data) == before


@pytest.mark.parametrize("storage", ["sqlite", "shards", "savetxt"])
def test_what_a_later_version_added_is_named_and_is_no_damage(
    storage: str, make: Callable[[str], Path], qframe_main: Main
) -> None:
    """Such as another target than the unitary, which a recipe would name."""
    data = make(storage)
    if data.is_dir():
        facts = json.loads((data / "qframe.json").read_text())
        with_recipe(facts, lambda recipe: recipe.update(targets=["tableau"]))
        (data / "qframe.json").write_text(json.dumps(facts))
    else:
        with closing(apsw.Connection(str(data))) as db:
            meta = dict(db.execute("SELECT key, value FROM meta"))
            with_recipe(meta, lambda recipe: recipe.update(targets=["tableau"]))
            meta["meta_sha256"] = seal(meta)
            db.executemany("UPDATE meta SET value = ?2 WHERE key = ?1", meta.items())
    done = qframe_main("verify", data)
    assert done.returncode == 5, done.stdout
    assert 'what this version of qframe does not know: "targets"' in done.stdout
    assert "install a newer version" in done.stdout
    assert qframe_main("info", data).returncode == 4


def test_a_damaged_number_of_the_format_is_damage(
    make: Callable[[str], Path], qframe_main: Main
) -> None:
    """Whatever the number would be: the recipe does not have its id."""
    data = make("savetxt") / "qframe.json"
    text = data.read_text()
    assert text.count('\\"format\\":2') == 1
    data.write_text(text.replace('\\"format\\":2', '\\"format\\":3'))
    assert qframe_main("verify", data.parent).returncode == 4


def test_a_worker_of_another_version_refuses_the_job(config: Config) -> None:
    planned = plan(load_config(config()))
    planned.storage.create(planned.header)
    job = planned.job()
    recipe = job.recipe.replace('"format":2', '"format":1')
    assert recipe != job.recipe
    with pytest.raises(qframe.OtherFormat, match=FORMAT_1):
        Worker(replace(job, recipe=recipe))
