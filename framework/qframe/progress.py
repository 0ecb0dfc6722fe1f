"""ProgressCallback: how long work tells its caller how far it is."""

from __future__ import annotations

from collections.abc import Callable

ProgressCallback = Callable[[str, int, int], None]
"""Called as `callback(what, done, total)`: what is being done, how far it is, and of how much."""


def no_progress(_what: str, _done: int, _total: int) -> None:
    """The callback that shows nothing."""
