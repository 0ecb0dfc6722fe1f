"""The tables that `qframe compare` prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from qframe.cli.output import TABLE_WIDTH, cell, console

if TYPE_CHECKING:
    from qframe.comparison.comparison import Comparison
    from qframe.comparison.outcome import Outcome, Throughput


def print_table(found: Comparison) -> None:
    """Prints two tables, fastest writer first: speed and locks, then what is left on the disk."""
    from qframe.comparison.text import conditions, limits, ranked

    out = console(width=TABLE_WIDTH)
    outcomes = ranked(found.outcomes)
    out.print(_table(outcomes, SPEED))
    out.print()
    out.print(_table(outcomes, DISK, f"at {found.records:,} records"))
    for outcome in outcomes:
        if outcome.error:
            out.print(f"[red]{cell(outcome.label)}[/red]: {cell(outcome.error)}")
    for line in (*limits(found), *conditions(found)):
        out.print(cell(line), style="dim")


Column = tuple[str, "Callable[[Outcome], str]"]


def _table(outcomes: Sequence[Outcome], columns: Sequence[Column], projected: str = "") -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("storage", overflow="fold")
    for head, _ in columns:
        table.add_column(head.format(projected=projected), justify="right", overflow="fold")
    for outcome in outcomes:
        table.add_row(cell(outcome.label), *(value(outcome) for _, value in columns))
    return table


def _rate(throughput: Throughput | None, mark: str = "") -> str:
    return "-" if throughput is None else f"{mark}{throughput.rate:,.0f}"


def _number(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _written(outcome: Outcome) -> str:
    return _rate(outcome.write, "" if outcome.steady else "~")


def _refusals(outcome: Outcome) -> str:
    return f"[red]{outcome.refusals:,}[/red]" if outcome.refusals else "0"


def _loss(word: str | None) -> str:
    colour = {"nothing": "green", "last tasks": "yellow", "damage": "red"}.get(word or "")
    return "not said" if word is None else f"[{colour}]{word}[/{colour}]"


def _projected(outcome: Outcome) -> str:
    from qframe.readable import size

    p = outcome.projected
    return "-" if p is None else size(p.bytes)


def _files(outcome: Outcome) -> str:
    return "-" if outcome.projected is None else f"{outcome.projected.files:,}"


def _entries(outcome: Outcome) -> str:
    p = outcome.projected
    return "-" if p is None or p.directory_entries is None else f"{p.directory_entries:,}"


SPEED: tuple[Column, ...] = (
    ("written\nrecords/s", _written),
    ("read in order\nrecords/s", lambda o: _rate(o.in_order)),
    ("in shuffled\nbatches", lambda o: _rate(o.batches)),
    ("ds\\[i] at\nrandom", lambda o: _rate(o.single)),
    ("records\nper commit", lambda o: _number(o.commit_records)),
    ("commits", lambda o: _number(o.commits)),
    ("lock\nwaits", lambda o: _number(o.lock_waits)),
    ("waited\ns", lambda o: _number(o.lock_wait_s, 2)),
    ("database\nis locked", _refusals),
    ("MB per\nworker", lambda o: _number(o.memory / 1e6) if o.memory else "-"),
)

DISK: tuple[Column, ...] = (
    ("stored\nrecords", lambda o: _number(o.stored)),
    ("bytes\nper record", lambda o: _number(o.bytes_a_record, 1)),
    ("files", lambda o: _number(o.disk.files if o.disk else None)),
    ("inodes", lambda o: _number(o.disk.inodes if o.disk else None)),
    ("{projected}:\nbytes", _projected),
    ("\nfiles", _files),
    ("\nin one directory", _entries),
    ("kill -9\nmay cost", lambda o: _loss(o.kill_may_cost)),
    ("power cut\nmay cost", lambda o: _loss(o.power_cut_may_cost)),
)
