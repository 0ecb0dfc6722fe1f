"""Notes on a config, as the command line shows them: warnings on the standard error stream."""

from __future__ import annotations

from collections.abc import Iterable

from qframe.cli.output import echo


def show_notes(notes: Iterable[str]) -> None:
    """Writes each note on a line of its own."""
    for note in notes:
        echo(f"Warning: {note}", err=True)
