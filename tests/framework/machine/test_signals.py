"""Signals: the first one only asks, the second one acts, and handlers are put back."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from qframe.machine.signals import StopRequest, deferred_signals, exit_on_sigterm

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def handlers_are_put_back() -> Iterator[None]:
    before = [signal.getsignal(number) for number in SIGNALS]
    yield
    assert [signal.getsignal(number) for number in SIGNALS] == before


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_noted_and_the_second_acts_at_once(number: signal.Signals) -> None:
    seconds: list[StopRequest] = []
    with deferred_signals(seconds.append) as stop:
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
def test_a_request_ends_the_program_as_its_signal_does(
    number: signal.Signals, error: type[BaseException]
) -> None:
    with deferred_signals() as stop:
        os.kill(os.getpid(), number)
        with pytest.raises(error) as ended:
            stop.raise_if_requested()
        if isinstance(ended.value, SystemExit):
            assert ended.value.code == 143
        with pytest.raises(error):
            os.kill(os.getpid(), number)


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
