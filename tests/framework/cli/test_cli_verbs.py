"""`check`, `info`, `show`, `plugins`, `schema`, `hash`: what they print; they only look."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are a package of their own
import numpy as np
import pytest
import yaml

import qframe

ROOT = Path(__file__).parents[3]

Config = Callable[..., Path]
Cli = Callable[..., subprocess.CompletedProcess[str]]
Run = Callable[..., qframe.RunSummary]

CONFIGS = sorted((Path(__file__).parents[3] / "configs").glob("*.yaml"))


def answered(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def everything(directory: Path) -> set[tuple[str, int]]:
    return {(str(p), p.stat().st_mtime_ns) for p in [directory, *directory.rglob("*")]}


def test_check_says_what_a_run_would_do_and_writes_nothing(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config(records=100_000, output=tmp_path / "new" / "deep" / "a.db")
    before = everything(tmp_path)
    words = qframe_main("check", path)
    facts = answered(qframe_main("check", path, "--json"))
    assert everything(tmp_path) == before
    assert facts.keys() >= {
        *("plugins", "output", "records", "stored", "to_do", "tasks", "workers"),
        *("bytes", "files", "free_bytes", "recipe_id"),
    }
    assert facts["plugins"] == {
        "gate_set": "clifford_t",
        "sampler": "uniform",
        "engine": "numpy",
        "storage": "sqlite",
        "executor": "serial",
    }
    assert (facts["records"], facts["stored"], facts["to_do"]) == (100_000, 0, 100_000)
    assert facts["recipe_id"] == qframe.open(path).recipe.id
    assert words.returncode == 0
    for value in (facts["recipe_id"], "100,000", "clifford_t"):
        assert value in words.stdout


@pytest.mark.parametrize(
    "storage",
    ["sqlite", {"plugin": "sqlite", "layout": "rows"}, "sqlite-rollback", "savetxt"],
    ids=str,
)
def test_checks_estimate_is_near_the_truth(
    storage: object, config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config(records=2000 if storage == "savetxt" else 65_536, storage=storage)
    facts = answered(qframe_main("check", path, "--json"))
    summary = qframe.run(path)
    output = tmp_path / "small.db"
    # What counts is the room on the disk: a small text file takes a whole block of it.
    taken = sum(p.stat().st_blocks * 512 for p in [output, *output.rglob("*")])
    assert taken == pytest.approx(facts["bytes"], rel=0.25)
    near = 0.25 if output.is_dir() else 0.15  # rows: no padding
    assert summary.bytes == pytest.approx(facts["bytes"], rel=near)
    files = sum(p.is_file() for p in output.rglob("*")) if output.is_dir() else 1
    assert files == pytest.approx(facts["files"], rel=0.01)


def test_check_of_a_partly_stored_dataset(
    config: Config, qframe_main: Cli, run_qframe: Run
) -> None:
    path = config(records=8192)
    run_qframe(path)
    facts = answered(qframe_main("check", path, "--records", 10_000, "--json"))
    assert (facts["stored"], facts["to_do"]) == (8192, 10_000 - 8192)
    refused = qframe_main("check", path, "--seed", 5)
    assert refused.returncode == 4
    assert "seed" in refused.stderr


def test_info_of_a_dataset_and_of_a_config(
    config: Config, qframe_main: Cli, run_qframe: Run, tmp_path: Path
) -> None:
    path = config()
    output = run_qframe(path).output
    facts = answered(qframe_main("info", output, "--json"))
    assert facts["records"] == facts["stored"] == 5000
    assert facts["complete"] is True
    assert facts["bytes_on_disk"] == output.stat().st_blocks * 512
    assert facts["bytes_a_record"] == 1 + 30 + 64
    assert facts["gates"] == ["h 0", "s 0", "sdg 0", "t 0", "tdg 0", "x 0"]
    assert (facts["seed"], facts["dtype"], facts["qubits"]) == (1, "complex128", 1)
    assert [c["name"] for c in facts["columns"]] == ["lengths", "codes", "unitaries"]
    of_config = answered(qframe_main("info", path, "--json"))
    assert of_config["recipe_id"] == facts["recipe_id"]
    for where in (output, path):
        words = qframe_main("info", where)
        assert words.returncode == 0
        assert facts["recipe_id"] in words.stdout
        recipe = qframe_main("info", where, "--recipe")
        assert recipe.stdout.strip() == qframe.open(output).recipe.text


def test_show_draws_a_record(config: Config, qframe_main: Cli, run_qframe: Run) -> None:
    path = config(gate_set={"plugin": "clifford_t", "qubits": 2})
    output = run_qframe(path).output
    record = qframe.open(output)[4998]
    for where, index in ((output, 4998), (path, 4998), (output, -2)):
        data = answered(qframe_main("show", where, index, "--json"))
        assert data["index"] == 4998
        assert data["circuit"] == [[i.gate, *i.qubits] for i in record.circuit]
        assert data["codes"] == record.codes.tolist()
        got = np.array([[complex(*z) for z in row] for row in data["unitary"]])
        assert got.tobytes() == record.unitary.tobytes()
    words = qframe_main("show", output, 4998)
    assert words.returncode == 0
    wires = [line for line in words.stdout.splitlines() if line.startswith("q0:")]
    assert wires
    drawn = sum(len(re.findall(r"\[(\w+)\]", line)) for line in words.stdout.splitlines())
    assert drawn == len(record.circuit)


def test_show_and_info_of_what_is_not_there(
    config: Config, qframe_main: Cli, run_qframe: Run
) -> None:
    output = run_qframe(config()).output
    beyond = qframe_main("show", output, 5000)
    assert beyond.returncode == 2
    assert "5,000 records" in beyond.stderr
    for verb in (["info"], ["show", "0"], ["hash"]):
        gone = qframe_main(verb[0], "gone.db", *verb[1:])
        assert gone.returncode == 4
        assert "gone.db" in gone.stderr
        assert "Traceback" not in gone.stderr


def test_hash_is_the_content_hash(config: Config, qframe_main: Cli, run_qframe: Run) -> None:
    path = config()
    output = run_qframe(path).output
    want = qframe.open(output).content_hash()
    assert qframe_main("hash", output).stdout.strip() == want
    assert qframe_main("hash", path).stdout.strip() == want


def test_plugins_lists_the_built_in_ones(qframe_main: Cli) -> None:
    rows = answered(qframe_main("plugins", "--json"))
    found = {(row["kind"], row["name"]) for row in rows if row["distribution"] == "qframe-datasets"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert found == {tuple(name.split(".", 1)) for name in project["entry-points"]["qframe"]}
    for row in rows:
        assert row.keys() >= {
            *("kind", "name", "distribution", "version", "description", "options", "error")
        }
        if row["distribution"] == "qframe-datasets":
            assert row["error"] is None
            assert row["version"] == qframe.__version__
            assert row["description"].endswith(".")
    only = answered(qframe_main("plugins", "--kind", "storage", "--json"))
    assert {row["kind"] for row in only} == {"storage"}
    table = qframe_main("plugins")
    assert all(name in table.stdout for _, name in found)


@pytest.fixture(scope="module")
def schema() -> Any:
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "qframe", "schema"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_schema_accepts_every_shipped_config(path: Path, schema: Any) -> None:
    validator = jsonschema.Draft202012Validator
    validator.check_schema(schema)
    validator(schema).validate(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_names_the_schema_for_editors(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")


@pytest.mark.parametrize(
    "keys",
    [
        {"recods": 3},
        {"records": 0},
        {"records": "many"},
        {"dtype": "float64"},
        {"gate_set": {"plugin": "clifford_t", "qbits": 2}},
        {"gate_set": {"plugin": "clifford_t", "qubits": 7}},
        {"sampler": {"plugin": "uniform"}},
        {"sampler": {"plugin": "uniform", "length": {"min": 1}}},
        {"storage": {"plugin": "sqlite", "layout": "columns"}},
        {"storage": "sqllite"},
        {"executor": {"plugin": "processes", "workers": 0}},
    ],
    ids=json.dumps,
)
def test_the_schema_refuses_what_a_run_refuses(
    keys: dict[str, Any], schema: Any, config: Config
) -> None:
    path = config(**keys)
    with pytest.raises(qframe.QframeError):
        qframe.open(path)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(path.read_text()), schema)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["run", "--help"], ["--version"]])
def test_help_is_there(arguments: list[str], qframe_main: Cli) -> None:
    done = qframe_main(*arguments)
    assert "qframe" in (done.stdout + done.stderr).lower()
    assert "Traceback" not in done.stderr
    if arguments:
        assert done.returncode == 0


def test_a_word_that_is_no_verb_exits_with_2(qframe_main: Cli) -> None:
    done = qframe_main("rum")
    assert done.returncode == 2
    assert "rum" in done.stderr


def test_the_table_shows_an_extra_in_its_brackets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from qframe.cli.plugins import Listed, _print

    _print([Listed("engine", "numba", "mine", "1", error="Hint: pip install 'mine[fast]'")])
    assert "pip install 'mine[fast]'" in capsys.readouterr().out
