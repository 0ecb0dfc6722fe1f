"""Signals that end a program: SIGINT (Ctrl-C), SIGTERM and SIGHUP, acted on where it is safe.

A library never swallows a signal. What is deferred here goes to the caller's own handler in the
end, and a signal that the caller ignores (`nohup`) stays ignored.
"""

from __future__ import annotations

import inspect
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

STOPPING = (signal.SIGINT, signal.SIGTERM)
"""Signals that ask a program to stop, also where it handles them itself."""

ENDING = (*STOPPING, signal.SIGHUP)
"""Signals that end a program which does not handle them. SIGHUP may mean something else to one."""

Handle = Callable[[int, FrameType | None], None]


@dataclass
class StopRequest:
    """A request to stop, which a signal makes.

    Attributes:
        number: number of the signal that came last, or None if none came.
    """

    number: int | None = None

    @property
    def requested(self) -> bool:
        """Whether a signal came."""
        return self.number is not None

    def raise_if_requested(self) -> None:
        """Leaves the work if a signal came: by KeyboardInterrupt, or by SystemExit(143)."""
        if self.number == signal.SIGINT:
            raise KeyboardInterrupt
        if self.number is not None:
            sys.exit(128 + self.number)


_requests: list[StopRequest] = []
"""The requests that signals may make now, the inner one last."""


@contextmanager
def noted_signals(
    on_second: Callable[[StopRequest], object], numbers: tuple[int, ...] = ENDING
) -> Iterator[StopRequest]:
    """Within it, the first signal makes a request, and the second one calls `on_second` at once.

    So the first signal interrupts nothing, such as an executor that starts a process. For a program
    that ends itself afterwards: the handlers that were there before are not called.
    """
    request = StopRequest()

    def handle(number: int, _frame: FrameType | None) -> None:
        again, request.number = request.requested, number
        if again:
            on_second(request)

    before = _installed(handle, numbers)
    _requests.append(request)
    try:
        yield request
    finally:
        _requests.remove(request)
        _put_back(before)


def stop_requested() -> bool:
    """Whether a signal has asked the work of this process to stop, so that no wait may go on."""
    return any(request.requested for request in _requests)


@contextmanager
def deferred_signals() -> Iterator[StopRequest]:
    """Within it, signals make a request; at its end the handler from before gets the signal.

    So Ctrl-C raises KeyboardInterrupt, a handler of the caller is called, and a signal that nobody
    handles ends the process. The second signal goes to the handler that was there before at once.
    """
    before: dict[int, Any] = {n: signal.getsignal(n) for n in ENDING}
    passed_on: list[int] = []

    def pass_on(stop: StopRequest) -> None:
        if stop.number is not None:
            passed_on.append(stop.number)
            _act(stop.number, before[stop.number])

    try:
        with noted_signals(pass_on, (*STOPPING, *_fatal(signal.SIGHUP))) as stop:
            yield stop
    finally:
        if not passed_on:
            pass_on(stop)


@contextmanager
def exit_on_sigterm() -> Iterator[None]:
    """Within it, SIGTERM and SIGHUP raise SystemExit: `finally` clauses run, as after Ctrl-C.

    For a program. A library uses `unwound_by_sigterm`.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = _installed(handle, _fatal(signal.SIGTERM, signal.SIGHUP))
    try:
        yield
    finally:
        _put_back(before)


@contextmanager
def unwound_by_sigterm() -> Iterator[None]:
    """Within it, SIGTERM and SIGHUP run `finally` clauses before they end the process.

    Python lets them kill the process at once. Where the caller handles them, nothing is changed.
    """
    received: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        raise SystemExit(128 + number)

    before = _installed(handle, _fatal(signal.SIGTERM, signal.SIGHUP))
    try:
        yield
    finally:
        _put_back(before)
        if received:
            _act(received[0], signal.SIG_DFL)


def _fatal(*numbers: int) -> tuple[int, ...]:
    """Those of the signals that kill the process, because nobody handles or ignores them."""
    return tuple(n for n in numbers if signal.getsignal(n) == signal.SIG_DFL)


def _installed(handle: Handle, numbers: tuple[int, ...]) -> dict[int, Any]:
    """Handles signals by `handle`; returns the handlers before.

    Signals that are ignored, and those that another language than Python handles, stay as they are.
    So do all outside the main thread, where Python allows no change.
    """
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in numbers:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, handle)
    return before


def _put_back(before: dict[int, Any]) -> None:
    """Puts the handlers back, once."""
    while before:
        signal.signal(*before.popitem())


def _act(number: int, handler: Any) -> None:
    """Does what a signal with this handler does: calls it, or ends the process."""
    if callable(handler):
        handler(number, inspect.currentframe())
    elif handler == signal.SIG_DFL:
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
