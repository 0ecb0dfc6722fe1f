"""What a record costs in a short and in a long dataset, and what memory a worker takes.

Cost: one worker makes and stores datasets of 10^5, 10^6, ... records, blocks in a SQLite file;
short ones are made again and again until they have four million records together. The clock has the
tasks and the last checkpoint in it; not the start of the process, the making of the empty file and
a first task, in which the worker meets fresh memory. What it takes to end a run after that task
alone is subtracted. Sizes take turns.

Memory: the highest resident memory of each process of `qframe run` with one worker, as the kernel
kept it (`VmHWM`).

    python benchmarks/scale.py --save
    python benchmarks/scale.py --max 1e7        less disk, less time
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from time import perf_counter

from crew import Prepared, Took, planned, timed_crew
from end_to_end import check_space
from machine import describe
from report import Result, Row, Table, arguments, finish
from settle import settle, touch_free

from qframe import Job, Task, Worker
from qframe.plugins.build import build

QFRAME = str(Path(sys.executable).with_name("qframe"))
TOGETHER = 4_000_000


def whole(k: int, jobs: list[Job], tasks: list[Task]) -> Prepared:
    """Makes the datasets of `jobs` but for their first task, made before, and finishes each."""
    del k
    workers = [Worker(job) for job in jobs]
    for worker in workers:
        worker.do(tasks[0])
    storages = [build(job.storage, Path(job.output)) for job in jobs]
    touch_free(Path(jobs[0].output).parent)

    def act() -> None:
        for worker, storage in zip(workers, storages, strict=True):
            with worker:
                for task in tasks[1:]:
                    worker.do(task)
            storage.finish()

    return act


def cost(directory: Path, records: int) -> tuple[float, float]:
    """Nanoseconds a record: wall, and CPU."""
    again = max(1, TOGETHER // records)
    settle(directory)
    filled = timed_runs(directory, records, again, empty=False)
    empty = timed_runs(directory, records, again, empty=True)
    each = 1e9 / (again * records)
    return (filled.wall - empty.wall) * each, (filled.cpu - empty.cpu) * each


def timed_runs(directory: Path, records: int, again: int, *, empty: bool) -> Took:
    """Makes `records` after a first task, or none, and finishes; `again` times. Removes all."""
    runs = []
    for k in range(again):
        place = directory / str(k)
        place.mkdir()
        usual = planned(place, records)
        first = usual.recipe.block * usual.task_blocks
        runs.append(planned(place, first + records))
        runs[-1].storage.create(runs[-1].header)
    tasks = list(runs[0].tasks())
    tasks = tasks[:1] if empty else tasks
    took = timed_crew(1, whole, [run.job() for run in runs], tasks)
    for run in runs:
        shutil.rmtree(run.output.parent)
    return took


def peak_memory(directory: Path, records: int) -> float:
    """MB of the largest process of `qframe run` with one worker."""
    run = planned(directory, records, executor={"plugin": "processes", "workers": 1})
    command = [QFRAME, "run", str(directory / "benchmark.yaml"), "--quiet"]
    highest, seen = 0, 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            processes = family(process.pid)
            seen = max(seen, len(processes))
            highest = max(highest, *map(high_water, processes))
            time.sleep(0.01)
    if process.returncode or seen < 2:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}, {seen} processes")
    run.output.unlink()
    return highest * 1024 / 1e6


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (thread / "children").read_text().split())
    return found


def high_water(pid: int) -> int:
    """KiB; 0 for a process that is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1])
    return 0


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--max", type=float, default=1e8, help="records of the longest dataset")
    given = parser.parse_args()
    repeats = 2 if given.quick else given.repeats
    most = round(min(given.max, 1e6) if given.quick else given.max)
    sizes = [n for n in (10**5, 10**6, 10**7, 10**8, 10**9) if n <= most]
    costs: dict[int, list[float]] = {n: [] for n in sizes}
    cpu: dict[int, list[float]] = {n: [] for n in sizes}
    memory: dict[int, list[float]] = {n: [] for n in sizes}
    with tempfile.TemporaryDirectory(prefix="qframe-benchmark-", dir=given.output) as name:
        directory = Path(name)
        check_space(directory, most)
        about = describe(directory)
        for repeat in range(repeats):
            for records in sizes:
                start = perf_counter()
                wall, used = cost(directory, records)
                costs[records].append(wall)
                cpu[records].append(used)
                memory[records].append(peak_memory(directory, records))
                done = f"{records:,} records, {perf_counter() - start:,.0f} s"
                print(f"{repeat + 1}/{repeats}: {done}", file=sys.stderr)
    rows = [Row(f"{n:,} records", values) for n, values in costs.items()]
    peaks = [Row(f"{n:,} records", values) for n, values in memory.items()]
    middle = [row.median for row in rows]
    result = Result(
        name="scale",
        title="Short and long datasets",
        intro=f"{repeats} runs of each size in turns, one worker, one-qubit records (length 20, "
        "`complex128`) into blocks of one SQLite file, the last checkpoint included; start, first "
        "task and end of the run left out. Memory is the peak of the largest process of "
        "`qframe run` with one worker.",
        tables=[
            Table("nanoseconds a record", rows, 1),
            Table(
                "nanoseconds of CPU a record", [Row(f"{n:,} records", v) for n, v in cpu.items()], 1
            ),
            Table("MB at most, of a worker", peaks, 1),
        ],
        measured={
            "scale_cost": (max(middle) / min(middle) - 1) * 100,
            "scale_memory": max(peaks[-1].values),
        },
        about=about,
        remarks=[f"Measured from {sizes[0]:,} to {sizes[-1]:,} records."],
    )
    finish(result, given)


if __name__ == "__main__":
    main()
