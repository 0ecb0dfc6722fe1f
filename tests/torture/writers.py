"""Many writer processes on one file for a long time: no `database is locked`, and fair turns."""

from __future__ import annotations

import multiprocessing
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier
from pathlib import Path
from queue import Empty
from tempfile import mkdtemp
from typing import Any

import yaml

import qframe
from qframe.config.load import load_config
from qframe.integrity.verify import verify
from qframe.runs.plan import plan
from qframe.runs.worker import Worker
from tests.torture.results import Result

OWN_BLOCKS = 4
TASK_BLOCKS = 2


def writers(count: int, seconds: float) -> Result:
    """Each process stores its own blocks again and again, so that the file stays small."""
    result = Result(f"{count} writers on one file", "")
    with _plan(count) as planned:
        context = multiprocessing.get_context("spawn")
        barrier = context.Barrier(count + 1)
        answers: Any = context.Queue()
        started = [
            context.Process(target=_write, args=(planned.job(), n, barrier, seconds, answers))
            for n in range(count)
        ]
        for process in started:
            process.start()
        barrier.wait(300)
        start = time.monotonic()
        wal = planned.output.with_name(f"{planned.output.name}-wal")
        largest, said = 0, []
        got: list[tuple[int, float, str]] = []
        while len(got) < count and any(p.is_alive() for p in started):
            try:
                got.append(answers.get(timeout=1))
            except Empty:
                largest = max(largest, wal.stat().st_size if wal.exists() else 0)
                said += [words] if (words := planned.storage.hindered()) else []
        for process in started:
            process.join()
        result.seconds = time.monotonic() - start
        planned.storage.finish()
        verdict = verify(planned.storage)
    result.done = f"{seconds:,.0f} s"
    result.failures += [error for *_, error in got if error]
    result.failures += [f"{count - len(got)} writers died"] if len(got) < count else []
    result.failures += (
        [] if verdict.ok and verdict.complete else ["verify: damaged or not complete"]
    )
    result.failures += said[:1]
    tasks = sorted(n for n, _, _ in got) or [0]
    middle = statistics.median(tasks)
    if tasks[0] < middle / 2:
        result.failures.append(f"slowest writer {tasks[0]} tasks, median {middle:.0f}")
    rate = sum(tasks) * TASK_BLOCKS * 4096 / seconds
    slow, fast = (tasks[n] / max(middle, 1) for n in (0, -1))
    longest = max((wait for _, wait, _ in got), default=0)
    result.found = (
        f"{sum(tasks):,} transactions, {rate:,.0f} records/s; slowest writer {slow:.2f} of the "
        f"median, fastest {fast:.2f}; longest task {longest:.1f} s; largest WAL "
        f"{largest / 1e6:,.0f} MB"
    )
    return result


@contextmanager
def _plan(count: int) -> Iterator[Any]:
    directory = Path(mkdtemp(prefix="qframe-writers-"))
    config = directory / "c.yaml"
    data = {
        "records": count * OWN_BLOCKS * 4096,
        "seed": 1,
        "output": str(directory / "out.db"),
        "gate_set": {"plugin": "clifford_t", "qubits": 1},
        "sampler": {"plugin": "uniform", "length": 20},
        "executor": "serial",
    }
    config.write_text(yaml.safe_dump(data))
    qframe.run(config)
    planned = plan(load_config(config))
    planned.storage.resume(planned.header)
    try:
        yield planned
    finally:
        shutil.rmtree(directory)


def _write(job: qframe.Job, number: int, barrier: Barrier, seconds: float, answers: Any) -> None:
    """Runs in each process; answers with its tasks, the longest of them in seconds, its error."""
    done, longest, error = 0, 0.0, ""
    first = number * OWN_BLOCKS
    try:
        with Worker(job) as worker:
            worker.do(qframe.Task(first, TASK_BLOCKS, job.records))
            barrier.wait(300)
            end = time.monotonic() + seconds
            while (now := time.monotonic()) < end:
                block = first + done * TASK_BLOCKS % OWN_BLOCKS
                worker.do(qframe.Task(block, TASK_BLOCKS, job.records))
                longest = max(longest, time.monotonic() - now)
                done += 1
    except Exception as cause:
        error = f"writer {number}: {type(cause).__name__}: {cause}"
    answers.put((done, longest, error))
