"""The chart of `qframe plan`: at which record each limit is met, and after how many hours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qframe.charts import BLUE, RED, STYLE, plain, save
from qframe.forecast.model import Projection
from qframe.readable import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(projection: Projection, path: Path) -> None:
    """Draws the chart into `path`, in the format that the file name says. Needs no display."""
    import matplotlib
    from matplotlib.figure import Figure

    limits = [limit for limit in projection.limits if limit.records is not None][::-1]
    figure = Figure(figsize=(9, 1.8 + 0.5 * len(limits)), layout="constrained")
    axes = figure.add_subplot()
    ends = [max(1, limit.records or 0) for limit in limits]
    colours = [RED if limit.hit else BLUE for limit in limits]
    axes.barh([plain(limit.what) for limit in limits], ends, color=colours)
    axes.set_xscale("log")
    axes.set_xlim(min(*ends, projection.records) / 1000, 1000 * max(*ends, projection.records))
    for row, end in enumerate(ends):
        white = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        axes.text(end * 1.3, row, f"{number(end)} records", va="center", fontsize=8, bbox=white)
    axes.axvline(projection.records, color="black", linestyle="--", zorder=1)
    axes.set_xlabel(f"records (dashed: the {projection.records:,} of the config)")
    if projection.to_do:
        _hours_above(axes, projection.hours / projection.to_do)
    axes.set_title("Which limit is met at which record (projected from a calibration)")
    with matplotlib.rc_context(STYLE):
        save(figure, path)


def _hours_above(axes: Axes, hours_per_record: float) -> None:
    """Adds a scale of hours above the scale of records."""

    def hours(records: Any) -> Any:
        return records * hours_per_record

    def records(hours: Any) -> Any:
        return hours / hours_per_record

    top = axes.secondary_xaxis("top", functions=(hours, records))
    top.set_xlabel("hours (projected)")
