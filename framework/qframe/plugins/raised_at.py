"""error_line: an exception in one line, with the line of the plugin's code that it came from."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from traceback import walk_tb


def error_line(error: BaseException, home: Path | None = None, *, named: Path | None = None) -> str:
    """The error in one line, with its place: `ZeroDivisionError: division by zero (FILE:3)`.

    The place is the innermost line of the plugin that the exception passed.

    Args:
        error: the exception.
        home: the plugin's file, or the directory below which all its files are; None: any line.
        named: a file that the reader knows already: its lines are given as `line 3`.
    """
    return f"{type(error).__name__}: {error}{_place(error, home, named)}"


def home_of(module: str) -> Path | None:
    """The directory of the package that a module belongs to, or the file of a single module."""
    top = sys.modules.get(module.partition(".")[0])
    file = getattr(top, "__file__", None)
    if file is None:
        return None
    return Path(file).parent if hasattr(top, "__path__") else Path(file)


def _place(error: BaseException, home: Path | None, named: Path | None) -> str:
    frames = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    own = [(file, line) for file, line in frames if _is_of(file, home)]
    if not own:
        return ""
    file, line = own[-1]
    return f" (line {line})" if file == str(named) else f" ({file}:{line})"


def _is_of(file: str, home: Path | None) -> bool:
    """Whether a file is the plugin's, and not one of a package installed in the same directory."""
    if home is None:
        return not file.startswith("<")
    folder = f"{home}{os.sep}"
    below = file.startswith(folder) and "site-packages" not in file.removeprefix(folder)
    return below or file == str(home)
