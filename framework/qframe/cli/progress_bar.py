"""Progress of all other long work: a bar for many short steps, and one for a few long steps."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qframe.cli.output import cell, console, echo

if TYPE_CHECKING:
    from qframe.progress import ProgressCallback


@contextmanager
def progress_bar() -> Iterator[ProgressCallback]:
    """Shows a bar while the `with` block runs; gives the callback that moves it."""
    from qframe.progress import no_progress

    if not sys.stderr.isatty():
        yield no_progress
        return
    from rich.progress import Progress

    with Progress(console=console(err=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def progress(what: str, done: int, total: int) -> None:
            bar.update(task, description=cell(what), completed=done, total=total)

        yield progress


@contextmanager
def step_progress(quiet: bool = False) -> Iterator[ProgressCallback]:
    """Progress of a few long steps: a bar on a terminal, else a line per step.

    The bar is drawn once per step, so that it takes no time from a step that is measured.
    """
    from qframe.progress import no_progress

    if quiet:
        yield no_progress
        return
    if not sys.stderr.isatty():
        yield _print_step
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console(err=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task("", total=None)

        def progress(what: str, done: int, total: int) -> None:
            bar.update(task, description=cell(what), completed=done, total=total, refresh=True)

        yield progress


def _print_step(what: str, done: int, total: int) -> None:
    echo(f"{done + 1}/{total}: {what}", err=True)
