"""Records a second of each sampler with the NumPy engine, on one core, without a storage.

python benchmarks/sampler_speed.py --save

Writes benchmarks/results/sampler_speed.md and .svg (Matplotlib). Every figure is a whole task as a
worker makes it: drawn, multiplied, into memory that is there already.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from machine import describe, table

from qframe import Draws, Recipe, fold_for
from qframe.contracts.plugin import PluginSpec
from qframe.generation.generator import Generator
from qframe.plugins.build import build
from qframe.recipe.blocks import records_per_block
from qframe.recipe.schema import record_width, schema_of

RESULT = Path(__file__).parent / "results" / "sampler_speed.md"
TASK_BYTES = 6 << 20
"""About what a task holds: as many blocks as storage `sqlite` commits at once."""

CASES: list[tuple[str, int, dict[str, Any], float]] = [
    ("uniform", 1, {"length": 20}, 2.0),
    ("walk", 1, {"length": 20}, 2.0),
    ("walk", 1, {"length": 20, "non_backtracking": True}, 2.0),
    ("non_backtracking", 1, {"length": 20}, 2.0),
    ("enumerate", 1, {"min_length": 20, "max_length": 20}, 2.0),
    ("enumerate", 1, {"min_length": 20, "max_length": 20, "reduced": True}, 2.0),
    ("matsumoto_amano", 1, {"t_count": 7, "mode": "rank"}, 2.0),
    ("matsumoto_amano", 1, {"t_count": 7, "mode": "uniform"}, 2.0),
    ("t_count", 1, {"length": 20, "t_count": 5}, 2.0),
    ("brickwork", 1, {"depth": 20}, 2.0),
    ("clifford_uniform", 1, {}, 0.5),
    ("haar", 1, {}, 0.5),
    ("uniform", 2, {"length": 20}, 0.0),
    ("walk", 2, {"length": 20}, 0.0),
    ("non_backtracking", 2, {"length": 20}, 0.0),
    ("clifford_uniform", 2, {}, 0.0),
    ("clifford_uniform", 3, {}, 0.0),
    ("haar", 2, {}, 0.0),
]
"""Sampler, qubits, options, and the rate that is wanted on one qubit, in millions a second.

The T-count 7 of `matsumoto_amano` gives words of about 20 gates.
"""


@dataclass
class Case:
    """One sampler on one gate set: how fast it is, repeat by repeat."""

    name: str
    qubits: int
    options: dict[str, Any]
    wanted: float

    def __post_init__(self) -> None:
        spec = PluginSpec("gate_set", "clifford_t", {"qubits": self.qubits}, "/")
        placed = build(spec).instructions()
        self.sampler = build(PluginSpec("sampler", self.name, self.options, "/"), placed)
        fold = self.sampler.fold or fold_for(len(placed), self.qubits)
        width = record_width(schema_of(placed, self.sampler.max_length, "complex128"))
        recipe = Recipe(placed, {}, 1, "complex128", fold, records_per_block(width))
        engine = build(PluginSpec("engine", "numpy", {}, "/"), placed, fold)
        self.generator = Generator(recipe, self.sampler, engine)
        self.size = recipe.block
        self.blocks = max(1, TASK_BYTES // (recipe.block * width))
        self.buffers = self.generator.buffers(self.blocks)
        made = self.generator.blocks(0, [self.size] * self.blocks, self.buffers)
        self.length = float(sum(block.arrays["lengths"].mean() for block in made) / len(made))
        self.whole: list[float] = []
        self.alone: list[float] = []

    @property
    def label(self) -> str:
        options = ", ".join(f"{key} {value}" for key, value in self.options.items())
        plural = "s" if self.qubits > 1 else ""
        return f"{self.name}, {self.qubits} qubit{plural}{', ' * bool(options)}{options}"

    def repeat(self) -> None:
        """Some tasks with the engine, then the same without: nanoseconds a record of each."""
        tasks = max(1, (1 << 19) // (self.blocks * self.size) // self.qubits**3)
        records = tasks * self.blocks * self.size
        start = perf_counter()
        for task in range(tasks):
            self.generator.blocks(task * self.blocks, [self.size] * self.blocks, self.buffers)
        self.whole.append((perf_counter() - start) / records * 1e9)
        start = perf_counter()
        for block in range(tasks * self.blocks):
            self.sampler.sample(Draws(1, block, self.size))
        self.alone.append((perf_counter() - start) / records * 1e9)

    @property
    def rates(self) -> list[float]:
        """Millions of records a second, slowest first."""
        return sorted(1e3 / time for time in self.whole)


def report(cases: list[Case]) -> str:
    rows = [
        ("sampler", "min", "median", "max", "wanted", "sampling alone, ns", "mean length"),
        *(
            (
                case.label,
                *(f"{rate:.2f}" for rate in spread(case)),
                f"{case.wanted:g}" if case.wanted else "",
                f"{median(case.alone):.0f}",
                f"{case.length:.1f}",
            )
            for case in cases
        ),
    ]
    ratios = []
    for qubits in (1, 2):
        of = {c.name: c for c in reversed(cases) if c.qubits == qubits}
        if not {"walk", "uniform"} <= of.keys():
            continue
        pairs = zip(of["walk"].whole, of["uniform"].whole, strict=True)
        each = sorted(uniform / walk for walk, uniform in pairs)
        ratios.append(
            f"- walk / uniform at length 20, {qubits} qubit{'s' * (qubits > 1)}: "
            f"{each[0]:.2f} / {median(each):.2f} / {each[-1]:.2f} (min / median / max)"
        )
    return f"{table(rows)}\n\n" + "\n".join(ratios) + "\n"


def spread(case: Case) -> tuple[float, float, float]:
    return case.rates[0], median(case.rates), case.rates[-1]


def draw(cases: list[Case], path: Path) -> None:
    """Bars of the medians with their spread, and a mark at the wanted rate."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullLocator

    style = {"axes.spines.right": False, "axes.spines.top": False, "svg.hashsalt": "qframe"}
    with mpl.rc_context({**style, "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(9.5, 0.32 * len(cases) + 1.1), layout="constrained")
        axes = figure.subplots()
        for place, case in enumerate(cases):
            low, middle, high = spread(case)
            axes.barh(place, middle, color="#0072B2" if case.qubits == 1 else "#56B4E9")
            axes.plot([low, high], [place, place], color="black", linewidth=1.2)
            axes.text(high * 1.05, place, f"{middle:.2f}", va="center", fontsize=8)
            if case.wanted:
                axes.plot(case.wanted, place, "|", color="#D55E00", markersize=13, mew=2)
        axes.set_yticks(range(len(cases)), [case.label for case in cases])
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.set_xlim(min(spread(case)[0] for case in cases) / 2, None)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("million records a second, one core, engine numpy (orange: wanted)")
        figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", help="samplers whose name begins so")
    parser.add_argument("--save", action="store_true", help=f"write {RESULT.name} and .svg")
    given = parser.parse_args()

    about = describe(Path.cwd())
    cases = [Case(*case) for case in CASES if case[0].startswith(tuple(given.only.split(",")))]
    for k in range(given.repeats):
        for case in cases:
            case.repeat()
        print(f"repeat {k + 1} of {given.repeats}: done", file=sys.stderr)
    facts = "\n".join(f"- {key}: {value}" for key, value in about.items() if "SQLite" not in key)
    text = (
        f"Clifford+T, `complex128`, engine `numpy`, one core, no storage; million records a "
        f"second, {given.repeats} repeats in turns.\n\n{report(cases)}\n{facts}\n"
    )
    print(text)
    if given.save:
        RESULT.parent.mkdir(exist_ok=True)
        picture = RESULT.with_suffix(".svg")
        draw(cases, picture)
        RESULT.write_text(f"# Samplers\n\n![rates]({picture.name})\n\n{text}")
        print(f"Saved: {RESULT}, {picture}")


if __name__ == "__main__":
    main()
