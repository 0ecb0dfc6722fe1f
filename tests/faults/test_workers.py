"""Workers that die, fork, or run code with a bug: who notices, and what is said."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import qframe
from qframe.contracts.plugin import PluginSpec
from qframe.plugins.build import build
from qframe.testing.examples import example_block, example_header

Config = Callable[..., Path]
Cli = Callable[..., subprocess.CompletedProcess[str]]
Run = Callable[..., qframe.RunSummary]

ENGINE = """
import os, signal, sys
from pathlib import Path
from qframe import PluginOptions
from qframe_plugins.engines.numpy import NumpyEngine
from qframe_plugins.samplers.uniform import Uniform


class Deadly(Uniform):
    name = "deadly"
    def sample(self, draws):
        if draws.block == {block} and {when}:
            {act}
        return super().sample(draws)
"""


def content(path: Path) -> str:
    with qframe.open(path) as dataset:
        return dataset.content_hash()


@pytest.fixture
def deadly(config: Config, tmp_path: Path) -> Callable[..., Path]:
    """A config whose sampler does something to its worker at one block."""

    def make(act: str, block: int = 5, when: str = "True", **keys: Any) -> Path:
        text = ENGINE.format(block=block, when=when, act=act)
        (tmp_path / "deadly.py").write_text(text)
        return config(
            records=20 * 4096,
            task_blocks=1,
            sampler={"plugin": "./deadly.py:Deadly", "length": 5},
            **{"executor": {"plugin": "processes", "workers": 2}, **keys},
        )

    return make


def test_a_worker_killed_for_its_memory_is_noticed_and_its_task_is_named(
    deadly: Callable[..., Path], qframe_cli: Cli, tmp_path: Path
) -> None:
    """The kernel's own words for it are SIGKILL; three times is enough."""
    deaths = tmp_path / "deaths"
    done = qframe_cli(
        "run", deadly(f"open({str(deaths)!r}, 'a').write('x'); os.kill(os.getpid(), 9)")
    )
    err = done.stderr
    assert done.returncode == 1
    assert "a worker died 3 times while these were in hand: blocks 5..5\n" in err
    assert "Out of memory" in err
    assert "--set executor=serial" in err
    assert "Traceback" not in err
    assert deaths.read_text() == "xxx"  # bounded: not one attempt more
    with qframe.open(tmp_path / "small.db") as dataset:
        assert 0 < dataset.stored() < 20 * 4096


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGBUS, marks=pytest.mark.long), signal.SIGKILL]
)
def test_a_worker_that_dies_once_does_not_take_the_run_along(
    number: signal.Signals,
    deadly: Callable[..., Path],
    qframe_cli: Cli,
    tmp_path: Path,
) -> None:
    """SIGBUS is what a full disk does to memory that is mapped to a file on it."""
    mark = tmp_path / "mark"
    path = deadly(
        f"Path({str(mark)!r}).touch(); os.kill(os.getpid(), {int(number)})",
        when=f"not Path({str(mark)!r}).exists()",
    )
    done = qframe_cli("run", path)
    assert mark.exists()
    assert done.returncode == 0, done.stderr
    assert "a worker died; doing again" in done.stderr
    assert "Traceback" not in done.stderr
    assert content(tmp_path / "small.db") == content(path)


def test_tasks_that_die_together_are_tried_one_by_one(
    deadly: Callable[..., Path], qframe_cli: Cli
) -> None:
    """Of many tasks in hand the error names the one that does it."""
    path = deadly(
        "os.kill(os.getpid(), 9)", block=7, executor={"plugin": "processes", "workers": 4}
    )
    done = qframe_cli("run", path)
    assert done.returncode == 1
    assert re.search(r"in hand: blocks 7\.\.7\n", done.stderr), done.stderr


@pytest.mark.parametrize("storage", ["sqlite", "sqlite-rollback"])
def test_a_connection_that_crossed_a_fork_is_refused(storage: str, tmp_path: Path) -> None:
    """SQLite: do not carry an open connection through a fork; the child's locks are not real."""
    header = example_header(5000, block=4096)
    made: Any = build(PluginSpec("storage", storage, {}, str(tmp_path)), tmp_path / "d.db")
    made.create(header)
    with closing(made.writer(header)) as writer, closing(made.reader()) as reader:
        writer.write([example_block(header, 0)])
        for use in (
            lambda: writer.write([example_block(header, 1)]),
            lambda: reader.read(0),
            lambda: list(reader.checksums()),
        ):
            assert "belongs to process" in said_in_a_child(use)
        writer.write([example_block(header, 1)])  # the parent's own is as it was
        assert [row[0] for row in reader.checksums()] == [0, 1]
    made.finish()


def said_in_a_child(use: Callable[[], object]) -> str:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            use()
            os.write(write, b"nothing")
        except qframe.StorageError as error:
            os.write(write, error.message.encode())
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as pipe:
        return pipe.read()


# A bug in a plugin: the task, the plugin, its distribution, and a command that shows it again

BUGS = {
    "sampler": (
        "from qframe_plugins.samplers.uniform import Uniform\n"
        "class Mine(Uniform):\n"
        "    name = 'mine'\n"
        "    def sample(self, draws):\n"
        "        if draws.block == 3: raise RuntimeError('this one')\n"
        "        return super().sample(draws)\n"
    ),
    "engine": (
        "from qframe_plugins.engines.numpy import NumpyEngine\n"
        "import numpy as np\n"
        "class Mine(NumpyEngine):\n"
        "    name = 'mine'\n"
        "    calls = 0\n"
        "    def multiply(self, circuits, out):\n"
        "        Mine.calls += 1\n"
        "        if Mine.calls == 3: raise RuntimeError('this one')\n"
        "        super().multiply(circuits, out)\n"
    ),
    "storage": (
        "from qframe_plugins.storages.sqlite import Sqlite\n"
        "class Mine(Sqlite):\n"
        "    name = 'mine'\n"
        "    def writer(self, header):\n"
        "        made = super().writer(header)\n"
        "        def write(blocks): raise RuntimeError('this one')\n"
        "        made.write = write\n"
        "        return made\n"
    ),
    "executor": (
        "from qframe_plugins.executors.serial import Serial\n"
        "class Mine(Serial):\n"
        "    name = 'mine'\n"
        "    def run(self, job, tasks):\n"
        "        raise RuntimeError('this one')\n"
        "        yield\n"
    ),
    "hooks": (
        "from qframe import hookimpl\n"
        "@hookimpl\n"
        "def qframe_task_stored(plan): raise RuntimeError('this one')\n"
    ),
}


@pytest.mark.parametrize("kind", BUGS)
def test_a_bug_in_a_plugin_names_it_and_how_to_see_it_again(
    kind: str, config: Config, qframe_cli: Cli, tmp_path: Path
) -> None:
    local = tmp_path / "mine.py"
    local.write_text(BUGS[kind])
    section: Any = {"plugin": "./mine.py", **({"length": 4} if kind == "sampler" else {})}
    path = config(
        records=6 * 4096,
        task_blocks=2 if kind == "sampler" else 1,
        **{kind: ["./mine.py"] if kind == "hooks" else section},
    )
    done = qframe_cli("run", path, "--seed", 8)
    assert done.returncode == 1, done.stderr
    error = done.stderr.rpartition("\nError: ")[2]
    assert f"{kind} './mine.py' (local file {local}) raised RuntimeError: this one" in error
    if kind in ("sampler", "engine", "storage"):
        assert re.match(r"(blocks \d+\.\.\d+|the first block): ", error)
    command = error.partition("reproduce with: qframe ")[2].strip()
    assert "--set seed=8" in command  # the words of the command line belong to it
    if kind == "executor":
        return  # what it says shows that the fault is the executor's: without it all is well
    if kind != "engine":
        again = qframe_cli(*command.split())
        assert again.returncode != 0
        assert "this one" in again.stderr


def test_an_installed_plugin_is_named_with_its_distribution() -> None:
    from qframe.plugins.blame import origin

    name = origin(PluginSpec("sampler", "uniform", {}, ""))
    assert name == f"sampler 'uniform' (qframe-datasets {qframe.__version__})"
    assert "(numpy " in origin(PluginSpec("engine", "numpy.linalg:norm", {}, ""))


def test_a_gate_set_with_a_bug_is_named_too(
    config: Config, qframe_cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(
        "from qframe_plugins.gate_sets.clifford_t import CliffordT\n"
        "class Mine(CliffordT):\n"
        "    name = 'mine'\n"
        "    def instructions(self): raise RuntimeError('this one')\n"
    )
    done = qframe_cli("run", config(gate_set={"plugin": "./mine.py", "qubits": 1}))
    assert done.returncode == 3
    assert f"(local file {tmp_path / 'mine.py'}) raised RuntimeError: this one" in done.stderr
    command = done.stderr.partition("reproduce with: qframe ")[2].split()
    assert "this one" in qframe_cli(*command).stderr


@pytest.mark.parametrize("kind", ["sampler", "engine"])
def test_what_cannot_be_made_in_a_worker_is_named(
    kind: str, config: Config, qframe_cli: Cli, tmp_path: Path
) -> None:
    module, base = {"sampler": ("uniform", "Uniform"), "engine": ("numpy", "NumpyEngine")}[kind]
    (tmp_path / "mine.py").write_text(
        "import sys\n"
        f"from qframe_plugins.{kind}s.{module} import {base}\n"
        f"class Mine({base}):\n"
        "    name = 'mine'\n"
        "    def __init__(self, *given):\n"
        "        super().__init__(*given)\n"
        "        if sys.argv == ['-c']:\n"
        "            raise RuntimeError('not here')\n"
    )
    section: Any = {"plugin": "./mine.py", **({"length": 4} if kind == "sampler" else {})}
    path = config(executor={"plugin": "processes", "workers": 1}, **{kind: section})
    done = qframe_cli("run", path)
    assert done.returncode == 1
    file = tmp_path / "mine.py"
    raised = f"{kind} './mine.py' (local file {file}) raised RuntimeError: not here ({file}:8)"
    assert f"Error: a new {kind}: {raised}\n" in done.stderr


# Code beside a config


@pytest.mark.parametrize("kind", ["gate_set", "sampler", "engine", "storage", "executor", "hooks"])
def test_local_code_is_refused_before_it_runs_where_it_is_not_wanted(
    kind: str, config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    (tmp_path / "trap.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\n")
    path = config(**{kind: ["./trap.py"] if kind == "hooks" else {"plugin": "./trap.py"}})
    done = qframe_main("run", path, "--no-local-plugins")
    assert done.returncode == 3
    assert f"{path}:" in done.stderr
    assert "'./trap.py' is a local file" in done.stderr
    assert not (tmp_path / "sprung").exists()
    assert not (tmp_path / "small.db").exists()


def test_run_says_that_a_config_names_local_code(
    config: Config, qframe_main: Cli, tmp_path: Path, lingering_engine: Path
) -> None:
    path = config(records=10, engine={"plugin": "./lingering.py", "seconds": 0.0})
    done = qframe_main("run", path, "--json")
    assert done.returncode == 0
    assert f"Running local code: engine ./lingering.py ({tmp_path})" in done.stderr
    assert json.loads(done.stdout)["complete"]
    plain = config("plain.yaml", records=10, output=tmp_path / "plain.db")
    done = qframe_main("run", plain, "--no-local-plugins")
    assert done.returncode == 0
    assert "local code" not in done.stderr
