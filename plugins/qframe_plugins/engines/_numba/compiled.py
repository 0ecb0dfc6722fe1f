"""`compiled`: Numba's `njit`, which keeps its machine code on disk where that is possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(**options: Any) -> Callable[[F], F]:
    """Compiles a function at its first call; while it runs, other threads may run Python.

    The machine code is kept beside the module, or else below the user's home directory. Where
    neither can be written, as in a container under an arbitrary user id, each process compiles.
    """

    def decorate(function: F) -> F:
        made: F
        try:
            made = njit(cache=True, nogil=True, **options)(function)
        except RuntimeError:  # cannot cache function: no locator available
            made = njit(nogil=True, **options)(function)
        return made

    return decorate
