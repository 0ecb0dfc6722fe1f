"""The chart of `qframe compare`: a row per storage, a panel per question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from qframe.charts import COLOURS, FAINT, GRID, INK, STYLE, plain, save
from qframe.comparison.comparison import Comparison
from qframe.comparison.outcome import Outcome
from qframe.comparison.text import EXFAT_DIRECTORY, EXT4_DIRECTORY, FAT32_DIRECTORY, ranked
from qframe.readable import short, size

LOSS = {
    "nothing": ("#d5efdf", "#0b6b3a", "nothing"),
    "last tasks": ("#fff0c7", "#7a5600", "last tasks"),
    "damage": ("#fbd9d3", "#a3200d", "damage"),
    None: ("#eeeeee", FAINT, "not said"),
}
"""Background colour, text colour and word for each answer to what a crash may cost."""

Value = Callable[[Outcome], float | None]


def draw(comparison: Comparison, path: Path) -> None:
    """Draws the chart into `path`, in the format that the file name says."""
    import matplotlib
    from matplotlib.figure import Figure

    outcomes = ranked(comparison.outcomes)
    rows = len(outcomes)
    height = 2.55 + 0.45 * rows
    style: Any = {**STYLE, "font.size": 9, "axes.edgecolor": GRID, "text.color": INK}
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(15.5, height), facecolor="white")
        axes = figure.subplots(
            1, 6, sharey=True, gridspec_kw={"width_ratios": (3, 3, 3, 2.6, 3.6, 3.4)}
        )
        top = 1 - 1.22 / height
        figure.subplots_adjust(left=0.118, right=0.985, top=top, bottom=1.03 / height, wspace=0.1)
        colours = _colours(outcomes)
        rates: list[tuple[str, Value]] = [
            ("written, records/s", lambda o: o.write.rate if o.write else None),
            ("read in order, records/s", lambda o: o.in_order.rate if o.in_order else None),
            ("ds[i] at random, records/s", lambda o: o.single.rate if o.single else None),
            ("bytes per record", lambda o: o.bytes_a_record),
        ]
        for axis, (title, value) in zip(axes, rates, strict=False):
            best = min if title.startswith("bytes") else max
            _bars(axis, title, [value(o) for o in outcomes], colours, best)
        _files(axes[4], comparison, outcomes, colours)
        _risks(axes[5], outcomes)
        _labels(axes[0], outcomes)
        axes[0].set_ylim(rows - 0.45, -0.55)
        for axis in axes:
            axis.tick_params(axis="y", length=0)
        _words(figure, comparison, height)
        save(figure, path)


def _colours(outcomes: Sequence[Outcome]) -> list[str]:
    """A colour for each outcome. Outcomes of one storage have the same one."""
    names = list(dict.fromkeys(o.storage for o in outcomes))
    return [COLOURS[names.index(o.storage) % len(COLOURS)] for o in outcomes]


def _labels(axis: Any, outcomes: Sequence[Outcome]) -> None:
    """Writes the name of each storage, and below it the options that are set."""
    axis.set_yticks([])
    for row, outcome in enumerate(outcomes):
        name, _, options = outcome.label.partition(" ")
        lines = [(name, -0.17 if options else 0.0, 10.5, INK), (options, 0.21, 8, FAINT)]
        for text, shift, points, ink in lines:
            axis.text(
                -0.04,
                row + shift,
                plain(text),
                transform=axis.get_yaxis_transform(),
                ha="right",
                va="center",
                fontsize=points,
                fontweight="bold" if ink == INK else "normal",
                color=ink,
            )


def _plain(axis: Any, title: str) -> None:
    """Gives a panel its title, and removes its frame."""
    axis.set_title(title, loc="left", fontsize=10, fontweight="bold", color=INK, pad=8)
    for side in ("top", "right", "bottom"):
        axis.spines[side].set_visible(False)
    axis.tick_params(axis="x", colors=FAINT, labelsize=8, length=0)
    axis.set_axisbelow(True)


def _bars(
    axis: Any,
    title: str,
    values: Sequence[float | None],
    colours: Sequence[str],
    best: Callable[[Iterable[float]], float],
) -> None:
    """Draws bars on a logarithmic scale, each with its value. A missing value is a dash."""
    _plain(axis, title)
    known = [v for v in values if v and isfinite(v)] or [1.0]
    low, high = _decades(min(known), max(known))
    axis.set_xscale("log")
    # Space for the label of the longest bar. A tick there would have no space for its own.
    axis.set_xlim(low, high * (high / low) ** 0.28)
    axis.grid(axis="x", which="major", color=GRID, linewidth=0.8)
    axis.xaxis.set_minor_locator(_no_ticks())
    axis.xaxis.set_major_formatter(lambda value, _position: short(value) if value <= high else "")
    for row, (value, colour) in enumerate(zip(values, colours, strict=True)):
        if not value:
            axis.text(low * 1.1, row, "–", va="center", color=FAINT)
            continue
        axis.barh(row, value - low, left=low, height=0.62, color=colour)
        axis.annotate(
            short(value),
            (value, row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            fontweight="bold" if value == best(known) and len(set(known)) > 1 else "normal",
            color=INK,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.6},
        )


def _decades(least: float, most: float) -> tuple[float, float]:
    """A range that begins at a power of ten well below `least`."""
    low = 1.0
    while low > least / 1.5:
        low /= 10
    while low * 10 < least / 1.5:
        low *= 10
    return low, max(most, low * 10)


def _no_ticks() -> Any:
    from matplotlib.ticker import NullLocator

    return NullLocator()


DIRECTORY_LIMITS = (
    (FAT32_DIRECTORY, "FAT32"),
    (EXFAT_DIRECTORY, "exFAT"),
    (EXT4_DIRECTORY, "ext4"),
)
"""Names in one directory, and the file system with that limit."""


def _files(
    axis: Any, comparison: Comparison, outcomes: Sequence[Outcome], colours: Sequence[str]
) -> None:
    """Draws the files at the full number of records, with limits of the file systems as lines."""
    values = [float(o.projected.files) if o.projected else None for o in outcomes]
    _bars(axis, f"files at {short(comparison.records)} records", values, colours, min)
    most = max([v for v in values if v] or [1.0])
    lines = [(limit, f"{name} directory") for limit, name in DIRECTORY_LIMITS]
    if comparison.inodes:
        lines.append((comparison.free_inodes, "inodes free here"))
    axis.set_xlim(0.5, max(most * 100, 1e9) if most > 1000 else 10.0)
    if most > 1000:
        lines.sort()
        for k, (limit, name) in enumerate(lines):
            axis.axvline(limit, color="#a3200d", linewidth=0.9, linestyle=(0, (3, 2)), zorder=0)
            axis.annotate(
                name,
                (limit, 0),
                xycoords=("data", "axes fraction"),
                xytext=(0, -15 - 10 * (k % 4)),
                textcoords="offset points",
                ha="center",
                va="top",
                fontsize=7,
                color="#a3200d",
            )
    for row, outcome in enumerate(outcomes):
        entries = outcome.projected.directory_entries if outcome.projected else None
        if entries and entries > 1:
            axis.plot(entries, row, marker="D", markersize=5, color="white", mec=INK, zorder=5)


def _risks(axis: Any, outcomes: Sequence[Outcome]) -> None:
    """Writes what a crash may cost, and how often a writer was locked out, on coloured cells."""
    axis.set_xlim(0, 3)
    axis.axis("off")
    axis.set_title("a crash may cost", loc="left", fontsize=10, fontweight="bold", pad=22)
    for column, head in enumerate(("kill -9", "power cut", "database\nis locked")):
        axis.annotate(
            head,
            (column + 0.5, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8.5,
            color=FAINT,
        )
    for row, outcome in enumerate(outcomes):
        _cell(axis, 0, row, LOSS[outcome.kill_may_cost])
        _cell(axis, 1, row, LOSS[outcome.power_cut_may_cost])
        often = f"{outcome.refusals:,} time{'' if outcome.refusals == 1 else 's'}"
        if outcome.error and not outcome.stored:
            _cell(axis, 2, row, (*LOSS["damage"][:2], "failed"))
        elif outcome.refusals:
            _cell(axis, 2, row, (*LOSS["damage"][:2], often))
        else:
            _cell(axis, 2, row, (*LOSS["nothing"][:2], "never"))


def _cell(axis: Any, column: int, row: int, look: tuple[str, str, str]) -> None:
    from matplotlib.patches import Rectangle

    background, ink, word = look
    axis.add_patch(
        Rectangle((column + 0.03, row - 0.31), 0.94, 0.62, facecolor=background, edgecolor="none")
    )
    axis.text(column + 0.5, row, word, ha="center", va="center", fontsize=8.5, color=ink)


def _words(figure: Any, comparison: Comparison, height: float) -> None:
    """Writes the title, the conditions below it, and the notes at the bottom."""
    count = len(comparison.outcomes)
    workers = sorted({o.workers for o in comparison.outcomes if o.workers})
    written = [o.stored for o in comparison.outcomes if o.stored] or [0]
    figure.text(
        0.012,
        1 - 0.34 / height,
        f"One recipe into {count} {'storages' if count > 1 else 'storage'}",
        fontsize=15,
        fontweight="bold",
    )
    figure.text(
        0.012,
        1 - 0.6 / height,
        f"{plain(Path(comparison.config).name)}: {comparison.seconds:g} s of writing per storage "
        f"({short(min(written))} to {short(max(written))} records), "
        f"{' or '.join(map(str, workers))} writers; {comparison.machine}; {comparison.date}",
        fontsize=9,
        color=FAINT,
    )
    sizes = [o.projected.bytes for o in comparison.outcomes if o.projected]
    span = f", {size(min(sizes))} to {size(max(sizes))}" if sizes else ""
    figure.text(
        0.012,
        0.1 / height,
        f"Logarithmic scales. One process reads, from the page cache. Files: what the storage "
        f"estimates for the config's {comparison.records:,} records{span}.  ◇ entries of the "
        "largest directory.  Last tasks: the same run makes them again.  Damage: verify --repair.",
        fontsize=8,
        color=FAINT,
    )
