"""Local code is named before it runs, or refused, by every verb; the working directory is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Config = Callable[..., Path]
Cli = Callable[..., subprocess.CompletedProcess[str]]

GATES = (
    "from qframe import Gate, GateSet\n"
    "class G(GateSet):\n"
    "    name = 'g'\n"
    "    def gates(self):\n"
    "        return [Gate('x', [[0, 1], [1, 0]])]\n"
)
TRAP = "from pathlib import Path\nPath(__file__).with_name('sprung').touch()\n"
"""A file that shows that it was executed."""

ARGUMENTS = {
    "run": ["CONFIG", "-q"],
    "check": ["CONFIG"],
    "plan": ["CONFIG", "--seconds", "0.1"],
    "compare": ["CONFIG", "--storage", "sqlite", "--seconds", "0.01", "-q"],
    "gates": ["CONFIG"],
    "info": ["CONFIG"],
    "show": ["CONFIG", "0"],
    "stats": ["CONFIG"],
    "verify": ["DATA", "--config", "CONFIG"],
    "dedup": ["CONFIG", "OUT"],
    "hash": ["CONFIG"],
}
"""A command line of each verb that takes a config."""


def words(verb: str, config: Path) -> list[str]:
    places = {"CONFIG": config, "DATA": config.with_name("small.db"), "OUT": config.parent / "o.db"}
    return [verb, *(str(places.get(word, word)) for word in ARGUMENTS[verb])]


@pytest.mark.parametrize("verb", ARGUMENTS)
def test_every_verb_refuses_local_code_before_it_runs(
    verb: str, config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    (tmp_path / "trap.py").write_text(TRAP)
    path = config(sampler="./trap.py")
    done = qframe_main(*words(verb, path), "--no-local-plugins")
    assert done.returncode == 3
    assert "'./trap.py' is a local file" in done.stderr
    assert not (tmp_path / "sprung").exists()
    done = qframe_main(*words(verb, path))
    assert (tmp_path / "sprung").exists()
    assert done.stderr.startswith(f"Running local code: sampler ./trap.py ({tmp_path})\n")


@pytest.mark.parametrize("verb", ["check", "gates", "hash"])
def test_what_the_verb_prints_is_not_touched(
    verb: str, config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(GATES)
    path = config(gate_set="./mine.py", records=10)
    extra = [] if verb == "hash" else ["--json"]
    done = qframe_main(*words(verb, path), *extra)
    assert done.returncode == 0
    assert "local code" not in done.stdout
    assert verb == "hash" or json.loads(done.stdout)
    assert done.stderr.count("Running local code: gate_set ./mine.py") == 1
    plain = config("plain.yaml", records=10)
    done = qframe_main(*words(verb, plain), *extra, "--no-local-plugins")
    assert done.returncode == 0
    assert "local code" not in done.stderr


@pytest.mark.parametrize(
    "more",
    [
        ["--set", "sampler=./trap.py"],
        ["--storage", "./trap.py:timeout=1"],
        ["--storage", "{plugin: ./trap.py}"],
        ["--storage", "sqlite", "--grid", "engine=numpy,./trap.py"],
    ],
)
def test_compare_refuses_each_way_to_name_a_local_file(
    more: list[str], config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    (tmp_path / "trap.py").write_text(TRAP)
    done = qframe_main("compare", config(), *more, "--no-local-plugins")
    assert done.returncode == 3
    assert "is a local file" in done.stderr
    assert not (tmp_path / "sprung").exists()


# Modules in the working directory


def test_a_module_in_the_working_directory_is_not_imported_by_accident(
    config: Config, tmp_path: Path
) -> None:
    """`python -m` puts the working directory in front of what Python looks through."""
    (tmp_path / "gates_here.py").write_text(TRAP + GATES)
    (tmp_path / "rich.py").write_text(TRAP)
    path = config(gate_set="gates_here:G", records=10)

    def run(*words: str | Path, more: str = "") -> subprocess.CompletedProcess[str]:
        given = os.environ.get("PYTHONPATH", "")
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in (more, given) if p)}
        return subprocess.run(
            [sys.executable, "-m", "qframe", *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    done = run("check", path)
    assert done.returncode == 3
    assert "no module named 'gates_here' is installed" in done.stderr
    assert run("plugins").returncode == 0
    assert not (tmp_path / "sprung").exists()
    (tmp_path / "rich.py").unlink()  # with it on PYTHONPATH it would be meant
    # A directory that PYTHONPATH names is meant, also in workers.
    workers = ["--set", "executor={plugin: processes, workers: 1}"]
    done = run("run", path, "-q", *workers, more=str(tmp_path))
    assert done.returncode == 0, done.stderr
