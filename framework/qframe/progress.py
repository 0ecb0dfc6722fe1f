"""ProgressCallback: a function that is told how far a long piece of work has come."""

from __future__ import annotations

from collections.abc import Callable

ProgressCallback = Callable[[str, int, int], None]
"""Called as `callback(what, done, total)`: what is being done, and how many steps of how many."""


def no_progress(_what: str, _done: int, _total: int) -> None:
    """A callback that does nothing."""
