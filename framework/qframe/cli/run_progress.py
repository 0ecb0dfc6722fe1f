"""Progress of a run: a bar on a terminal, else at most one line every 30 seconds.

It uses the life-cycle hooks, as any plugin can.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from qframe.cli.notes import show_notes
from qframe.cli.output import console, echo
from qframe.contracts.closeable import Closeable
from qframe.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from qframe.runs.plan import RunPlan
    from qframe.runs.summary import RunSummary

LINE_EVERY_S = 30.0


class Progress(Closeable):
    """Shows the notes on the config, then rate, percentage and remaining time, on stderr.

    A run goes on where nothing can be shown: a full disk, a pipe or terminal whose reader left.
    """

    def __init__(self, enabled: bool = True) -> None:
        self._enabled = enabled
        self._bar: Bar | None = None
        self._task = TaskID(0)
        self._before = 0
        self._start = self._last = perf_counter()

    def close(self) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            with self._unhurt():
                bar.stop()

    @contextmanager
    def _unhurt(self) -> Iterator[None]:
        """Gives up showing anything, instead of the run, where stderr cannot be written."""
        try:
            yield
        except (OSError, ValueError):  # ValueError: it is closed
            self._enabled, self._bar = False, None
            # Then nothing waits to be written when Python ends, which would change the exit code.
            sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - open until then

    @hookimpl
    def qframe_run_started(self, plan: RunPlan) -> None:
        with self._unhurt():
            self._show_start(plan)

    def _show_start(self, plan: RunPlan) -> None:
        self._before = plan.header.records - plan.to_do
        self._start = self._last = perf_counter()
        show_notes(plan.notes)
        if not self._enabled:
            return
        word = "Continuing" if self._before else "Writing"
        total = plan.header.records
        echo(
            f"{word} {plan.output}: {total:,} records, {plan.executor.workers} worker"
            f"{'s' if plan.executor.workers != 1 else ''} ({plan.storage.name}, "
            f"{plan.estimate.bytes / 1e6:,.1f} MB in all)",
            err=True,
        )
        if sys.stderr is not None and sys.stderr.isatty():
            self._bar = Bar(
                TextColumn("{task.fields[rate]:>16}"),
                BarColumn(),
                TaskProgressColumn(),
                TimeRemainingColumn(compact=True),
                console=console(err=True),
                transient=True,
            )
            self._task = self._bar.add_task("", total=total, completed=self._before, rate="")
            self._bar.start()

    @hookimpl
    def qframe_task_stored(self, plan: RunPlan, stored: int) -> None:
        with self._unhurt():
            self._show_stored(plan, stored)

    def _show_stored(self, plan: RunPlan, stored: int) -> None:
        now = perf_counter()
        rate = (stored - self._before) / max(now - self._start, 1e-9)
        if self._bar is not None:
            self._bar.update(self._task, completed=stored, rate=f"{rate:,.0f}/s")
        elif self._enabled and now - self._last >= LINE_EVERY_S:
            self._last = now
            left = (plan.header.records - stored) / rate
            share = stored / plan.header.records
            echo(
                f"{stored:,} of {plan.header.records:,} records ({share:.0%}), "
                f"{rate:,.0f}/s, {left:,.0f} s left",
                err=True,
            )

    @hookimpl
    def qframe_run_finished(self, plan: RunPlan, summary: RunSummary) -> None:  # noqa: ARG002
        self.close()
