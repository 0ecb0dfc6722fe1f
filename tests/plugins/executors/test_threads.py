"""Executor `threads`: stopped, failing, and in a process with other threads."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import qframe

Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]
Main = Callable[..., subprocess.CompletedProcess[str]]

THREADS = {"plugin": "threads", "workers": 3}

FAILING_ENGINE = """
from qframe import hookimpl
from qframe_plugins.engines.numpy import NumpyEngine

class Failing(NumpyEngine):
    name = "failing"
    def multiply(self, circuits, out):
        if len(circuits) > 4096:  # not in the first try of one record
            raise ZeroDivisionError("of no use")
        super().multiply(circuits, out)

@hookimpl
def qframe_engines():
    return [Failing]
"""


def content(path: Path) -> str:
    with qframe.open(path) as dataset:
        return dataset.content_hash()


def test_ctrl_c_stops_it_and_the_next_run_finishes(
    config: Config, run_qframe: Run, start_qframe: Any, lingering_engine: Any, wait_until: Any
) -> None:
    path = config(
        records=40 * 4096 - 7,
        task_blocks=1,
        executor=THREADS,
        engine=lingering_engine.stopping(after=2),
    )
    output = path.parent / "small.db"
    process = start_qframe("run", path)
    wait_until(lambda: lingering_engine.stopped() == 3, process)
    os.killpg(process.pid, signal.SIGINT)
    lingering_engine.let_go()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, out + err
    assert sorted(p.name for p in path.parent.glob("small.db*")) == ["small.db"]
    with qframe.open(output) as dataset:
        assert 6 * 4096 <= dataset.stored() < len(dataset)
    assert run_qframe(path, "engine=numpy").complete
    assert content(output) == content(path)


def test_an_error_names_the_task_and_ends_the_run(
    config: Config, qframe_main: Main, tmp_path: Path
) -> None:
    before = threading.enumerate()
    (tmp_path / "failing.py").write_text(FAILING_ENGINE)
    path = config(records=50_000, task_blocks=2, executor=THREADS, engine="./failing.py")
    done = qframe_main("run", path)
    assert done.returncode == 1
    assert "ZeroDivisionError: of no use" in done.stderr
    assert "blocks " in done.stderr
    assert sorted(p.name for p in tmp_path.glob("small.db*")) == ["small.db"]
    assert set(threading.enumerate()) <= set(before)


def test_runs_in_several_threads_of_one_process_do_not_disturb_each_other(
    config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    paths = [
        config(f"{n}.yaml", records=20_000, seed=n, executor=THREADS, output=tmp_path / f"{n}.db")
        for n in range(3)
    ]
    runs = [threading.Thread(target=run_qframe, args=(path,)) for path in paths]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    for n, path in enumerate(paths):
        assert content(tmp_path / f"{n}.db") == content(path)


def test_a_second_run_on_the_same_output_is_refused(
    config: Config, run_qframe: Run, lingering_engine: Any, wait_until: Any
) -> None:
    """The lock on an output holds between threads of one process, too."""
    path = config(
        records=10 * 4096,
        task_blocks=1,
        executor=THREADS,
        engine=lingering_engine.stopping(after=1),
    )
    first = threading.Thread(target=run_qframe, args=(path,))
    first.start()
    try:
        wait_until(lingering_engine.stopped)
        with pytest.raises(qframe.OutputInUse):
            run_qframe(path)
    finally:
        lingering_engine.let_go()
        first.join()
    assert content(path.parent / "small.db") == content(path)
