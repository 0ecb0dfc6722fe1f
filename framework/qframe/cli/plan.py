"""`qframe plan`: estimates what a long run would take, from a short one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qframe.cli.local_code import load
from qframe.cli.notes import show_notes
from qframe.cli.options import (
    Seconds,
    config_argument,
    json_option,
    local_option,
    override_list,
    overrides,
)
from qframe.cli.output import cell, console, echo, echo_json

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from qframe.forecast.calibration import Calibration
    from qframe.forecast.duplicates import Sample
    from qframe.forecast.model import Projection

BOUNDS = {
    "cores": "generating and writing on these cores",
    "writer": "writers that take turns writing one file",
    "disk": "the disk",
}

WIDTH = 110
"""Width of the text if no terminal sets one."""


@click.command()
@config_argument
@overrides
@local_option
@json_option
@click.option(
    "--seconds",
    type=Seconds(0.001),
    default=9.0,
    show_default=True,
    help="Seconds of calibration, without the start of the workers.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw which limit is met at which record: .svg, .png or .pdf (needs Matplotlib).",
)
def plan(
    config: Path,
    set_: tuple[str, ...],
    local: bool,
    as_json: bool,
    seconds: float,
    plot: Path | None,
    **shortcuts: str | None,
) -> None:
    """Estimate what a run of CONFIG would take: time, disk space, limits, duplicates.

    Runs the config for a few seconds on this machine, beside its output, and removes the data
    again. Every number about the whole dataset is a projection; docs/planning.md has the model.

    \b
    qframe plan configs/clifford_t.yaml --records 300e9
    qframe plan configs/clifford_t.yaml --records 300e9 --seconds 30 --plot plan.svg
    """
    from qframe.forecast.calibration import calibrate
    from qframe.forecast.duplicates import sample
    from qframe.forecast.model import Model
    from qframe.machine.disk import file_system, writable_ancestor
    from qframe.runs.plan import unchecked_plan

    if plot is not None:
        from qframe.charts import require
        from qframe.forecast.chart import draw

        require(plot)
    planned = unchecked_plan(load(config, override_list(set_, shortcuts), local))
    show_notes(planned.notes)
    echo(f"Calibrating for about {seconds:g} s ...", err=True)
    measured = calibrate(planned, seconds)
    seen = sample(planned, seconds / 6)
    disk = file_system(writable_ancestor(planned.output))
    projection = Model(planned, measured, disk).project(seen)
    if plot is not None:
        draw(projection, plot)
    if as_json:
        facts = {
            "output": str(planned.output),
            "recipe_id": planned.recipe.id,
            "measured": asdict(measured),
            "sample": asdict(seen),
            "file_system": asdict(disk),
            "projection": asdict(projection),
        }
        echo_json(facts)
        return
    _print(measured, seen, projection)


def _print(measured: Calibration, seen: Sample, projection: Projection) -> None:
    out = console(width=WIDTH)
    for part in (
        _measured(measured),
        _projected(projection),
        _limits(projection),
        _changes(projection),
        *_duplicates(seen, projection),
    ):
        out.print(part)


def _table(title: str, *heads: str) -> Table:
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table(title=title, box=SIMPLE, title_justify="left", title_style="bold")
    for k, head in enumerate(heads):
        table.add_column(head, justify="right" if k else "left", no_wrap=True)
    return table


def _measured(measured: Calibration) -> Table:
    from qframe.readable import size

    heads = ("workers", "records/s", "ns to make one", "ns to write one")
    table = _table("Measured here", *heads)
    for speed in dict.fromkeys((measured.one, measured.all)):
        table.add_row(
            f"{speed.workers}",
            f"{speed.rate:,.0f}",
            f"{speed.generate_s * 1e9:,.0f}",
            f"{speed.write_s * 1e9:,.0f}",
        )
    each = measured.disk.bytes / measured.records
    table.caption = (
        f"{measured.records:,} records, {each:,.1f} bytes each; "
        f"a plain file lands at {size(measured.disk_rate)}/s"
    )
    return table


def _projected(projection: Projection) -> Table:
    from qframe.readable import duration, size

    table = _table("Projected", f"{projection.records:,} records", "")
    table.add_row("bytes", size(projection.bytes))
    table.add_row("files", f"{projection.files:,}")
    if projection.to_do < projection.records:
        table.add_row("records to do", f"{projection.to_do:,}")
    table.add_row("bytes needed", size(projection.needed))
    table.add_row("bytes free", size(projection.free))
    table.add_row("time", duration(projection.hours))
    table.add_row("limited by", BOUNDS[projection.bound])
    return table


def _limits(projection: Projection) -> Table:
    from qframe.readable import number

    heads = ("limit", "there is", "it takes", "full at record", "")
    table = _table("Limits (projected)", *heads)
    for limit in projection.limits:
        end = "-" if limit.records is None else number(limit.records)
        mark = "[red]HIT[/red]" if limit.hit else "ok"
        table.add_row(cell(limit.what), number(limit.most), number(limit.used), end, mark)
    return table


def _changes(projection: Projection) -> Table:
    from qframe.readable import duration, size

    table = _table("What would change it (projected, at best)", "change", "bytes", "files", "time")
    for change in projection.changes:
        time = duration(change.hours)
        table.add_row(cell(change.what), size(change.bytes), f"{change.files:,}", time)
    return table


def _duplicates(seen: Sample, projection: Projection) -> Iterator[RenderableType]:
    from qframe.forecast.duplicates import reach
    from qframe.readable import number

    heads = ("unitary came before", "at least", "expected", "at most", "different")
    table = _table("Duplicates (projected)", *heads)
    for what, found in (
        ("as it is", projection.exact),
        ("up to its phase", projection.up_to_phase),
    ):
        shares = map(_share, (found.at_least, found.expected, found.at_most))
        different = (1 - found.expected) * projection.records
        table.add_row(what, *shares, number(different))
    yield table
    words = f"From a sample of {seen.exact.sample:,} records."
    if seen.ranked:
        words += " The sampler numbers its circuits: none of them comes twice."
    if projection.records > reach(seen.exact):
        words += (
            f" Beyond {number(reach(seen.exact))} records no estimate from it is reliable; the "
            "bounds hold, but for the sample's own noise."
        )
    yield words


def _share(share: float) -> str:
    """A share with as many digits as it needs, near 0 and near 1."""
    return f"{share:.4%}" if 0.0001 < share < 0.9999 or share in (0, 1) else f"{share:.7%}"
