"""Charts: the file formats, colours and settings of all of them, and how one is saved.

Importing this module does not import Matplotlib, which is an extra.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qframe.errors import ConfigError, PluginError, StorageError
from qframe.machine.files import irregular
from qframe.printable import printable

FORMATS = (".svg", ".png", ".pdf")
"""Suffixes of the file formats in which a chart can be drawn."""

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999")
"""The colours of Okabe and Ito, which people with colour blindness can tell apart."""

BLUE, RED = COLOURS[0], COLOURS[5]

INK, FAINT, GRID = "#222222", "#6b6b6b", "#e4e4e4"
"""Colours of text, of notes, and of the lines behind the data."""

STYLE: dict[str, Any] = {
    "svg.hashsalt": "qframe",  # equal charts are equal files
}
"""Matplotlib settings of every chart."""


def plain(text: str) -> str:
    """A text of a file or a user, as Matplotlib draws it: printable, and no mathematics."""
    return printable(text).replace("$", r"\$")


def require(*paths: Path) -> None:
    """Checks that charts can be drawn into these files, before any work is done.

    Raises:
        ConfigError: if a file name has another suffix than `FORMATS`, or its directory does not
            exist.
        PluginError: if Matplotlib is not installed.
    """
    for path in paths:
        if path.suffix.lower() not in FORMATS:
            raise ConfigError(f"--plot {path}: want a name that ends in {', '.join(FORMATS)}")
        if not path.absolute().parent.is_dir():
            raise ConfigError(f"--plot {path}: {path.absolute().parent} is not a directory")
        kind = irregular(path, follow=True)
        if kind is not None:
            raise ConfigError(f"--plot {path}: is {kind}, want a file")
    try:
        import matplotlib  # noqa: F401 - whether it can be imported is the question
    except ImportError as cause:
        raise PluginError(
            "--plot needs Matplotlib, which is not installed", hint="pip install matplotlib"
        ) from cause


def save(figure: Any, path: Path, dpi: int = 150) -> None:
    """Saves a Matplotlib figure in the format of the file name's suffix.

    Raises:
        StorageError: if the file cannot be written.
    """
    metadata = {"Date": None} if path.suffix.lower() == ".svg" else None
    try:
        figure.savefig(path, dpi=dpi, metadata=metadata)
    except OSError as cause:
        raise StorageError(f"{path} cannot be written: {cause.strerror}") from cause
