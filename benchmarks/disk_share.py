"""Bytes/s that land in the SQLite file, against the same bytes written to plain files.

The same records, made beforehand, are written by as many processes: through the storage `sqlite`
(layout blocks, all into one file, with checksums and ledger), and to one plain file a process, in
pieces as large as one transaction. The clock runs from the first byte until `fsync` has returned.
The two take turns.

    python benchmarks/disk_share.py --save
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from crew import Prepared, planned, timed_crew
from machine import describe
from report import Result, Row, Table, arguments, finish, ratio
from settle import settle

from qframe import Block, Job
from qframe.generation.generator import Generator
from qframe.plugins.build import build
from qframe.recipe.header import Header
from qframe.recipe.recipe import Recipe

MADE = 4
"""Tasks of different records that a process makes; it writes them again and again."""


def made(job: Job, k: int, task_blocks: int) -> tuple[Header, list[list[Block]]]:
    """The dataset's header, and a few tasks' blocks."""
    recipe = Recipe.from_text(job.recipe)
    generator = Generator.from_specs(recipe, job.sampler, job.engine)
    header = Header(recipe, generator.schema, job.records, dict(job.about))
    counts = [recipe.block] * task_blocks
    return header, [
        generator.blocks((k * MADE + n) * task_blocks, counts, generator.buffers(task_blocks))
        for n in range(MADE)
    ]


def into_sqlite(k: int, job: Job, task_blocks: int, tasks: int, count: int) -> Prepared:
    """Writes tasks `k`, `k + count`, ... of `tasks`."""
    header, ready = made(job, k, task_blocks)
    writer = build(job.storage, Path(job.output)).writer(header)

    def act() -> None:
        with writer:
            for n, task in enumerate(range(k, tasks, count)):
                first = task * task_blocks
                blocks = ready[n % MADE]
                writer.write([replace(b, index=first + i) for i, b in enumerate(blocks)])

    return act


def into_plain_files(k: int, job: Job, task_blocks: int, tasks: int, count: int) -> Prepared:
    """The same bytes into a file of its own."""
    _, ready = made(job, k, task_blocks)
    pieces = [
        b"".join(array.tobytes() for block in blocks for array in block.arrays.values())
        for blocks in ready
    ]
    path = Path(f"{job.output}.{k}")

    def act() -> None:
        with path.open("wb", buffering=0) as file:
            for n, _ in enumerate(range(k, tasks, count)):
                file.write(pieces[n % MADE])

    return act


def landed(paths: list[Path]) -> float:
    """Seconds until the files are on the disk; then removes them."""
    start = perf_counter()
    for path in paths:
        with path.open("rb") as file:
            os.fsync(file.fileno())
    seconds = perf_counter() - start
    for path in paths:
        path.unlink()
    return seconds


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--records", type=int, default=16_000_000)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    given = parser.parse_args()
    records, repeats = (400_000, 2) if given.quick else (given.records, given.repeats)
    rates: dict[str, list[float]] = {
        "SQLite file, written": [],
        "plain files, written": [],
        "SQLite file, landed": [],
        "plain files, landed": [],
    }
    with tempfile.TemporaryDirectory(prefix="qframe-benchmark-", dir=given.output) as name:
        directory = Path(name)
        about = describe(directory)
        for repeat in range(repeats):
            run = planned(directory, records)
            tasks = records // (run.recipe.block * run.task_blocks)
            work = (run.job(), run.task_blocks, tasks, given.processes)
            size = sum(c.width for c in run.header.schema) * tasks * run.task_blocks
            size *= run.recipe.block
            settle(directory)
            run.storage.create(run.header)
            seconds = timed_crew(given.processes, into_sqlite, *work).wall
            start = perf_counter()
            run.storage.finish()
            seconds += perf_counter() - start
            rates["SQLite file, written"].append(size / seconds / 1e6)
            seconds += landed([run.output])
            rates["SQLite file, landed"].append(size / seconds / 1e6)
            settle(directory)
            seconds = timed_crew(given.processes, into_plain_files, *work).wall
            rates["plain files, written"].append(size / seconds / 1e6)
            seconds += landed([Path(f"{run.output}.{k}") for k in range(given.processes)])
            rates["plain files, landed"].append(size / seconds / 1e6)
            print(f"{repeat + 1}/{repeats}")
    rows = {what: Row(what, values) for what, values in rates.items()}
    result = Result(
        name="disk_share",
        title="Bytes that land in the SQLite file, against plain files",
        intro=f"{repeats} runs of each in turns, {given.processes} processes, {size:,} bytes of "
        "one-qubit records (length 20, `complex128`), made before the clock starts. *Landed* is "
        "until `fsync` returns. SQLite's time has the checksums, the ledger and the last "
        "checkpoint in it.",
        tables=[Table("MB/s of records", list(rows.values()))],
        measured={"disk_share": ratio(rows["SQLite file, landed"], rows["plain files, landed"])},
        about=about,
    )
    finish(result, given)


if __name__ == "__main__":
    main()
