"""A benchmark's result: its tables as JSON, as markdown and as a picture.

The JSON is what was measured; the other two are made from it and hold nothing else.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from machine import table
from targets import TARGETS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RESULTS = Path(__file__).parent / "results"
QUICK = 2
"""Repeats of a run with `--quick`."""


@dataclass(frozen=True)
class Row:
    """One thing that was measured: a figure a repeat, in the unit of its table."""

    what: str
    values: list[float]

    @property
    def median(self) -> float:
        return median(self.values)


@dataclass(frozen=True)
class Table:
    """Rows in one unit.

    Attributes:
        unit: of the figures (`records/s`), with what the table is about if there are several.
        rows: in order.
        digits: after the point.
    """

    unit: str
    rows: list[Row]
    digits: int = 0


@dataclass(frozen=True)
class Result:
    """What one benchmark found.

    Attributes:
        name: of the files.
        title: of the page.
        intro: what was compared, and how.
        tables: what was measured.
        measured: by target (`targets.TARGETS`), the figure that it is held against.
        about: date, machine, versions.
        remarks: sentences below the tables.
    """

    name: str
    title: str
    intro: str
    tables: list[Table]
    measured: dict[str, float]
    about: dict[str, str]
    remarks: list[str] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path) -> Result:
        data = json.loads(path.read_text())
        tables = [
            Table(t["unit"], [Row(**row) for row in t["rows"]], t["digits"]) for t in data["tables"]
        ]
        return cls(**{**data, "tables": tables})

    def save(self, directory: Path) -> None:
        """Writes NAME.json, NAME.md and NAME.svg."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / self.name
        path.with_suffix(".json").write_text(json.dumps(asdict(self), indent=1) + "\n")
        path.with_suffix(".md").write_text(self.markdown())
        self.draw(path.with_suffix(".svg"))

    def markdown(self) -> str:
        """The page."""
        return f"# {self.title}\n\n{self.body()}"

    def body(self) -> str:
        """The page without its title."""
        parts = [self.intro, *map(_table, self.tables)]
        held = [t for t in TARGETS if t.key in self.measured]
        lines = [
            f"- {t.what}: **{t.shown(self.measured[t.key])}** (target {t.wanted()}: "
            f"{'met' if t.met(self.measured[t.key]) else 'missed'})"
            for t in held
        ]
        parts += ["\n".join(lines)] if lines else []
        parts += self.remarks
        parts.append("\n".join(f"- {key}: {value}" for key, value in self.about.items()))
        return "\n\n".join(parts) + "\n"

    def draw(self, path: Path) -> None:
        """Medians, and lines from minimum to maximum; one panel a table.

        Bars where they can start at 0, points where the axis has to be logarithmic.
        """
        from matplotlib import rc_context
        from matplotlib.figure import Figure

        sizes = [len(table.rows) for table in self.tables]
        with rc_context({"svg.hashsalt": "qframe", "font.size": 9}):
            figure = Figure(figsize=(9, 1.0 * len(sizes) + 0.36 * sum(sizes)), layout="constrained")
            panels = figure.subplots(
                len(sizes), squeeze=False, height_ratios=[n + 1 for n in sizes]
            )
            for axes, table in zip(panels[:, 0], self.tables, strict=True):
                _panel(axes, table)
            figure.suptitle(self.title.replace("`", ""))
            figure.savefig(path, metadata={"Date": None})


def _panel(axes: Axes, table: Table) -> None:
    rows = table.rows[::-1]
    middle = [row.median for row in rows]
    below = [m - min(row.values) for m, row in zip(middle, rows, strict=True)]
    above = [max(row.values) - m for m, row in zip(middle, rows, strict=True)]
    names = [row.what.replace("`", "") for row in rows]
    if min(middle) > 0 and max(middle) > 50 * min(middle):
        axes.errorbar(middle, names, xerr=[below, above], fmt="o", color="#4c72b0", capsize=3)
        axes.set_xscale("log")
        axes.grid(axis="x", alpha=0.4)
    else:
        axes.barh(names, middle, xerr=[below, above], color="#4c72b0", capsize=3)
    for k, value in enumerate(middle):
        axes.annotate(
            f"{value:,.{table.digits}f}",
            (value + above[k], k),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
        )
    axes.margins(x=0.18, y=0.5 / len(rows))
    axes.set_xlabel(table.unit.replace("`", ""))


def _table(measured: Table) -> str:
    lines: list[tuple[str, ...]] = [(measured.unit, "min", "median", "max")]
    for row in measured.rows:
        spread = (min(row.values), row.median, max(row.values))
        low, middle, high = (f"{value:,.{measured.digits}f}" for value in spread)
        lines.append((row.what, low, middle, high))
    return table(lines)


def ratio(over: Row, under: Row) -> float:
    """Of the medians."""
    return over.median / under.median


def arguments(doc: str | None) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="small and few: does it work?")
    parser.add_argument("--output", type=Path, help="directory on the disk to measure")
    parser.add_argument("--save", action="store_true", help="write json, md and svg too")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where --save writes")
    return parser


def finish(result: Result, given: argparse.Namespace) -> None:
    """Prints a result, and saves it if that was asked for."""
    print(result.markdown())
    if given.save:
        result.save(given.results)
        print(f"Saved: {given.results / result.name}.md, .svg, .json")
