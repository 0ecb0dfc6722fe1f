"""A short run on this machine and this disk, from which a long one is projected."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import Any

from qframe.contracts.executor import Executor
from qframe.contracts.job import TaskDone
from qframe.contracts.storage import Storage
from qframe.machine.disk import DiskUsage, disk_usage, writable_ancestor
from qframe.machine.scratch import scratch_directory
from qframe.plugins.build import build
from qframe.recipe.header import Header
from qframe.runs.plan import RunPlan

MOST_BYTES = 4 << 30
"""That a calibration writes at once."""

LEAST_TASKS = 3
"""A worker that a rate is taken from."""

PATIENCE = 5
"""Times the seconds after which a slow storage has to do with fewer tasks."""

PIECE = 4 << 20


@dataclass(frozen=True)
class Pace:
    """How fast so many workers are, all together.

    Attributes:
        workers: how many.
        rate: records/s stored, start-up left out.
        generate_s: seconds a record, in one worker.
        write_s: the same for writing, waits for other writers included.
    """

    workers: int
    rate: float
    generate_s: float
    write_s: float


@dataclass(frozen=True)
class Calibration:
    """What was measured.

    Attributes:
        one: one worker alone.
        all: as many as the config asks for.
        disk_rate: bytes/s of a plain file, until they are on the disk (`fsync`).
        records: records in the dataset that was made.
        disk: what that dataset took on the disk.
        estimated: bytes that the storage said it would take.
    """

    one: Pace
    all: Pace
    disk_rate: float
    records: int
    disk: DiskUsage
    estimated: int

    @property
    def correction(self) -> float:
        """Bytes found over bytes estimated."""
        return self.disk.bytes / self.estimated if self.disk.bytes else 1.0


def calibrate(planned: RunPlan, seconds: float) -> Calibration:
    """Runs the config for about `seconds`, beside its output, and leaves nothing behind.

    Raises:
        StorageError, WorkerError: as the run itself would.
    """
    beside = writable_ancestor(planned.output)
    with _terminable(), scratch_directory(beside, f".{planned.output.name}.plan-") as directory:
        one_worker = _executor(planned, 1)
        alone = None
        if planned.executor.workers > 1 and one_worker is not None:
            trial = _trial(planned, directory / "one", one_worker)
            alone = _pace(trial, seconds / 3)
            _remove(trial.output)
        trial = _trial(planned, directory / "all", planned.executor)
        together = _pace(trial, seconds / 3)
        with closing(trial.storage.reader()) as reader:
            records = sum(run.records for run in reader.stored())
        found = disk_usage(trial.output)
        estimated = trial.storage.estimate(replace(trial.header, records=records)).bytes
        _remove(trial.output)
        disk_rate = _plain_file_rate(directory / "plain", seconds / 6, planned.free // 10)
    return Calibration(alone or together, together, disk_rate, records, found, estimated)


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends this process as Ctrl-C does, so that what was made is removed."""

    def handle(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    try:
        before: Any = signal.signal(signal.SIGTERM, handle)
    except ValueError:  # not in the main thread: signals belong to someone else
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _executor(planned: RunPlan, workers: int) -> Executor[Any] | None:
    """The config's executor with so many workers, if that is an option of it."""
    found = planned.loaded.plugins["executor"]
    if "workers" not in found.cls.Options.model_fields:
        return None
    changed: Any = replace(found.spec, options={**found.spec.options, "workers": workers})
    executor: Executor[Any] = build(changed)
    return executor


def _trial(planned: RunPlan, directory: Path, executor: Executor[Any]) -> RunPlan:
    """The plan of a run of the same recipe into `directory`, not longer than the real one."""
    directory.mkdir()
    output = directory / planned.output.name
    storage: Storage[Any] = planned.loaded.plugins["storage"].make(output)
    each = max(1, planned.estimate.bytes // planned.header.records)
    records = min(planned.header.records, max(1, min(MOST_BYTES, planned.free // 10) // each))
    header: Header = replace(planned.header, records=records)
    storage.check(header)
    return replace(
        planned,
        header=header,
        storage=storage,
        executor=executor,
        output=output,
        exists=False,
        stored=0,
        runs=((0, header.blocks),),
    )


def _pace(trial: RunPlan, seconds: float) -> Pace:
    """Runs the trial for about `seconds` after its workers have started, and finishes it."""
    trial.storage.create(trial.header)
    workers = trial.executor.workers
    done: list[TaskDone] = []
    ends: list[float] = []
    start = perf_counter()
    try:
        with closing(trial.executor.run(trial.job(), trial.tasks())) as results:  # type: ignore[type-var]
            for task in results:
                done.append(task)
                ends.append(perf_counter())
                warm = len(done) - workers  # the first of each worker: it starts, and finds memory
                enough = warm >= LEAST_TASKS * workers and ends[-1] - ends[workers - 1] >= seconds
                if enough or ends[-1] - start > PATIENCE * seconds:
                    break
    finally:
        trial.storage.finish()
    counted = done[workers:] or done
    records = sum(task.records for task in counted)
    generate = sum(task.generate_s for task in counted) / records
    write = sum(task.write_s for task in counted) / records
    if len(done) > 2 * workers:
        rate = records / max(ends[-1] - ends[workers - 1], 1e-9)
    else:  # too few to see them one after the other
        rate = min(workers, len(done)) / (generate + write)
    return Pace(workers, rate, generate, write)


def _plain_file_rate(path: Path, seconds: float, most: int) -> float:
    """Bytes/s of one plain file that is written and synced."""
    piece = os.urandom(PIECE)
    written, start = 0, perf_counter()
    with path.open("wb", buffering=0) as file:
        while not written or (perf_counter() - start < seconds and written + PIECE <= most):
            file.write(piece)
            written += PIECE
        os.fsync(file.fileno())
    rate = written / (perf_counter() - start)
    path.unlink()
    return rate


def _remove(output: Path) -> None:
    shutil.rmtree(output.parent)
