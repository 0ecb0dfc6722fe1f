"""Signals that end a program: Ctrl-C (SIGINT) and SIGTERM, acted on where it is safe."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any


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
        """Ends the program if a signal came: by KeyboardInterrupt, or with exit code 143."""
        if self.number == signal.SIGINT:
            raise KeyboardInterrupt
        if self.number is not None:
            sys.exit(128 + self.number)


@contextmanager
def deferred_signals(
    on_second: Callable[[StopRequest], object] = StopRequest.raise_if_requested,
) -> Iterator[StopRequest]:
    """Within it, SIGINT and SIGTERM make a request, and the second one calls `on_second` at once.

    So the first signal interrupts nothing, such as an executor that starts a process.
    """
    request = StopRequest()

    def handle(number: int, _frame: FrameType | None) -> None:
        again, request.number = request.requested, number
        if again:
            on_second(request)

    with _handler(handle, signal.SIGINT, signal.SIGTERM):
        yield request


@contextmanager
def exit_on_sigterm() -> Iterator[None]:
    """Within it, SIGTERM raises SystemExit: `finally` clauses run, as they do after Ctrl-C."""

    def handle(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    with _handler(handle, signal.SIGTERM):
        yield


@contextmanager
def _handler(handle: Callable[[int, FrameType | None], None], *numbers: int) -> Iterator[None]:
    """Handles signals by `handle`. Outside the main thread Python forbids it: nothing changes."""
    before: dict[int, Any] = {}
    try:
        with suppress(ValueError):
            for number in numbers:
                before[number] = signal.signal(number, handle)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
