"""`qframe.run` in a program: a signal stops the run in order, and then reaches its own handler."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import qframe
from qframe import hookimpl

Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]

BLOCKS = 6
"""Blocks of the dataset. Each is a task of its own."""


class Killer:
    """Sends this process a signal when the first task is stored."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.summaries: list[qframe.RunSummary] = []

    @hookimpl
    def qframe_task_stored(self, stored: int) -> None:
        if stored == 4096:
            os.kill(os.getpid(), self.number)

    @hookimpl
    def qframe_run_finished(self, summary: qframe.RunSummary) -> None:
        self.summaries.append(summary)


@pytest.fixture
def path(config: Config) -> Path:
    return config(records=BLOCKS * 4096, task_blocks=1, executor="serial")


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """The signals that reach a handler for SIGTERM."""
    numbers: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: numbers.append(number))
    yield numbers
    signal.signal(signal.SIGTERM, before)


def test_ctrl_c_raises_keyboard_interrupt_once_the_run_has_stopped(
    path: Path, run_qframe: Run
) -> None:
    killer = Killer(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        qframe.run(path, hooks=[killer])
    [summary] = killer.summaries
    assert (summary.complete, summary.signal, summary.records) == (False, signal.SIGINT, 4096)
    assert sorted(p.name for p in path.parent.glob("*small.db*")) == ["small.db"]
    assert run_qframe(path).complete


def test_the_callers_handler_is_called_and_the_summary_says_so(
    path: Path, heard: list[int]
) -> None:
    summary = qframe.run(path, hooks=[Killer(signal.SIGTERM)])
    assert heard == [signal.SIGTERM]
    assert (summary.complete, summary.signal) == (False, signal.SIGTERM)


def test_a_run_that_the_caller_shields_from_a_signal_goes_on(path: Path) -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        assert qframe.run(path, hooks=[Killer(signal.SIGTERM)]).complete
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_outside_the_main_thread_signals_stay_those_of_the_program(
    path: Path, heard: list[int]
) -> None:
    summaries: list[qframe.RunSummary] = []

    def work() -> None:
        summaries.append(qframe.run(path, hooks=[Killer(signal.SIGTERM)]))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(timeout=120)
    assert summaries[0].complete
    assert heard == [signal.SIGTERM]
