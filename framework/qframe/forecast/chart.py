"""The picture of a projection: which limit is met at which record, and after how many hours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qframe.errors import QframeError, StorageError
from qframe.forecast.model import Projection

if TYPE_CHECKING:
    from matplotlib.axes import Axes


SUFFIXES = (".svg", ".png", ".pdf")


def check(path: Path) -> None:
    """Refuses what `draw` could not draw, before the work begins.

    Raises:
        QframeError: matplotlib is not installed.
        StorageError: the file's name does not say how to draw it, or there is no place for it.
    """
    if path.suffix not in SUFFIXES:
        raise StorageError(f"{path}: got {path.suffix!r}, want one of {', '.join(SUFFIXES)}")
    if not path.absolute().parent.is_dir():
        raise StorageError(f"{path}: there is no directory {path.parent}", hint="make it first")
    try:
        import matplotlib.figure  # noqa: F401 - whether it can be imported is the question
    except ImportError as cause:
        raise QframeError(
            f"{path} needs matplotlib, which is not installed", hint="pip install 'qframe[plot]'"
        ) from cause


def draw(projection: Projection, path: Path) -> None:
    """Writes the picture to `path`, which `check` has seen.

    Raises:
        StorageError: it cannot be written.
    """
    from matplotlib.figure import Figure

    limits = [limit for limit in projection.limits if limit.records is not None][::-1]
    figure = Figure(figsize=(9, 1.8 + 0.5 * len(limits)), layout="constrained")
    axes = figure.add_subplot()
    ends = [max(1, limit.records or 0) for limit in limits]
    colours = ["#c44e52" if limit.hit else "#4c72b0" for limit in limits]
    axes.barh([limit.what for limit in limits], ends, color=colours)
    axes.set_xscale("log")
    axes.set_xlim(min(*ends, projection.records) / 1000, 1000 * max(*ends, projection.records))
    for row, end in enumerate(ends):
        white = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        axes.text(end * 1.3, row, f"{end:,.3g} records", va="center", fontsize=8, bbox=white)
    axes.axvline(projection.records, color="black", linestyle="--", zorder=1)
    axes.set_xlabel(f"records (dashed: the {projection.records:,} asked for)")
    if projection.to_do:
        _hours_above(axes, projection.hours / projection.to_do)
    axes.set_title("What fills up when (projected from a calibration)")
    try:
        figure.savefig(path)
    except OSError as cause:
        raise StorageError(f"{path} cannot be written: {cause.strerror}") from cause


def _hours_above(axes: Axes, hours_a_record: float) -> None:
    def hours(records: Any) -> Any:
        return records * hours_a_record

    def records(hours: Any) -> Any:
        return hours / hours_a_record

    top = axes.secondary_xaxis("top", functions=(hours, records))
    top.set_xlabel("hours (projected)")
