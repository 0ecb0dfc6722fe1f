"""Batch size x journal mode x synchronous x writers: where WAL wins, and where it does not.

Two parts. Whole blocks go through `qframe compare`'s own code, 4,096 records a commit and more.
Below a block, where qframe never commits, a loop of plain INSERTs does what the original recipe
did: one record a commit and up. Every cell writes for a moment into a new file in a temporary
directory, and all cells take turns.

    python benchmarks/journal_modes.py --save      writes results/journal_modes.md and .svg
    python benchmarks/journal_modes.py --quick     half a minute, and prints only
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from machine import describe, table

from qframe.comparison.contenders import contenders
from qframe.comparison.measurement import Terms, measure
from qframe.machine.signals import StopRequest

RESULT = Path(__file__).parent / "results" / "journal_modes.md"

CONFIG = """\
records: 1_000_000_000
seed: 1
gate_set: {plugin: clifford_t, qubits: 1, gates: [h, s, sdg, t, tdg, x]}
sampler: {plugin: uniform, length: 20}
engine: ENGINE
"""

JOURNALS = {"wal": "sqlite", "delete": "sqlite-rollback"}
SYNCHRONOUS = ("off", "normal", "full")
BLOCKS = (1, 8, 64)
INSERTS = (1, 30, 1000)
BLOCK = 4096
WIDTH = 85
SHORT_TIMEOUT_S = 0.05
"""How long a writer of the second part waits for the lock before it counts as locked out."""

Cell = tuple[str, str, int, int]
"""Journal mode, synchronous, writers, records a commit."""


@dataclass
class Found:
    """What a cell gave, a value a repeat: records/s, and how often `database is locked` came."""

    rates: list[float] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)


def through_qframe(config: Path, cell: Cell, directory: Path, seconds: float) -> tuple[float, int]:
    """Records/s and refusals of one cell: `qframe compare`, one contender."""
    journal, synchronous, writers, commit = cell
    # One writer needs no process of its own, and a process takes longer to start than to measure.
    executor = "serial" if writers == 1 else {"plugin": "processes", "workers": writers}
    [contender] = contenders(
        config,
        [f"executor={json.dumps(executor)}"],
        [JOURNALS[journal]],
        [f"storage.synchronous={synchronous}", f"task_blocks={commit // BLOCK}"],
    )
    outcome = measure(contender, directory, Terms(10**8, seconds, StopRequest(), reads=False))
    if outcome.error is not None or outcome.write is None:
        raise SystemExit(f"{contender.label}: {outcome.error}")
    return outcome.write.rate, outcome.refusals


def by_inserts(cell: Cell, directory: Path, seconds: float) -> tuple[float, int]:
    """The same of a loop of INSERTs in each of some processes."""
    journal, synchronous, writers, _ = cell
    path = directory / "inserts.db"
    with closing(connect(path, journal, synchronous)) as db:
        db.execute("CREATE TABLE circuits(id INTEGER PRIMARY KEY, record BLOB)")
        db.commit()
    context = multiprocessing.get_context("fork")
    results: Any = context.Queue()
    ready = context.Barrier(writers)
    processes = [
        context.Process(target=insert, args=(path, cell, seconds, ready, results))
        for _ in range(writers)
    ]
    for process in processes:
        process.start()
    parts = [results.get(timeout=seconds * 20 + 60) for _ in processes]
    for process in processes:
        process.join()
    return sum(rate for rate, _ in parts), sum(refusals for _, refusals in parts)


def insert(path: Path, cell: Cell, seconds: float, ready: Any, results: Any) -> None:
    """What one process does: INSERTs, a commit, again until time is over."""
    journal, synchronous, _, commit = cell
    record = os.urandom(WIDTH)
    stored = refusals = 0
    with closing(connect(path, journal, synchronous)) as db:
        ready.wait()
        start = now = perf_counter()
        while now - start < seconds:
            try:
                db.execute("BEGIN IMMEDIATE")
                for _ in range(commit):
                    db.execute("INSERT INTO circuits(record) VALUES (?)", (record,))
                db.execute("COMMIT")
                stored += commit
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
                refusals += 1
                if db.in_transaction:
                    db.execute("ROLLBACK")
            now = perf_counter()
    results.put((stored / (now - start), refusals))


def connect(path: Path, journal: str, synchronous: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=60, isolation_level=None)
    db.execute(f"PRAGMA journal_mode={journal}")
    db.execute(f"PRAGMA synchronous={synchronous}")
    db.execute(f"PRAGMA busy_timeout={round(1000 * SHORT_TIMEOUT_S)}")
    return db


def cells(commits: tuple[int, ...], writers: tuple[int, ...]) -> Iterator[Cell]:
    yield from product(JOURNALS, SYNCHRONOUS, writers, commits)


def run(given: argparse.Namespace, directory: Path, writers: tuple[int, ...]) -> dict[Cell, Found]:
    """All cells, in turns."""
    config = directory / "journal_modes.yaml"
    config.write_text(CONFIG.replace("ENGINE", given.engine))
    commits = tuple(BLOCK * blocks for blocks in given.blocks)
    found = {cell: Found() for cell in (*cells(given.inserts, writers), *cells(commits, writers))}
    for repeat in range(given.repeats):
        for cell, one in found.items():
            place = directory / "cell"
            place.mkdir()
            if cell[3] < BLOCK:
                rate, refusals = by_inserts(cell, place, given.seconds)
            else:
                rate, refusals = through_qframe(config, cell, place, given.seconds)
            one.rates.append(rate)
            one.refusals.append(refusals)
            shutil.rmtree(place)
        print(f"{repeat + 1}/{given.repeats}", file=sys.stderr)
    return found


def report(found: dict[Cell, Found], writers: tuple[int, ...]) -> str:
    """A table for each number of writers, and where WAL is not the quickest."""
    commits = sorted({cell[3] for cell in found})
    parts = []
    for count in writers:
        rows: list[tuple[str, ...]] = [
            (f"{count} writer{'s' if count > 1 else ''}: records/s", *map("{:,}".format, commits))
        ]
        for journal, synchronous in product(JOURNALS, SYNCHRONOUS):
            cells_ = [found[journal, synchronous, count, commit] for commit in commits]
            rows.append((f"{journal}, {synchronous}", *map(_cell, cells_)))
        parts.append(table(rows))
    parts.append("## Where WAL is not quicker than the rollback journal")
    lines = []
    for count, synchronous, commit in product(writers, SYNCHRONOUS, commits):
        wal = median(found["wal", synchronous, count, commit].rates)
        other = median(found["delete", synchronous, count, commit].rates)
        if wal < other:
            lines.append(
                f"- {count} writer{'s' if count > 1 else ''}, synchronous {synchronous}, "
                f"{commit:,} records a commit: {wal / other:.2f} of the rollback journal's rate"
            )
    parts.append("\n".join(lines) or "Nowhere in this run.")
    refused = [
        f"- {journal}, {synchronous}, {count} writers, {commit:,} records a commit: "
        f"{sum(one.refusals):,} times in {len(one.refusals)} runs"
        for (journal, synchronous, count, commit), one in found.items()
        if sum(one.refusals)
    ]
    parts.append(
        f"## `database is locked`\n\nBelow {BLOCK:,} records a commit a writer waits "
        f"{1000 * SHORT_TIMEOUT_S:g} ms; above, qframe's writers wait their turn."
    )
    parts.append("\n".join(refused) or "Nowhere in this run.")
    return "\n\n".join(parts)


def _cell(one: Found) -> str:
    return f"{median(one.rates):,.0f} ({min(one.rates):,.0f} to {max(one.rates):,.0f})"


def draw(found: dict[Cell, Found], writers: tuple[int, ...], about: dict[str, str]) -> Path:
    """Records/s over records a commit, one panel for each number of writers."""
    import matplotlib
    from matplotlib.figure import Figure
    from picture import FAINT, GRID, INK

    from qframe.readable import short

    colours = {"wal": "#0072b2", "delete": "#d55e00"}
    dashes: dict[str, Any] = {"off": "-", "normal": (0, (5, 2)), "full": (0, (1, 1.5))}
    names = {"wal": "WAL", "delete": "rollback"}
    commits = sorted({cell[3] for cell in found})
    style: Any = {"font.size": 9, "text.color": INK, "axes.edgecolor": GRID}
    style["svg.hashsalt"] = "qframe"
    path = RESULT.with_suffix(".svg")
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(6.2 * len(writers) + 1.4, 5.6), facecolor="white")
        axes = figure.subplots(1, len(writers), sharey=True, squeeze=False)[0]
        figure.subplots_adjust(left=0.07, right=0.985, top=0.77, bottom=0.11, wspace=0.2)
        for axis, count in zip(axes, writers, strict=True):
            axis.axvspan(commits[0] / 2, BLOCK / 2, color="#f6f6f6", zorder=0)
            for journal, synchronous in product(JOURNALS, SYNCHRONOUS):
                chosen = [found[journal, synchronous, count, commit] for commit in commits]
                middle = [median(one.rates) for one in chosen]
                look: Any = {"color": colours[journal], "markersize": 3.5, "linewidth": 1.6}
                name = f"{names[journal]}, {synchronous}"
                axis.plot(commits, middle, "o", ls=dashes[synchronous], label=name, **look)
                lows, highs = ([f(one.rates) for one in chosen] for f in (min, max))
                axis.fill_between(commits, lows, highs, color=colours[journal], alpha=0.08)
                locked = [c for c, one in zip(commits, chosen, strict=True) if sum(one.refusals)]
                at = [m for m, one in zip(middle, chosen, strict=True) if sum(one.refusals)]
                axis.plot(locked, at, "x", color="#a3200d", markersize=8, markeredgewidth=1.8)
            axis.set_xscale("log")
            axis.set_yscale("log")
            axis.set_xlim(commits[0] / 2, commits[-1] * 2)
            axis.set_title(
                f"{count} writer{'s' if count > 1 else ''}", loc="left", fontweight="bold"
            )
            axis.set_xlabel("records a commit (grey: one INSERT each; white: qframe's blocks)")
            axis.grid(which="major", color=GRID, linewidth=0.8)
            axis.tick_params(colors=FAINT, which="both", length=0)
            axis.tick_params(labelleft=True)
            for direction in (axis.xaxis, axis.yaxis):
                direction.set_major_formatter(lambda value, _position: short(value))
            for side in ("top", "right", "left", "bottom"):
                axis.spines[side].set_visible(False)
        axes[0].set_ylabel("records/s")
        drawn, labels = axes[0].get_legend_handles_labels()
        legend: Any = {"loc": "upper left", "bbox_to_anchor": (0.004, 0.87), "handlelength": 3.2}
        figure.legend(drawn, labels, ncols=6, frameon=False, **legend)
        figure.text(0.012, 0.94, "Where WAL wins, and where not", fontsize=15, fontweight="bold")
        figure.text(
            0.012,
            0.885,
            f"line: median, band: min to max; x: `database is locked` came up (waiting "
            f"{1000 * SHORT_TIMEOUT_S:g} ms); {about['CPU']}; {about['file system']}; "
            f"{about['date']}",
            color=FAINT,
        )
        figure.savefig(path, metadata={"Date": None})
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=0.6, help="each cell, each repeat")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--engine", default="numpy")
    parser.add_argument("--output", type=Path, help="directory on the disk to measure")
    parser.add_argument("--quick", action="store_true", help="fewer cells, one repeat")
    parser.add_argument("--save", action="store_true", help=f"write {RESULT.name} and .svg too")
    given = parser.parse_args()
    given.blocks, given.inserts = (BLOCKS, INSERTS) if not given.quick else ((16,), (1, 1000))
    if given.quick:
        given.seconds, given.repeats = 0.1, 1
    cores = len(os.sched_getaffinity(0))
    writers = (1, max(2, cores))

    with tempfile.TemporaryDirectory(prefix="qframe-benchmark-", dir=given.output) as name:
        directory = Path(name)
        about = describe(directory)
        found = run(given, directory, writers)
    text = (
        f"{given.repeats} repeats of every cell in turns, {given.seconds:g} s each; median (min "
        f"to max). From {BLOCK:,} records a commit on: qframe, whole blocks, generation included. "
        f"Below: one INSERT per record of {WIDTH} bytes, nothing generated.\n\n"
        f"{report(found, writers)}"
    )
    facts = "\n".join(f"- {key}: {value}" for key, value in about.items())
    print(f"{text}\n\n{facts}")
    if given.save:
        RESULT.parent.mkdir(exist_ok=True)
        picture = draw(found, writers, about)
        RESULT.write_text(
            f"# Journal modes of SQLite\n\n![]({picture.name})\n\n{text}\n\n{facts}\n"
        )
        print(f"Saved: {RESULT}, {picture}")


if __name__ == "__main__":
    main()
