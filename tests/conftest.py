"""What the tests of the whole tool share: small configs, and ways to run qframe on them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import qframe

COMMAND = [sys.executable, "-m", "qframe"]

LINGERING_ENGINE = '''
"""The NumPy engine, slowed down so that a test can reach into a run: the same bits, later."""

import time

from qframe import PluginOptions, hookimpl
from qframe_plugins.engines.numpy import NumpyEngine


class LingeringOptions(PluginOptions):
    seconds: float = 0.05


class Lingering(NumpyEngine):
    """Waits before each task."""

    name = "lingering"
    Options = LingeringOptions

    def multiply(self, circuits, out):
        time.sleep(self.options.seconds)
        super().multiply(circuits, out)


@hookimpl
def qframe_engines():
    return [Lingering]
'''


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., Path]:
    """Writes a small config and returns its path; keywords replace or add top-level keys.

    `output` is within `tmp_path`; `None` leaves a key out.
    """

    def write(name: str = "small.yaml", **keys: Any) -> Path:
        data: dict[str, Any] = {
            "records": 5000,
            "seed": 1,
            "output": str(tmp_path / "small.db"),
            "gate_set": {"plugin": "clifford_t", "qubits": 1},
            "sampler": {"plugin": "uniform", "length": {"min": 5, "max": 30}},
            "executor": "serial",
            **{
                key: str(value) if isinstance(value, Path) else value for key, value in keys.items()
            },
        }
        path = tmp_path / name
        path.write_text(
            yaml.safe_dump({k: v for k, v in data.items() if v is not None}, sort_keys=False)
        )
        return path

    return write


@pytest.fixture
def lingering_engine(tmp_path: Path) -> Path:
    """A local engine that takes its time: `{plugin: PATH, seconds: 0.05}`."""
    path = tmp_path / "lingering.py"
    path.write_text(LINGERING_ENGINE)
    return path


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
            **{"cwd": tmp_path, "timeout": 100, "text": True, "capture_output": True, **options},
        )

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
