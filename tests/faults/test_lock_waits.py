"""Another program has the file open or locked: runs say whom they wait for, and stop when asked."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

import qframe

Config = Callable[..., Path]
Run = Callable[..., Any]

HOLD = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
if sys.argv[2] == "read":
    cursor = db.execute("SELECT * FROM ledger")
    cursor.fetchone()
else:
    db.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(output: Path, how: str) -> Iterator[int]:
    """Another program reads the file, or has it locked for itself."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(output), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "held\n"
        try:
            yield program.pid
        finally:
            program.kill()


def line_with(text: str, process: subprocess.Popen[str]) -> str:
    """The next line of stderr that holds a text."""
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return line
    raise AssertionError(f"no line says {text!r}")


@pytest.mark.parametrize(
    ("how", "number"),
    [
        ("read", signal.SIGINT),
        ("lock", signal.SIGTERM),
        pytest.param("read", signal.SIGTERM, marks=pytest.mark.long),
        pytest.param("lock", signal.SIGINT, marks=pytest.mark.long),
    ],
)
def test_a_run_that_cannot_begin_says_whom_it_waits_for_and_stops(
    how: str, number: int, config: Config, run_qframe: Run, start_qframe: Any
) -> None:
    path = config(records=5000)
    output = run_qframe(path).output
    with held(output, how) as pid:
        process = start_qframe("run", path, "--records", "9000")
        assert f"process {pid}" in line_with("waiting for", process)
        start = time.monotonic()
        process.send_signal(number)
        assert process.wait(timeout=60) == 128 + number
        assert time.monotonic() - start < 5
    assert run_qframe(path, "records=9000").complete


def test_a_run_goes_on_once_the_lock_is_gone(
    config: Config, run_qframe: Run, start_qframe: Any
) -> None:
    path = config(records=5000)
    output = run_qframe(path).output
    with held(output, "read"):
        process = start_qframe("run", path, "--records", "9000")
        line_with("waiting for", process)
    assert process.wait(timeout=60) == 0


@pytest.mark.parametrize("executor", ["processes", "threads"])
def test_a_lock_in_the_middle_of_a_run_does_not_make_it_deaf(
    executor: str, config: Config, run_qframe: Run, start_qframe: Any, wait_until: Any
) -> None:
    path = config(records=40_000_000, task_blocks=1, executor={"plugin": executor, "workers": 2})
    output = path.with_name("small.db")
    process = start_qframe("run", path)
    wait_until(lambda: output.with_name("small.db-wal").exists(), process)
    with held(output, "lock"):
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 128 + signal.SIGTERM
        assert time.monotonic() - start < 10  # 5 s where the machine is not loaded
    assert not [line for line in process.communicate()[1].splitlines() if "Traceback" in line]


class Opens:
    """A life-cycle hook that lets another program read the file after the first task."""

    def __init__(self, output: Path, stack: ExitStack) -> None:
        self.output, self.stack, self.pid = output, stack, 0

    @qframe.hookimpl
    def qframe_task_stored(self) -> None:
        if not self.pid:
            self.pid = self.stack.enter_context(held(self.output, "read"))


def test_complete_data_are_called_complete_while_somebody_reads(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    path = config(records=9000, task_blocks=1, executor="serial")
    with ExitStack() as stack:
        reader = Opens(path.with_name("small.db"), stack)
        done = qframe.run(path, hooks=[reader])
        assert done.complete
        assert reader.pid
        assert "All that was written is stored" in caplog.text
    assert qframe.run(path).complete
    assert {p.name for p in path.parent.glob("small.db*")} == {"small.db"}
