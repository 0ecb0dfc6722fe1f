"""The chart of `qframe stats`: a panel per question. It needs Matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from qframe.analysis.haar import trace_cdf
from qframe.analysis.statistics import BINS, Statistics
from qframe.charts import BLUE, RED, STYLE, plain, save

SHOWN_GATES = 16
"""Most bars in the panel of gates. The rarest gates share the last one."""

Panel = Callable[[Any, Statistics], None]


def draw(stats: Statistics, path: Path, title: str) -> None:
    """Draws the chart into `path`, in the format that the file name says. Needs no display."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    style = {
        **STYLE,
        "svg.fonttype": "none",  # text stays text
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlesize": 10.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": 9,
        "xtick.labelsize": 8.5,
        "ytick.labelsize": 8.5,
    }
    with mpl.rc_context(style):
        panels = _panels(stats)
        rows = -(-len(panels) // 3)
        figure = Figure(figsize=(12, 3.3 * rows), layout="constrained")
        FigureCanvasAgg(figure)
        grid = list(figure.subplots(rows, 3).flat)
        for panel, axes in zip(panels, grid, strict=False):
            panel(axes, stats)
        for axes in grid[len(panels) :]:
            axes.set_axis_off()
        part = "" if stats.records == stats.stored else f" of {stats.stored:,}"
        exact = "" if stats.unitaries.level == 0 else "about "
        figure.suptitle(
            f"{plain(title)}: {stats.records:,}{part} records, {exact}{stats.unitaries.distinct:,} "
            f"unitaries up to phase ({stats.redundancy:,.3g} records each)",
            fontsize=12,
            x=0.01,
            horizontalalignment="left",
        )
        save(figure, path, dpi=130)


def _panels(stats: Statistics) -> list[Panel]:
    """The panels of which something is known."""
    panels: list[Panel] = [_traces, _multiplicities]
    if stats.frame_potentials:
        panels.append(_frame_potentials)
    if stats.has_circuits:
        panels.append(_lengths)
    if len(stats.t_counts):
        panels.append(_t_counts)
    if stats.has_circuits:
        panels.append(_gates)
    return panels


def _traces(axes: Any, stats: Statistics) -> None:
    edges = np.linspace(0, 1, BINS + 1)
    reached = np.concatenate([[0.0], np.cumsum(stats.traces) / stats.records])
    axes.plot(edges, reached, color=BLUE, drawstyle="steps-pre", label="these records")
    axes.plot(edges, trace_cdf(edges, stats.instructions.dim), color=RED, label="Haar")
    axes.set_title(f"trace (KS distance to Haar {stats.ks_distance:.3f})")
    axes.set_xlabel("|tr U| / d  (1: the identity)")
    axes.set_ylabel("share of records up to there")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.legend(frameon=False, fontsize=8.5, loc="lower right")


def _multiplicities(axes: Any, stats: Statistics) -> None:
    counts = stats.multiplicities
    labels = [f"{1 << k}" if k == 0 else f"{1 << k} to {(2 << k) - 1}" for k in range(len(counts))]
    axes.barh(range(len(counts)), counts, color=BLUE)
    axes.set_yticks(range(len(counts)), labels)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(left=0.7)
    axes.set_title("how often a unitary occurs")
    kept = "" if stats.unitaries.level == 0 else f" (1 in {1 << stats.unitaries.level} of them)"
    axes.set_xlabel(f"distinct unitaries{kept}")
    axes.set_ylabel("records of one unitary")


def _frame_potentials(axes: Any, stats: Statistics) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    orders = [one.order for one in stats.frame_potentials]
    values = [one.value for one in stats.frame_potentials]
    errors = [one.standard_error for one in stats.frame_potentials]
    axes.errorbar(
        orders, values, yerr=errors, fmt="o", color=BLUE, capsize=4, label="these records"
    )
    haar = [one.haar for one in stats.frame_potentials]
    axes.plot(
        orders, haar, "_", color=RED, markersize=26, markeredgewidth=2.5, label="Haar (least)"
    )
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xticks(orders)
    axes.set_xlim(0.5, len(orders) + 0.5)
    axes.set_title("frame potential")
    axes.set_xlabel("order t")
    axes.set_ylabel("mean |tr U⁻¹V|²ᵗ over pairs")
    axes.legend(frameon=False, fontsize=8.5, loc="upper left")


def _lengths(axes: Any, stats: Statistics) -> None:
    _by_value(axes, stats.lengths)
    axes.set_title("length")
    axes.set_xlabel("gates in the circuit")


def _t_counts(axes: Any, stats: Statistics) -> None:
    _by_value(axes, stats.t_counts)
    axes.set_title("T-count")
    axes.set_xlabel("t and tdg in the circuit")


def _by_value(axes: Any, counts: Any) -> None:
    """Draws a histogram of whole numbers."""
    from matplotlib.ticker import MaxNLocator

    axes.stairs(counts, np.arange(len(counts) + 1) - 0.5, fill=True, color=BLUE)
    used = np.flatnonzero(counts)
    axes.set_xlim(used[0] - 1, used[-1] + 1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_ylabel("records")


def _gates(axes: Any, stats: Statistics) -> None:
    from matplotlib.ticker import MaxNLocator

    gates = sorted(stats.gates.items(), key=lambda item: -item[1])
    if len(gates) > SHOWN_GATES:
        rest = gates[SHOWN_GATES - 1 :]
        gates = [*gates[: SHOWN_GATES - 1], (f"{len(rest)} more", sum(n for _, n in rest))]
    total = max(1, sum(count for _, count in gates))
    axes.barh([plain(name) for name, _ in gates], [count / total for _, count in gates], color=BLUE)
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
    axes.set_title("gates")
    axes.set_xlabel("share of all gates")
