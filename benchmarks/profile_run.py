"""Where the time of a run goes, in nanoseconds a record (wall time of one process).

First the parts of one worker alone, one after the other. Then a run's workers, 1 and one a core,
into one file, with every SQL statement timed from inside SQLite: BEGIN is the wait for the write
lock, and what follows COMMIT is the checkpoint. Last the disk itself, and start-up.

    python benchmarks/profile_run.py
    python benchmarks/profile_run.py --engine numba
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import apsw
import numpy as np
from crew import environment
from end_to_end import check_space, config_text, spread, time_qframe
from machine import describe, table
from settle import settle

from qframe import Block, Circuits, Draws, Job, RunPlan, Task, Worker
from qframe.config.load import load_config
from qframe.generation.generator import Generator
from qframe.plugins.build import build
from qframe.runs.plan import plan
from qframe_plugins.executors._processes.start import KEEPS_MEMORY

Parts = dict[str, float]
"""Seconds of each part."""

MEBIBYTE = 1 << 20


def planned(directory: Path, records: int, processes: int, engine: str = "numpy") -> RunPlan:
    """The plan of the run that `end_to_end.py` times."""
    config, output = directory / "profile.yaml", directory / "profile.db"
    config.write_text(config_text(records, processes, output, engine))
    return plan(load_config(config))


def one_worker(run: RunPlan, task: Task) -> Parts:
    """The parts of making one task, without storage."""
    job, recipe = run.job(), run.recipe
    sampler = build(job.sampler, recipe.instructions)
    engine = build(job.engine, recipe.instructions, recipe.fold)
    generator = Generator.from_specs(recipe, job.sampler, job.engine)
    size, indices = recipe.block, range(task.first, task.first + task.blocks)
    counts = [size] * task.blocks
    lengths, codes, unitaries = (c.empty(size * task.blocks) for c in run.header.schema)

    def sample() -> None:
        for k, index in enumerate(indices):
            drawn = sampler.sample(Draws(recipe.seed, index, size))
            codes[k * size : (k + 1) * size] = drawn.codes
            lengths[k * size : (k + 1) * size] = drawn.lengths

    def raw_words() -> None:
        for index in indices:
            Draws(recipe.seed, index, size).words(-(-size * codes.shape[1] // 12), 0)

    blocks: list[Block] = []

    def generate() -> None:
        blocks[:] = generator.blocks(task.first, counts)

    return {
        "random words (part of sampling)": median_of(raw_words),
        "sampling": median_of(sample),
        "engine": median_of(lambda: engine.multiply(Circuits(codes, lengths), unitaries)),
        "sampling + engine + host (`Generator.blocks`)": median_of(generate),
        "checksum": median_of(lambda: [b.checksum(run.header.schema) for b in blocks]),
    }


def median_of(call: Callable[[], object], repeats: int = 9) -> float:
    """Median seconds of a call, after one that warms up."""
    call()
    return median(timed(call) for _ in range(repeats))


def timed(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


class StatementClock:
    """Adds up the wall time of SQL statements, from inside SQLite, by their first word."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.committed = 0.0
        self._start = 0.0

    def attach(self, db: apsw.Connection) -> None:
        db.trace_v2(apsw.SQLITE_TRACE_STMT | apsw.SQLITE_TRACE_PROFILE, self._event)

    def _event(self, event: dict[str, Any]) -> None:
        now = perf_counter()
        if event["code"] == apsw.SQLITE_TRACE_STMT:
            self._start = now
            return
        self.seconds[event["sql"].split(maxsplit=1)[0]] += now - self._start
        self.committed = now


def work(job: Job, tasks: list[Task], barrier: Any, answers: Any) -> None:
    """One worker process: its share of the tasks, its parts in seconds.

    The first task is not counted: with it come fresh memory and what an engine loads.
    """
    clock = StatementClock()
    apsw.connection_hooks.append(clock.attach)
    with Worker(job) as worker:
        worker.do(tasks[0])
        barrier.wait()
        clock.seconds.clear()
        parts = defaultdict[str, float](float)
        start, cpu = perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        for task in tasks[1:]:
            done = worker.do(task)
            parts["records"] += done.records
            parts["generate"] += done.generate_s
            parts["write"] += done.write_s
            parts["checkpoint"] += perf_counter() - clock.committed
        parts["wall"] = perf_counter() - start
        used = resource.getrusage(resource.RUSAGE_SELF)
        parts["user CPU"] = used.ru_utime - cpu.ru_utime
        parts["system CPU"] = used.ru_stime - cpu.ru_stime
        parts["page faults"] = used.ru_minflt - cpu.ru_minflt
        for word in ("BEGIN", "INSERT", "COMMIT"):
            parts[word] = clock.seconds[word]
    answers.put(dict(parts))


def workers(directory: Path, records: int, processes: int, engine: str) -> Parts:
    """A run's workers into a new file; the mean over them, and the run's `finish`."""
    settle(directory)
    run = planned(directory, records, processes, engine)
    run.storage.create(run.header)
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(processes), context.Queue()
    tasks = list(run.tasks())
    with _started(context, run.job(), tasks, processes, barrier, answers) as started:
        found: list[Parts] = [answers.get(timeout=300) for _ in range(processes)]
        for process in started:
            process.join()
    parts = {key: sum(one[key] for one in found) / processes for key in found[0]}
    parts["finish"] = timed(run.storage.finish)
    run.output.unlink()
    return parts


@contextmanager
def _started(
    context: Any, job: Job, tasks: list[Task], processes: int, barrier: Any, answers: Any
) -> Iterator[list[Any]]:
    started = [
        context.Process(target=work, args=(job, tasks[k::processes], barrier, answers))
        for k in range(processes)
    ]
    with environment(KEEPS_MEMORY):
        for process in started:
            process.start()
    try:
        yield started
    finally:
        for process in started:
            process.kill()


def disk(directory: Path, megabytes: int) -> Parts:
    """A plain file, written in pieces of 6 MiB: into the page cache, and until it has landed."""
    settle(directory)
    piece = np.random.default_rng(1).bytes(6 * MEBIBYTE)
    path = directory / "plain"
    start = perf_counter()
    with path.open("wb", buffering=0) as file:
        for _ in range(megabytes // 6):
            file.write(piece)
        cached = perf_counter() - start
        os.fsync(file.fileno())
    landed = perf_counter() - start
    path.unlink()
    size = megabytes // 6 * 6 * MEBIBYTE
    return {"cached": size / cached / 1e6, "landed": size / landed / 1e6}


def worker_rows(found: dict[int, list[Parts]]) -> list[tuple[str, ...]]:
    """The table of the workers: medians, ns a record of one process's share."""
    names = {
        "generate": "generate",
        "write": "write, of which:",
        "BEGIN": "- lock wait (BEGIN IMMEDIATE)",
        "INSERT": "- insert: rows into pages",
        "COMMIT": "- commit: pages into the WAL",
        "checkpoint": "- checkpoint: WAL into the file",
        "rest": "- checksum, binding",
        "wall": "**all, wall**",
        "user CPU": "user CPU",
        "system CPU": "system CPU",
    }
    rows = [("ns a record", *(f"{p} worker{'s' * (p > 1)} (min, max)" for p in found))]
    for repeats in found.values():
        for parts in repeats:
            inside = sum(parts[word] for word in ("BEGIN", "INSERT", "COMMIT", "checkpoint"))
            parts["rest"] = parts["write"] - inside
    for key, name in names.items():
        cells = []
        for repeats in found.values():
            low, mid, high = spread([p[key] / p["records"] * 1e9 for p in repeats])
            cells.append(f"{mid} ({low}, {high})")
        rows.append((name, *cells))
    faults = [
        f"{median(p['page faults'] / p['records'] for p in r) * 1000:,.1f}" for r in found.values()
    ]
    finish = ["{1} ({0}, {2})".format(*spread([p["finish"] for p in r], 2)) for r in found.values()]
    rate = [
        "{1} ({0}, {2})".format(*spread([n * p["records"] / p["wall"] for p in r]))
        for n, r in found.items()
    ]
    return [
        *rows,
        ("page faults in 1,000 records", *faults),
        ("finish: seconds", *finish),
        ("records/s, all workers", *rate),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=10_000_000, help="a run of the workers")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--engine", default="numpy")
    parser.add_argument("--output", type=Path, help="directory on the disk to measure")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="qframe-profile-", dir=given.output) as name:
        directory = Path(name)
        check_space(directory, given.records)
        print("\n".join(f"- {k}: {v}" for k, v in describe(directory).items()), end="\n\n")

        run = planned(directory, given.records, 1, given.engine)
        task = next(iter(run.tasks()))
        per_record = 1e9 / (task.blocks * run.recipe.block)
        alone = one_worker(run, task)
        rows = [(part, f"{seconds * per_record:,.0f}") for part, seconds in alone.items()]
        head = f"one worker, tasks of {task.blocks} blocks"
        print(table([(head, "ns a record"), *rows]), end="\n\n")

        found: dict[int, list[Parts]] = {1: []}
        found[given.processes] = []
        for _ in range(given.repeats):
            for processes, repeats in found.items():
                repeats.append(workers(directory, given.records, processes, given.engine))
        print(table(worker_rows(found)), end="\n\n")

        plain = [disk(directory, 1536) for _ in range(given.repeats)]
        head_row = ("plain file of 1.6 GB, one process, MB/s", "min", "median", "max")
        cached = ("into the page cache", *spread([p["cached"] for p in plain]))
        landed = ("until `fsync` returns", *spread([p["landed"] for p in plain]))
        print(table([head_row, cached, landed]), end="\n\n")

        start = [time_qframe(1_000, given.processes, directory) for _ in range(5)]
        wall = ("wall", *spread([s.seconds for s in start], 2))
        cpu = ("CPU, all processes", *spread([s.cpu_s for s in start], 2))
        print(table([("start-up, seconds (1,000 records)", "min", "median", "max"), wall, cpu]))


if __name__ == "__main__":
    main()
