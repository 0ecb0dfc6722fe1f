"""Ctrl-C and SIGTERM, heard where it is safe: not while an executor starts a process."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any


@dataclass
class Stop:
    """The signal that asked for an end, once one has."""

    number: int | None = None

    def end(self) -> None:
        """Raises what ends the program, if a signal came: KeyboardInterrupt, or exit code 143."""
        if self.number == signal.SIGINT:
            raise KeyboardInterrupt
        if self.number is not None:
            sys.exit(128 + self.number)


@contextmanager
def stopped_by_signals(second: Callable[[Stop], object] = Stop.end) -> Iterator[Stop]:
    """The first signal is remembered; at the second, `second` is called at once, wherever it is.

    Outside the main thread signals belong to someone else, and nothing is changed.
    """
    stop = Stop()

    def handle(number: int, _frame: FrameType | None) -> None:
        again, stop.number = stop.number is not None, number
        if again:
            second(stop)

    try:
        before: dict[int, Any] = {
            number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)
        }
    except ValueError:
        before = {}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
