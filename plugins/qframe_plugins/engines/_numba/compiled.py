"""`compiled`: Numba's `njit`, which keeps its machine code on disk where that is possible."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
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
        kept = _can_be_kept(Path(function.__code__.co_filename))
        try:
            made = njit(cache=kept, nogil=True, **options)(function)
        except RuntimeError:  # cannot cache function: no locator available
            made = njit(nogil=True, **options)(function)
        return made

    return decorate


def _can_be_kept(source: Path) -> bool:
    """Whether machine code may be kept beside the source file, or below the home directory.

    If the home is not known, Numba makes a directory called `~` in the working directory.
    """
    named = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    home = named or os.path.expanduser("~")  # noqa: PTH111 - pathlib raises where it is not known
    return Path(home).is_absolute() or os.access(source.parent, os.W_OK)
