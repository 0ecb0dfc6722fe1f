"""Signals: the first one only asks, the second one acts, and handlers are put back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from qframe.machine.signals import (
    StopRequest,
    deferred_signals,
    exit_on_sigterm,
    noted_signals,
    unwound_by_sigterm,
)

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def handlers_are_put_back() -> Iterator[None]:
    before = [signal.getsignal(number) for number in SIGNALS]
    yield
    assert [signal.getsignal(number) for number in SIGNALS] == before


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_noted_and_the_second_acts_at_once(number: signal.Signals) -> None:
    seconds: list[StopRequest] = []
    with noted_signals(seconds.append) as stop:
        stop.raise_if_requested()
        assert not stop.requested
        os.kill(os.getpid(), number)
        assert stop.requested
        assert stop.number == number
        assert seconds == []
        os.kill(os.getpid(), number)
        assert seconds == [stop]


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_a_request_leaves_the_work_as_its_signal_does(
    number: signal.Signals, error: type[BaseException]
) -> None:
    with noted_signals(lambda stop: None) as stop:
        os.kill(os.getpid(), number)
        with pytest.raises(error) as ended:
            stop.raise_if_requested()
        if isinstance(ended.value, SystemExit):
            assert ended.value.code == 143


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The signals that reach handlers of the caller."""
    numbers: list[int] = []
    before = [signal.signal(n, lambda number, frame: numbers.append(number)) for n in SIGNALS]
    yield numbers
    for number, handler in zip(SIGNALS, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_callers_handler_gets_a_deferred_signal_once(
    number: signal.Signals, heard: list[int]
) -> None:
    with deferred_signals() as outer:
        with deferred_signals() as stop:
            os.kill(os.getpid(), number)
            assert stop.requested
            assert not outer.requested
        assert outer.number == number
        assert heard == []
    assert heard == [number]


def test_the_callers_handler_gets_the_second_signal_at_once(heard: list[int]) -> None:
    with deferred_signals():
        os.kill(os.getpid(), signal.SIGTERM)
        assert heard == []
        os.kill(os.getpid(), signal.SIGTERM)
        assert heard == [signal.SIGTERM]
    assert heard == [signal.SIGTERM]


def test_a_signal_is_not_lost_in_an_error() -> None:
    def work() -> None:
        with deferred_signals():
            os.kill(os.getpid(), signal.SIGINT)
            raise OSError("no space")

    with pytest.raises(KeyboardInterrupt) as ended:
        work()
    assert isinstance(ended.value.__context__, OSError)


@pytest.mark.parametrize("number", [*SIGNALS, signal.SIGHUP])
def test_an_ignored_signal_stays_ignored(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with deferred_signals() as stop, unwound_by_sigterm(), exit_on_sigterm():
            os.kill(os.getpid(), number)
        assert not stop.requested
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_sighup_is_the_callers_where_the_caller_handles_it() -> None:
    numbers: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, frame: numbers.append(number))
    try:
        with deferred_signals() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert numbers == [signal.SIGHUP]
        assert not stop.requested
    finally:
        signal.signal(signal.SIGHUP, before)


UNHANDLED = """
import os, signal
from qframe.machine.signals import deferred_signals, unwound_by_sigterm

try:
    with {context}():
        try:
            os.kill(os.getpid(), {number})
        finally:
            print("cleaned up", flush=True)
finally:
    print("too far", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("context", ["deferred_signals", "unwound_by_sigterm"])
def test_a_signal_that_nobody_handles_ends_the_process_after_the_cleaning(
    context: str, number: signal.Signals
) -> None:
    code = UNHANDLED.format(context=context, number=int(number))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (-number, "cleaned up\n"), done.stderr


def test_sigterm_ends_the_program_so_that_finally_clauses_run() -> None:
    done: list[str] = []

    def work() -> None:
        with exit_on_sigterm():
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            finally:
                done.append("cleaned up")

    with pytest.raises(SystemExit) as ended:
        work()
    assert ended.value.code == 143
    assert done == ["cleaned up"]


def test_outside_the_main_thread_nothing_is_changed() -> None:
    seen: list[object] = []

    def work() -> None:
        with deferred_signals() as stop, exit_on_sigterm():
            seen.extend([stop.requested, *map(signal.getsignal, SIGNALS)])

    before = [signal.getsignal(number) for number in SIGNALS]
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False, *before]
