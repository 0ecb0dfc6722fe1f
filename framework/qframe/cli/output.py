"""The one door through which the command line writes: all that it shows is printable."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from qframe.printable import printable, printable_json, printable_lines

if TYPE_CHECKING:
    from rich.console import Console

TABLE_WIDTH = 200
"""Width of tables where no terminal sets one: long lines suit grep better than folded cells."""


def echo(line: str = "", *, err: bool = False) -> None:
    """Writes one line; a line break within it is shown as an escape."""
    _write(printable(line), err)


def echo_block(text: str, *, err: bool = False) -> None:
    """Writes lines that belong together, such as a drawing, or the lines of an error."""
    _write(printable_lines(text), err)


def echo_json(data: object) -> None:
    """Writes plain data as JSON, or a text that is JSON already."""
    text = data if isinstance(data, str) else json.dumps(data, indent=2)
    _write(printable_json(text), err=False)


def cell(text: object) -> str:
    """A text of a file or a user, for a table or a line of Rich: printable, and no markup."""
    from rich.markup import escape

    return escape(printable(str(text)))


def console(*, err: bool = False, width: int | None = None) -> Console:
    """A Rich console. Texts of files and users go into it through `cell`.

    Args:
        err: whether it writes to the standard error stream.
        width: its width where no terminal sets one.
    """
    from rich.console import Console

    stream: Any = sys.stderr if err else sys.stdout
    width = None if stream.isatty() else width
    return Console(file=stream, width=width, highlight=False, emoji=False)


def _write(text: str, err: bool) -> None:
    stream = sys.stderr if err else sys.stdout
    stream.write(text + "\n")
    stream.flush()
