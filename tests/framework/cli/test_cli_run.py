"""`qframe run` as a user meets it: real processes, real files, exit codes and words."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import qframe

Config = Callable[..., Path]
Cli = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]


def content(path: Path) -> str:
    with qframe.open(path) as dataset:
        return dataset.content_hash()


def snapshot(directory: Path) -> dict[str, tuple[int, int]]:
    """All files but the bytecode that Python keeps of local plugins."""
    return {
        str(path.relative_to(directory)): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in directory.rglob("*")
        if "__pycache__" not in path.parts
    }


def test_a_run_says_what_it_made_and_how_to_read_it(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    done = qframe_main("run", config())
    assert done.returncode == 0, done.stderr
    dataset = qframe.open(tmp_path / "small.db")
    for words in (
        str(tmp_path / "small.db"),
        "5,000",
        "per record",
        "records/s",
        dataset.recipe.id,
        "import qframe",
        "qframe.open(",
    ):
        assert words in done.stdout
    code = [line.strip() for line in done.stdout.splitlines()[-2:]]
    shown: dict[str, Any] = {"print": lambda value: None}
    exec("\n".join(code), shown)  # the two lines work as printed
    assert len(shown["ds"]) == 5000


def test_a_second_run_says_complete_and_touches_nothing(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config()
    qframe_main("run", path)
    before = snapshot(tmp_path)
    done = qframe_main("run", path)
    assert done.returncode == 0
    assert "complete" in done.stdout
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("storage", ["sqlite", "sqlite-rollback", "savetxt"])
def test_every_storage_says_complete(storage: str, config: Config, qframe_main: Cli) -> None:
    path = config(storage=storage, output=None, records=20)
    assert qframe_main("run", path).returncode == 0
    again = qframe_main("run", path)
    assert again.returncode == 0
    assert "complete: 20 records" in again.stdout


@pytest.mark.parametrize("option", [["--set", "records=12000"], ["--records", "12000"]])
def test_more_records_add_only_the_rest(
    option: list[str], config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config(records=8192)
    qframe_main("run", path)
    done = qframe_main("run", path, *option, "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["stored"] == 12_000 - 8192
    assert summary["records"] == 12_000
    assert content(tmp_path / "small.db") == content(config("at_once.yaml", records=12_000))


def test_fewer_records_keep_the_longer_dataset(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    qframe_main("run", config())
    before = snapshot(tmp_path)
    done = qframe_main("run", tmp_path / "small.yaml", "--records", 10)
    assert done.returncode == 0
    assert "5,000" in done.stdout
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("option", "field"),
    [
        (["--seed", "2"], "seed"),
        (["--set", "dtype=complex64"], "dtype"),
        (["--set", "sampler.length.max=31"], "sampler.options.length.max"),
        (["--set", "gate_set.gates=[h, t]"], "gate_set.gates"),
    ],
)
def test_another_recipe_on_the_same_output_is_refused_by_name(
    option: list[str], field: str, config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config()
    qframe_main("run", path)
    before = snapshot(tmp_path)
    refused = qframe_main("run", path, *option)
    assert refused.returncode == 4
    assert field in refused.stderr
    assert "Hint:" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert snapshot(tmp_path) == before


def test_short_options_override_the_config(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config(executor=None)
    done = qframe_main(
        *("run", path, "--records", "1e2", "--workers", 1, "--seed", 9),
        *("--output", "other.rollback", "--storage", "sqlite-rollback"),
    )
    assert done.returncode == 0, done.stderr
    with qframe.open(tmp_path / "other.rollback") as dataset:
        assert (len(dataset), dataset.recipe.seed) == (100, 9)
    assert not (tmp_path / "small.db").exists()


def test_without_an_output_the_data_goes_beside_its_kind(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    done = qframe_main("run", config("circuits.yaml", output=None, records=10))
    assert done.returncode == 0, done.stderr
    assert len(qframe.open(tmp_path / "data" / "circuits.db")) == 10


def test_no_progress_bar_where_there_is_no_terminal(config: Config, qframe_main: Cli) -> None:
    done = qframe_main("run", config(records=50_000))
    assert "\r" not in done.stderr + done.stdout
    assert "\x1b" not in done.stderr + done.stdout
    assert len(done.stderr.splitlines()) == 1  # what it is going to write
    assert not qframe_main("run", config("quiet.yaml", output="quiet.db"), "--quiet").stderr


def test_json_holds_the_summary_and_nothing_else(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config()
    summary = json.loads(qframe_main("run", path, "--json").stdout)
    assert summary.keys() == {
        *("output", "recipe_id", "records", "stored", "seconds", "bytes", "complete", "signal")
    }
    assert summary["output"] == str(tmp_path / "small.db")
    assert (summary["records"], summary["stored"], summary["complete"]) == (5000, 5000, True)
    assert summary["signal"] is None
    assert summary["bytes"] == (tmp_path / "small.db").stat().st_blocks * 512
    again = json.loads(qframe_main("run", path, "--json").stdout)
    assert (again["records"], again["stored"], again["complete"]) == (5000, 0, True)


# What a user can get wrong: one line, the right exit code, nothing made


def refused(cli: Cli, directory: Path, code: int, *arguments: object) -> str:
    """Runs a command that must be refused without a trace, and returns its words."""
    before = snapshot(directory)
    done = cli("run", *arguments)
    assert done.returncode == code, done.stderr
    assert not done.stdout
    assert "Traceback" not in done.stderr
    assert snapshot(directory) == before
    return done.stderr


def test_an_unknown_key_has_its_place_and_a_guess(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config()
    path.write_text(path.read_text() + "recods: 12\n")
    line = len(path.read_text().splitlines())
    words = refused(qframe_main, tmp_path, 2, path)
    assert f"{path}:{line}:1: recods: unknown key" in words
    assert "did you mean 'records'?" in words


def test_all_mistakes_are_told_at_once(config: Config, qframe_main: Cli, tmp_path: Path) -> None:
    path = config(records="many", seed=-1, sampler={"plugin": "uniform", "lenght": 3})
    words = refused(qframe_main, tmp_path, 2, path)
    for part in ("records: got", "seed: got -1", "sampler.lenght: unknown key", "'length'"):
        assert part in words


@pytest.mark.parametrize(
    "keys",
    [
        {"records": 0},
        {"records": 1.5},
        {"dtype": "float32"},
        {"gate_set": None},
        {"gate_set": {"plugin": "clifford_t", "qubits": 7}},
        {"gate_set": {"plugin": "clifford_t", "gates": ["h", "cx"]}},
        {"gate_set": {"plugin": "clifford_t", "gates": ["hadamard"]}},
        {"gate_set": {"plugin": "clifford_t", "gates": ["h", "h"]}},
        {"gate_set": {"plugin": "clifford_t", "qubits": 3, "coupling": [[0, 3]]}},
        {"sampler": {"plugin": "uniform", "length": {"min": 9, "max": 3}}},
        {"sampler": {"plugin": "uniform", "length": 0}},
        {"sampler": {"plugin": "uniform", "length": 3, "weights": {"q": 1}}},
        {"sampler": {"plugin": "uniform", "length": 3, "weights": {"h": -1}}},
        {"executor": {"plugin": "processes", "workers": 0}},
        {"storage": {"plugin": "sqlite", "layout": "columns"}},
    ],
    ids=json.dumps,
)
def test_a_wrong_config_exits_with_2(
    keys: dict[str, Any], config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config(**keys)
    words = refused(qframe_main, tmp_path, 2, path)
    assert words.startswith("Error: ")
    assert str(path) in words


@pytest.mark.parametrize(
    "text", ["", "records: [", "- 1\n", "a: b: c", "\x00", "records: 1\nrecords: 2"]
)
def test_a_file_that_is_no_config_exits_with_2(text: str, qframe_main: Cli, tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    assert str(path) in refused(qframe_main, tmp_path, 2, path)


def test_a_config_that_is_not_there_exits_with_2(qframe_main: Cli, tmp_path: Path) -> None:
    assert "nothing.yaml" in refused(qframe_main, tmp_path, 2, "nothing.yaml")
    assert refused(qframe_main, tmp_path, 2, tmp_path)


@pytest.mark.parametrize(
    "override", ["records", "=3", "records=[", "recods=3", "seed.x=1", "records=x"]
)
def test_an_override_that_cannot_be_used_is_quoted(
    override: str, config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    words = refused(qframe_main, tmp_path, 2, config(), "--set", override)
    assert f"--set {override}" in words


@pytest.mark.parametrize("kind", ["gate_set", "sampler", "engine", "storage", "executor"])
def test_a_missing_plugin_exits_with_3(
    kind: str, config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config(**{kind: "nonesuch"})
    words = refused(qframe_main, tmp_path, 3, path)
    assert f"unknown {kind} 'nonesuch'" in words
    assert f"{path}:" in words


def test_a_plugin_that_breaks_in_its_own_code_exits_with_3(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    (tmp_path / "broken.py").write_text("import math\n\nmath.nonesuch\n")
    words = refused(qframe_main, tmp_path, 3, config(gate_set="./broken.py"))
    assert "AttributeError" in words
    assert "line 3" in words


def test_a_matrix_that_is_not_unitary_is_named(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    matrices = {"good": [[0, 1], [1, 0]], "bad": [[1, 0], [0, 0.9]]}
    path = config(gate_set={"plugin": "matrices", "gates": matrices})
    words = refused(qframe_main, tmp_path, 2, path)
    assert "'bad' is not unitary" in words


def output_file(tmp_path: Path) -> Path:
    (tmp_path / "mine").write_text("not yours" * 1000)
    return tmp_path / "mine"


def output_empty_file(tmp_path: Path) -> Path:
    (tmp_path / "mine").touch()
    return tmp_path / "mine"


def output_directory(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years")
    return tmp_path / "mine"


def output_database(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "mine")) as db:
        db.execute("CREATE TABLE meta(key, value)")
    return tmp_path / "mine"


def output_below_a_file(tmp_path: Path) -> Path:
    (tmp_path / "mine").write_text("a file")
    return tmp_path / "mine" / "data.db"


def output_dangling_link(tmp_path: Path) -> Path:
    (tmp_path / "mine").symlink_to(tmp_path / "nowhere")
    return tmp_path / "mine"


@pytest.mark.parametrize("storage", ["sqlite", "sqlite-rollback", "savetxt"])
@pytest.mark.parametrize(
    "made",
    [
        output_file,
        output_empty_file,
        output_directory,
        output_database,
        output_below_a_file,
        output_dangling_link,
    ],
)
def test_an_output_that_is_something_else_is_left_alone(
    made: Callable[[Path], Path], storage: str, config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    output = made(tmp_path)
    path = config(output=output, storage=storage)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    done = qframe_main("run", path)
    assert done.returncode == 4, done.stdout + done.stderr
    assert str(output) in done.stderr
    assert "Hint:" in done.stderr
    assert "Traceback" not in done.stderr
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_permission_exits_with_4(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    words = refused(qframe_main, tmp_path, 4, config(output=tmp_path / "closed" / "a" / "b.db"))
    assert "not writable" in words


def test_more_than_the_disk_holds_is_refused_before_any_work(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    words = refused(qframe_main, tmp_path, 4, config(records=10**13))
    assert "bytes" in words
    assert "free" in words


def test_a_dataset_of_another_storage_is_not_mixed(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config(records=30)
    qframe_main("run", path)
    assert "is not a savetxt dataset" in refused(
        qframe_main, tmp_path, 4, path, "--storage", "savetxt"
    )


# Stopped from outside


WORKERS = 2
IN_HAND = 2
"""Tasks that a worker has at most: the one that it does, and the next."""


@pytest.fixture
def halfway(
    config: Config, start_qframe: Start, lingering_engine: Any, wait_until: Callable[..., None]
) -> tuple[Path, subprocess.Popen[str]]:
    """A config, and a run of it that has stored some of 60 blocks; its workers have stopped."""
    path = config(
        records=60 * 4096,
        task_blocks=1,
        engine=lingering_engine.stopping(after=3),
        executor={"plugin": "processes", "workers": WORKERS},
    )
    process = start_qframe("run", path)
    wait_until(lambda: lingering_engine.stopped() == WORKERS, process)
    return path, process


def stored(output: Path) -> int:
    with qframe.open(output) as dataset:
        return dataset.stored()


@pytest.mark.parametrize(
    ("number", "whole_group", "code"),
    [
        (signal.SIGINT, True, 130),
        pytest.param(signal.SIGINT, False, 130, marks=pytest.mark.long),
        (signal.SIGTERM, True, 143),  # as `timeout` and batch systems send it
        (signal.SIGTERM, False, 143),
        (signal.SIGHUP, True, 129),
    ],
)
def test_a_signal_ends_the_run_soon_cleanly_and_resumably(
    number: signal.Signals,
    whole_group: bool,
    code: int,
    halfway: tuple[Path, subprocess.Popen[str]],
    lingering_engine: Any,
    tmp_path: Path,
) -> None:
    """Soon: with the tasks that are in hand, which take a second or so."""
    path, process = halfway
    output = tmp_path / "small.db"
    before = stored(output)
    (os.killpg if whole_group else os.kill)(process.pid, number)
    lingering_engine.let_go()
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    assert "Traceback" not in err
    assert "a worker died" not in err
    assert "Stopped" in out
    assert f"qframe run {path}" in out
    assert sorted(p.name for p in tmp_path.glob("*small.db*")) == ["small.db"]
    after = stored(output)
    assert before == WORKERS * 3 * 4096
    assert after <= before + WORKERS * IN_HAND * 4096
    summary = qframe.run(path, ["engine=numpy"])
    assert summary.complete
    assert summary.stored == summary.records - after


SHORT_EXECUTOR = """
from qframe_plugins.executors.serial import Serial

class Short(Serial):
    name = "short"
    def run(self, job, tasks):
        yield next(super().run(job, tasks))
"""


def test_an_unfinished_run_without_a_signal_exits_with_75(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    """Such as an executor that hands the tasks to others, or that was told to stop."""
    (tmp_path / "short.py").write_text(SHORT_EXECUTOR)
    path = config(records=3 * 4096, task_blocks=1, executor="./short.py:Short")
    for number, code in ((1, 75), (2, 75), (3, 0)):
        done = qframe_main("run", path, "--json")
        assert done.returncode == code, done.stderr
        summary = json.loads(done.stdout)
        assert (summary["records"], summary["complete"]) == (number * 4096, code == 0)
    assert "Nothing to do" in qframe_main("run", path).stdout


INTERRUPTED = """
import os, signal
from qframe import hookimpl
from qframe_plugins.gate_sets.clifford_t import CliffordT

def ctrl_c(): os.kill(os.getpid(), signal.SIGINT)

class Mine(CliffordT):
    name = "mine"
    def instructions(self):
        if {moment!r} == "planned": ctrl_c()
        return super().instructions()

@hookimpl
def qframe_run_started(plan):
    if {moment!r} == "started": ctrl_c()

if {moment!r} == "imported": ctrl_c()
"""


@pytest.mark.parametrize("moment", ["imported", "planned", "started"])
def test_ctrl_c_before_the_work_begins_is_quiet(
    moment: str, config: Config, qframe_cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(INTERRUPTED.format(moment=moment))
    path = config(gate_set={"plugin": "./mine.py:Mine", "qubits": 1}, hooks=["./mine.py"])
    done = qframe_cli("run", path)
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "small.db").exists() or stored(tmp_path / "small.db") == 0


READY = """
import sys
from qframe.cli.main import main
print("ready", flush=True)
main(sys.argv[1:])
"""


@pytest.mark.long
@pytest.mark.parametrize("delay", [0.01, 0.05, 0.1, 0.2, 0.3, 0.5])
def test_ctrl_c_at_any_moment_is_quiet(
    delay: float, config: Config, lingering_engine: Any, tmp_path: Path
) -> None:
    """From qframe's first line on: before it Python itself speaks, and nobody can quiet it."""
    path = config(
        records=20_000,
        task_blocks=1,
        engine=lingering_engine.stopping(after=1),
        executor={"plugin": "processes", "workers": WORKERS},
    )
    process = subprocess.Popen(
        [sys.executable, "-c", READY, "run", path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    lingering_engine.let_go()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err


def test_two_signals_end_the_run_at_once(halfway: tuple[Path, subprocess.Popen[str]]) -> None:
    """Its workers are in tasks that do not end."""
    _, process = halfway
    until = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < until:
        os.kill(process.pid, signal.SIGINT)
        time.sleep(0.1)  # two that come together count as one
    assert process.poll() == 130
    assert "Traceback" not in process.communicate(timeout=120)[1]


def processes_that_mention(text: str) -> set[int]:
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            ours = entry.name.isdigit() and text in (entry / "environ").read_text(errors="replace")
            if ours and (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                found.add(int(entry.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the environment of all processes says that this test starts."""
    mark = f"QFRAME_TEST_ORPHANS={tmp_path}"
    monkeypatch.setenv(*mark.split("=", 1))
    return mark


def test_the_death_of_the_parent_leaves_no_worker(
    mark: str, halfway: tuple[Path, subprocess.Popen[str]], wait_until: Callable[..., None]
) -> None:
    """They are in tasks that do not end: nobody reads the pipe whose end would say it."""
    _, process = halfway
    assert len(processes_that_mention(mark)) >= 1 + WORKERS
    process.kill()
    process.wait(120)
    wait_until(lambda: not processes_that_mention(mark))


def test_a_second_run_on_a_held_output_names_the_holder(
    halfway: tuple[Path, subprocess.Popen[str]], qframe_main: Cli, tmp_path: Path
) -> None:
    path, process = halfway
    second = qframe_main("run", path)
    assert second.returncode == 4
    assert f"process {process.pid} on " in second.stderr
    assert str(tmp_path / "small.db") in second.stderr
    assert "Traceback" not in second.stderr
    assert process.poll() is None  # the first goes on


def test_reading_while_a_run_writes(
    halfway: tuple[Path, subprocess.Popen[str]], qframe_main: Cli, tmp_path: Path
) -> None:
    _, process = halfway
    info = qframe_main("info", tmp_path / "small.db", "--json")
    assert info.returncode == 0, info.stderr
    facts = json.loads(info.stdout)
    assert facts["stored"] == WORKERS * 3 * 4096
    assert not facts["complete"]
    assert process.poll() is None


def test_a_plugins_bug_names_task_plugin_and_a_command_that_reproduces_it(
    config: Config, qframe_cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "faulty.py").write_text(
        "from qframe_plugins.samplers.uniform import Uniform\n\n"
        "class Faulty(Uniform):\n"
        "    name = 'faulty'\n"
        "    def sample(self, draws):\n"
        "        if draws.block == 2:\n"
        "            raise RuntimeError('the third block')\n"
        "        return super().sample(draws)\n"
    )
    path = config(
        records=4 * 4096,
        task_blocks=1,
        sampler={"plugin": "./faulty.py", "length": 4},
        executor={"plugin": "processes", "workers": 2},
    )
    done = qframe_cli("run", path)
    assert done.returncode == 1
    for words in ("blocks 2..2", "RuntimeError: the third block", "./faulty.py"):
        assert words in done.stderr
    command = done.stderr.partition("reproduce with: qframe ")[2].split()
    again = qframe_cli(*command[:3])
    assert "the third block" in again.stderr
    assert sorted(p.name for p in tmp_path.glob("*small.db*")) == ["small.db"]


@pytest.mark.parametrize("executor", ["serial", {"plugin": "processes", "workers": 2}])
def test_a_sampler_that_breaks_its_contract_exits_with_3(
    executor: object, config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    (tmp_path / "wide.py").write_text(
        "import numpy as np\n"
        "from qframe import Circuits\n"
        "from qframe_plugins.samplers.uniform import Uniform\n\n"
        "class Wide(Uniform):\n"
        "    name = 'wide'\n"
        "    def sample(self, draws):\n"
        "        made = super().sample(draws)\n"
        "        return Circuits(made.codes.astype(np.int64), made.lengths)\n"
    )
    path = config(sampler={"plugin": "./wide.py", "length": 4}, executor=executor)
    done = qframe_main("run", path)
    assert done.returncode == 3
    assert "sampler 'wide': sample() returned codes as int64 (4096, 4)" in done.stderr
    assert "want uint8 (4096, 4)" in done.stderr
    assert "Traceback" not in done.stderr
