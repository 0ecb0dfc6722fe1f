"""Calibration: two short runs of a config on this machine, from which a long run is projected."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from qframe.contracts.executor import Executor
from qframe.contracts.job import TaskDone
from qframe.contracts.storage import Storage
from qframe.machine.disk import DiskUsage, disk_usage, writable_ancestor
from qframe.machine.scratch import scratch_directory
from qframe.machine.signals import unwound_by_sigterm
from qframe.plugins.build import build
from qframe.recipe.header import Header
from qframe.runs.plan import RunPlan

MOST_BYTES = 4 << 30
"""Most bytes that a trial run writes."""

LEAST_TASKS = 3
"""Fewest tasks that a worker must have finished before its rate counts."""

PATIENCE = 5
"""A trial run ends after this many times the seconds it was given, however few tasks it did."""

PIECE = 4 << 20
"""Bytes that are written to the plain file at once."""


@dataclass(frozen=True)
class TrialSpeed:
    """The speed of a trial run.

    Attributes:
        workers: number of workers.
        rate: records/s that all workers stored together, without their start.
        generate_s: seconds per record that one worker took to generate.
        write_s: seconds per record that one worker took to write, waits for other writers included.
    """

    workers: int
    rate: float
    generate_s: float
    write_s: float


@dataclass(frozen=True)
class Calibration:
    """The measurements of a calibration.

    Attributes:
        one: speed of one worker alone.
        all: speed of as many workers as the config asks for.
        disk_rate: bytes/s at which a plain file is written and synced to the disk (`fsync`).
        records: number of records that the trial run with all workers stored.
        disk: space that these records take on the disk.
        estimated: bytes that the storage estimates for these records.
    """

    one: TrialSpeed
    all: TrialSpeed
    disk_rate: float
    records: int
    disk: DiskUsage
    estimated: int

    @property
    def correction(self) -> float:
        """Measured bytes over estimated bytes."""
        return self.disk.bytes / self.estimated if self.disk.bytes else 1.0


def calibrate(planned: RunPlan, seconds: float) -> Calibration:
    """Runs the config for about `seconds` in a directory beside its output, and removes that.

    Raises:
        StorageError, WorkerError: as the run itself.
    """
    beside = writable_ancestor(planned.output)
    prefix = f".{planned.output.name}.plan-"
    with unwound_by_sigterm(), scratch_directory(beside, prefix) as directory:
        one_worker = _executor(planned, 1)
        alone = None
        if planned.executor.workers > 1 and one_worker is not None:
            trial = _trial(planned, directory / "one", one_worker)
            alone = _run(trial, seconds / 3)
            _remove(trial.output)
        trial = _trial(planned, directory / "all", planned.executor)
        together = _run(trial, seconds / 3)
        with closing(trial.storage.reader()) as reader:
            records = reader.stored_records()
        disk = disk_usage(trial.output)
        estimated = trial.storage.estimate(replace(trial.header, records=records)).bytes
        _remove(trial.output)
        disk_rate = _plain_file_rate(directory / "plain", seconds / 6, planned.free // 10)
    return Calibration(alone or together, together, disk_rate, records, disk, estimated)


def _executor(planned: RunPlan, workers: int) -> Executor[Any] | None:
    """The config's executor with another number of workers; None if it has no such option."""
    plugin = planned.loaded.plugins["executor"]
    if "workers" not in plugin.cls.Options.model_fields:
        return None
    changed: Any = replace(plugin.spec, options={**plugin.spec.options, "workers": workers})
    executor: Executor[Any] = build(changed)
    return executor


def _trial(planned: RunPlan, directory: Path, executor: Executor[Any]) -> RunPlan:
    """The plan of a run of the same recipe into `directory`, not longer than the planned run."""
    directory.mkdir()
    output = directory / planned.output.name
    storage: Storage[Any] = planned.loaded.plugins["storage"].make(output)
    record_bytes = max(1, planned.estimate.bytes // planned.header.records)
    most = max(1, min(MOST_BYTES, planned.free // 10) // record_bytes)
    header: Header = replace(planned.header, records=min(planned.header.records, most))
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


def _run(trial: RunPlan, seconds: float) -> TrialSpeed:
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
                # In its first task each worker starts, and the kernel gives it memory.
                warm = len(done) - workers
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
    else:  # too few tasks to measure the time from one to the next
        rate = min(workers, len(done)) / (generate + write)
    return TrialSpeed(workers, rate, generate, write)


def _plain_file_rate(path: Path, seconds: float, most: int) -> float:
    """Bytes/s at which one plain file of at most `most` bytes is written and synced."""
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
