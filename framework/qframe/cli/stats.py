"""`qframe stats`: statistics of the records: duplicates, lengths, gates, distance to Haar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qframe.cli.local_code import open_data
from qframe.cli.options import DataPath, json_option, local_option, storage_option
from qframe.cli.output import cell, console, echo, echo_json
from qframe.cli.progress_bar import progress_bar

if TYPE_CHECKING:
    from rich.table import Table

    from qframe.analysis.statistics import Statistics

SAMPLE = 1_000_000
ROWS = 20
"""Largest number of rows of a histogram; values share rows if there are more."""

BAR = 30
"""Length of the longest bar, in characters."""


@click.command()
@click.argument("data", type=DataPath())
@click.option(
    "--sample",
    type=click.IntRange(1),
    default=SAMPLE,
    metavar="N",
    help=f"Look at about N records, {SAMPLE:,} if left out: whole blocks, always the same ones.",
)
@click.option("--all", "everything", is_flag=True, help="Look at every record.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw it, too: FILE.svg, FILE.png or FILE.pdf (needs Matplotlib).",
)
@storage_option
@local_option
@json_option
def stats(
    data: Path,
    storage: str | None,
    local: bool,
    sample: int,
    everything: bool,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Print statistics of a dataset's or a config's records.

    They are: distinct unitaries up to phase, lengths, gates, T-counts, and the distance to the
    identity and to Haar-random unitaries.

    \b
    qframe stats data/clifford_t.db
    qframe stats configs/fibonacci.yaml --sample 100000
    qframe stats data/clifford_t.db --all --json --plot clifford_t.svg
    """
    from qframe.analysis.statistics import statistics

    if plot is not None:
        from qframe.charts import require

        require(plot)
    with open_data(data, local=local, storage=storage) as dataset, progress_bar() as progress:
        found = statistics(dataset, None if everything else sample, progress)
    if plot is not None:
        from qframe.analysis.chart import draw

        draw(found, plot, title=str(data))
    if as_json:
        echo_json({"data": str(data), **found.to_data()})
    else:
        _print(found, data)
        if plot is not None:
            echo(f"Drawn: {plot}")


def _print(found: Statistics, data: Path) -> None:
    out = console()
    part = "all" if found.records == found.stored else f"of {found.stored:,}"
    echo(f"{data}: {found.records:,} records ({part})")
    out.print(_unitaries(found))
    out.print(_haar(found))
    if not found.has_circuits:
        echo("Circuits are not stored: give the config for lengths, gates and T-counts.")
        return
    out.print(_histogram("records by length", "gates", found.lengths.tolist()))
    if len(found.t_counts):
        out.print(_histogram("records by T-count", "t, tdg", found.t_counts.tolist()))
    if found.codes.any():
        out.print(_bars("gates in circuits", "gate", list(found.gates.items())))


def _unitaries(found: Statistics) -> Table:
    table = _table("unitaries, up to phase")
    distinct = found.unitaries
    estimate = "" if distinct.level == 0 else "about "
    table.add_row("distinct", f"{estimate}{distinct.distinct:,}")
    table.add_row("records per unitary", f"{found.redundancy:,.4g}")
    table.add_row("most frequent one", f"{distinct.counts.max():,} times")
    once = int((distinct.counts == 1).sum()) / len(distinct.counts)
    table.add_row("that come once", f"{once:.1%} of the distinct ones")
    if found.records < found.stored:
        table.caption = "In the sample; there are more, and more often, in the whole."
    return table


def _haar(found: Statistics) -> Table:
    table = _table("distance to the identity, and to Haar", "these records", "Haar")
    for name, value in found.distances.items():
        table.add_row(f"sqrt(1 - |tr U|/d), {name.replace('_', ' ')}", f"{value:.4f}", "")
    table.add_row("|tr U|/d, Kolmogorov-Smirnov distance", f"{found.ks_distance:.4f}", "0")
    for one in found.frame_potentials:
        table.add_row(
            f"frame potential {one.order}",
            f"{one.value:#,.4g} ± {one.standard_error:.2g}",
            f"{one.haar}",
        )
    return table


def _table(title: str, *heads: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_header=bool(heads),
        pad_edge=False,
        caption_justify="left",
    )
    table.add_column("")
    for head in heads or [""]:
        table.add_column(head, justify="right")
    return table


def _histogram(title: str, unit: str, counts: Sequence[int]) -> Table:
    """Counts by value, from the first that occurs; neighbours share a row where there are many."""
    first = next(value for value, count in enumerate(counts) if count)
    step = -(-(len(counts) - first) // ROWS)
    rows = []
    for start in range(first, len(counts), step):
        end = min(start + step, len(counts)) - 1
        label = f"{start}" if end == start else f"{start} to {end}"
        rows.append((label, sum(counts[start : end + 1])))
    return _bars(title, unit, rows)


def _bars(title: str, unit: str, rows: Sequence[tuple[str, int]]) -> Table:
    table = _table(title, "number", "share")
    table.columns[0].header = unit
    table.add_column("")
    total, largest = sum(count for _, count in rows), max(count for _, count in rows)
    for label, count in rows:
        share = f"{count / total:.1%}" if total else ""
        table.add_row(cell(label), f"{count:,}", share, "█" * round(BAR * count / max(1, largest)))
    return table
