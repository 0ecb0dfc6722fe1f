"""What the tests of the whole tool share: small configs, and ways to run qframe on them.

Property tests draw the same examples in each default run, so that it fails only if something has
changed. `pytest -m long` draws new ones: it runs the property tests, most with 1,000 examples, and
the tests marked `long`. What draws a failing example again is printed with it.
"""

from __future__ import annotations

import contextlib
import io
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import yaml

import qframe
from qframe.cli.main import main

# The time that an example takes says little on a shared machine.
TIMELESS: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [hypothesis.HealthCheck.too_slow],
}
hypothesis.settings.register_profile("fixed", derandomize=True, database=None, **TIMELESS)
hypothesis.settings.register_profile(
    "search", derandomize=False, max_examples=1000, print_blob=True, **TIMELESS
)

NUMBA = ("numba", "test_engines_bits.py")


def pytest_configure(config: pytest.Config) -> None:
    """Chooses before any test module is imported: `@settings` adds to the profile of that time."""
    hear_signals()
    if searches(config):
        hypothesis.settings.load_profile("search")
    else:
        hypothesis.settings.load_profile("fixed")
        forget_constants()


def searches(config: pytest.Config) -> bool:
    """Whether this run may find what no run found before: any `-m` that lets long tests in."""
    return "not long" not in config.getoption("markexpr")


def forget_constants() -> None:
    """Hypothesis tries numbers that it finds in the modules that earlier tests have loaded."""
    with contextlib.suppress(ImportError):  # the oldest versions do not
        from hypothesis.internal.conjecture import providers

        if hasattr(providers, "_get_local_constants"):
            providers._get_local_constants = type(providers._local_constants)


def hear_signals() -> None:
    """What a shell starts in the background ignores Ctrl-C, and so do the commands it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """One worker of pytest-xdist compiles Numba's loops: each that does takes 20 s of CPU."""
    for item in items:
        if any(word in item.nodeid.lower() for word in NUMBA):
            item.add_marker(pytest.mark.xdist_group("numba"))
        if searches(config) and is_property(item):
            item.add_marker(pytest.mark.long)


def is_property(item: pytest.Item) -> bool:
    """Whether hypothesis draws the test's examples."""
    return getattr(getattr(item, "obj", None), "is_hypothesis_test", False)


COMMAND = [sys.executable, "-m", "qframe"]

PATIENCE_S = 120
"""Longest wait for another process. It is that long only where there is a bug."""

LINGERING_ENGINE = '''
"""The NumPy engine, slowed down or stopped, so that a test can reach into a run: the same bits."""

import os
import threading
import time
from pathlib import Path

from qframe import PluginOptions, hookimpl
from qframe_plugins.engines.numpy import NumpyEngine

HERE = Path(__file__).parent
LONGEST_S = 300


class LingeringOptions(PluginOptions):
    seconds: float = 0.05
    stop_after: int | None = None


class Lingering(NumpyEngine):
    """Waits before each task; after so many tasks of a worker it stops until there is a file `go`.

    A worker that stops leaves a file `stopped-*`. Each worker has an engine of its own.
    """

    name = "lingering"
    Options = LingeringOptions
    tasks = 0

    def multiply(self, circuits, out):
        if len(circuits) <= 256:  # the records that each worker makes before its first task
            return super().multiply(circuits, out)
        time.sleep(self.options.seconds)
        if self.options.stop_after is not None and self.tasks >= self.options.stop_after:
            (HERE / f"stopped-{os.getpid()}-{threading.get_ident()}").touch()
            end = time.monotonic() + LONGEST_S
            while not (HERE / "go").exists() and time.monotonic() < end:
                time.sleep(0.01)
        self.tasks += 1
        super().multiply(circuits, out)


@hookimpl
def qframe_engines():
    return [Lingering]
'''


@pytest.fixture(scope="session")
def write_config() -> Callable[..., Path]:
    """Writes a small config into a directory and returns its path.

    Keywords replace or add top-level keys, `None` leaves one out; `output` is `small.db` beside it.
    """

    def write(directory: Path, name: str = "small.yaml", **keys: Any) -> Path:
        data: dict[str, Any] = {
            "records": 5000,
            "seed": 1,
            "output": str(directory / "small.db"),
            "gate_set": {"plugin": "clifford_t", "qubits": 1},
            "sampler": {"plugin": "uniform", "length": {"min": 5, "max": 30}},
            "executor": "serial",
            **{
                key: str(value) if isinstance(value, Path) else value for key, value in keys.items()
            },
        }
        path = directory / name
        path.write_text(
            yaml.safe_dump({k: v for k, v in data.items() if v is not None}, sort_keys=False)
        )
        return path

    return write


@pytest.fixture
def config(tmp_path: Path, write_config: Callable[..., Path]) -> Callable[..., Path]:
    """`write_config` in `tmp_path`: `config(records=12, storage="savetxt")`."""
    return partial(write_config, tmp_path)


class LingeringEngine:
    """A local engine that takes its time, or stops after some tasks of each worker."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "lingering.py"
        self._path.write_text(LINGERING_ENGINE)

    def __str__(self) -> str:
        return str(self._path)

    def stopping(self, after: int, seconds: float = 0.0) -> dict[str, Any]:
        """Config of an engine with which a worker does `after` tasks, and stops in the next."""
        for mark in (self._path.with_name("go"), *self._path.parent.glob("stopped-*")):
            mark.unlink(missing_ok=True)
        return {"plugin": str(self), "seconds": seconds, "stop_after": after}

    def stopped(self) -> int:
        """How many workers have stopped."""
        return len(list(self._path.parent.glob("stopped-*")))

    def let_go(self) -> None:
        """All that have stopped go on, and nobody stops any more."""
        self._path.with_name("go").touch()


@pytest.fixture
def lingering_engine(tmp_path: Path) -> LingeringEngine:
    """A local engine that takes its time: `{plugin: PATH, seconds: 0.05}`."""
    return LingeringEngine(tmp_path)


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., None]:
    """Waits for what another process does: `wait_until(output.exists, process)`."""

    def wait(done: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
        end = time.monotonic() + PATIENCE_S
        while not done():
            assert process is None or process.poll() is None, process.communicate()
            assert time.monotonic() < end, f"it did not come about within {PATIENCE_S} s"
            time.sleep(0.01)

    return wait


@pytest.fixture
def run_qframe() -> Callable[..., qframe.RunSummary]:
    """`qframe.run` in this process: `run_qframe(path, "records=12")`."""

    def run(path: Path, *overrides: str) -> qframe.RunSummary:
        return qframe.run(path, overrides)

    return run


@pytest.fixture
def qframe_cli(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command in a process of its own, in `tmp_path` unless `cwd` says otherwise."""

    def call(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *map(str, arguments)],
            **{
                "cwd": tmp_path,
                "timeout": PATIENCE_S,
                "text": True,
                "capture_output": True,
                **options,
            },
        )

    return call


@pytest.fixture
def qframe_main(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The same command within this process, for tests of many words: starting Python is slow.

    An exception that would be a traceback for the user is one for the test.
    """

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(tmp_path)
        out, err = io.StringIO(), io.StringIO()
        words = [*map(str, arguments)]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main(words)
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else 1
        return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())

    return call


@pytest.fixture
def start_qframe(tmp_path: Path) -> Any:
    """Starts the command and does not wait; leads a process group; ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            cwd=tmp_path,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
