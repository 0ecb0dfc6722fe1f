"""Ranges (min, median, max) of several ways, one panel a question, on logarithmic scales."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from qframe.readable import short

CLEARLY = 1.05
"""So much better counts as better: less is noise, or a header's size."""

OURS, THEIRS, BEATEN = "#0072b2", "#b8b8b8", "#d55e00"
INK, FAINT, GRID = "#222222", "#6b6b6b", "#e4e4e4"

Panel = tuple[str, Sequence[Sequence[float]], bool]
"""Title, the values of each row (none: not measured), and whether more is better."""


def draw(
    path: Path,
    title: str,
    about: str,
    rows: Sequence[str],
    ours: Sequence[bool],
    panels: Sequence[Panel],
) -> None:
    """One row a way, ours in blue; orange is better than the first of ours."""
    height = 1.75 + 0.36 * len(rows)
    style: Any = {"font.size": 9, "text.color": INK, "axes.edgecolor": GRID}
    style["svg.hashsalt"] = "qframe"  # the same picture, the same bytes
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(14.5, height), facecolor="white")
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        figure.subplots_adjust(
            left=0.15, right=0.985, top=1 - 1.2 / height, bottom=0.45 / height, wspace=0.08
        )
        for axis, panel in zip(axes, panels, strict=True):
            _panel(axis, panel, ours)
        axes[0].set_yticks(range(len(rows)), rows, fontsize=10, color=INK)
        for label, own in zip(axes[0].get_yticklabels(), ours, strict=True):
            label.set_fontweight("bold" if own else "normal")
        axes[0].set_ylim(len(rows) - 0.4, -0.6)
        figure.text(0.012, 1 - 0.36 / height, title, fontsize=15, fontweight="bold")
        figure.text(0.012, 1 - 0.63 / height, about, fontsize=9, color=FAINT)
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=150)


def _panel(axis: Any, panel: Panel, ours: Sequence[bool]) -> None:
    title, values, more = panel
    axis.set_title(title, loc="left", fontsize=10, fontweight="bold", pad=8)
    for side in ("top", "right", "bottom", "left"):
        axis.spines[side].set_visible(False)
    axis.tick_params(colors=FAINT, labelsize=8, length=0)
    axis.set_axisbelow(True)
    known = [v for row in values for v in row]
    low = 10.0 ** (len(str(int(min(known)))) - 1) / 2
    axis.set_xscale("log")
    axis.set_xlim(low, max(known) * (max(known) / low) ** 0.25)
    axis.grid(axis="x", which="major", color=GRID, linewidth=0.8)
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(lambda value, _position: short(value))
    reference = median(values[list(ours).index(True)])
    for row, (found, own) in enumerate(zip(values, ours, strict=True)):
        if not found:
            axis.text(low * 1.1, row, "not possible", va="center", color=FAINT, fontsize=8)
            continue
        middle = median(found)
        ratio = middle / reference if more else reference / middle
        beats = not own and ratio > CLEARLY
        colour = OURS if own else BEATEN if beats else THEIRS
        axis.barh(row, middle - low, left=low, height=0.6, color=colour)
        axis.plot([min(found), max(found)], [row, row], color=INK, linewidth=1.1)
        axis.annotate(
            short(middle),
            (max(found), row),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontweight="bold" if own else "normal",
        )
