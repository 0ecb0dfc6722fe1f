"""error_line: an exception in one line, with the line of the plugin's code that it came from."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from traceback import walk_tb


def error_line(error: BaseException, home: Path | None = None) -> str:
    """The error in one line, with its place: `ZeroDivisionError: division by zero (line 3)`.

    Args:
        error: the exception.
        home: the plugin's file, whose own lines are given as `line 3` and those of files beside it
            as `FILE:3`; or the directory of its package, whose lines are given as `FILE:3`. None:
            whatever line raised it.
    """
    return f"{type(error).__name__}: {error}{_place(error, home)}"


def home_of(module: str) -> Path | None:
    """The directory of the package that a module belongs to, or the file of a single module."""
    top = sys.modules.get(module.partition(".")[0])
    file = getattr(top, "__file__", None)
    if file is None:
        return None
    return Path(file).parent if hasattr(top, "__path__") else Path(file)


def _place(error: BaseException, home: Path | None) -> str:
    """The innermost line of the plugin that the exception passed; nothing if there is none."""
    frames = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    own = [(file, line) for file, line in frames if _is_below(file, home)]
    if not own:
        return ""
    file, line = own[-1]
    return f" (line {line})" if file == str(home) else f" ({file}:{line})"


def _is_below(file: str, home: Path | None) -> bool:
    """Whether a file is the plugin's, and not one of a package that lies in the same directory."""
    if home is None:
        return not file.startswith("<")
    folder = f"{home.parent if home.suffix == '.py' else home}{os.sep}"
    return file.startswith(folder) and "site-packages" not in file.removeprefix(folder)
