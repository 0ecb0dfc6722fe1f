"""A run: plan, lock, create or resume, do the tasks, finish."""

from __future__ import annotations

import os
import shutil
import traceback
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import pluggy

from qframe.blame import blame, error_of, maker_error, new_generator
from qframe.config.load import LoadedConfig, load_config
from qframe.errors import DiskFull, QframeError, StorageError, WorkerError
from qframe.generation.generator import build
from qframe.integrity.verify import verify
from qframe.machine.lock import output_lock, remove_leftover
from qframe.machine.signals import Stop, stopped_by_signals
from qframe.plugins import hookspecs
from qframe.plugins.resolve import load_module
from qframe.runs.plan import RunPlan, output_of, plan
from qframe.runs.watch import Watch

NO_ROOM = 1 << 20
"""Free bytes below which a worker that died without a word died of the full disk."""


@dataclass(frozen=True)
class RunSummary:
    """How a run ended.

    Attributes:
        output: the dataset.
        recipe_id: of the dataset's recipe.
        records: records that the dataset holds now.
        stored: how many of them this run added.
        seconds: wall time from plan to finished dataset.
        bytes: room that the dataset takes on disk (`disk_bytes`).
        complete: whether all records that were asked for are there.
        signal: the signal that ended the run early, else None.
    """

    output: Path
    recipe_id: str
    records: int
    stored: int
    seconds: float
    bytes: int
    complete: bool
    signal: int | None = None


def run(
    config: str | Path | LoadedConfig,
    overrides: Sequence[str] = (),
    hooks: Sequence[object] = (),
) -> RunSummary:
    """Makes the dataset that a config describes, or what is still missing of it.

    Args:
        config: path of the YAML, or the loaded config.
        overrides: `key.path=value`, as for `qframe run --set`.
        hooks: objects with life-cycle hooks, besides those that the config names.

    Raises:
        QframeError: for whatever a user can cause; nothing is half-written.
    """
    start = perf_counter()
    loaded = (
        config if isinstance(config, LoadedConfig) else load_config(Path(config), list(overrides))
    )
    manager = _hooks(loaded, hooks)
    _recover(loaded)
    planned = plan(loaded)
    if not planned.runs and planned.storage.finished():
        remove_leftover(planned.output.absolute())
        return _summary(planned, planned.stored, start, None)
    planned.output.absolute().parent.mkdir(parents=True, exist_ok=True)
    # After the first signal the tasks in hand are ended.
    with stopped_by_signals(_end_at_once) as stop, output_lock(planned.output.absolute()) as held:
        planned = plan(loaded)  # again: another run may have ended since
        progress = _Progress(planned.header.records - planned.to_do)
        job = planned.job()
        with _bytes_needed(planned, progress), blame(job.storage, job.serial, "the dataset"):
            if planned.exists:
                if not held.same_boot and not planned.storage.finished():
                    _prove(planned)
                planned.storage.resume(planned.header)
            else:
                _probe(planned)
                planned.storage.create(planned.header)
            _tell(manager, "qframe_run_started", planned)
            try:
                _do(planned, manager, stop, progress)
            finally:
                planned.storage.finish()
    with closing(planned.storage.reader()) as reader:
        total = sum(part.records for part in reader.stored())
    summary = _summary(planned, total, start, stop.number)
    _tell(manager, "qframe_run_finished", planned, summary=summary)
    return summary


def _recover(loaded: LoadedConfig) -> None:
    """Lets the storage undo what a killed writer left, where it cannot even be read before."""
    output = output_of(loaded)
    storage = build(loaded.plugins["storage"].spec, output)
    if output.exists() and storage.half_done():
        with output_lock(output.absolute()):
            storage.recover()


def _probe(planned: RunPlan) -> None:
    """Makes one record, so that a plugin which breaks its contract leaves no dataset behind."""
    job = planned.job()
    generator = new_generator(job, planned.recipe)
    try:
        generator.blocks(0, [1])
    except QframeError:
        raise
    except Exception as cause:
        raise maker_error(job, generator, cause, "the first block") from cause


def _prove(planned: RunPlan) -> None:
    """Refuses to continue what may have met a power cut, unless every stored block is sound.

    Without a sync a file system may bring back any mixture of old and new pages. Only the lock
    file of a killed run proves that there was no power cut since, and it may be gone.
    """
    verdict = verify(planned.storage)
    if not verdict.ok:
        problems = verdict.structure + [f"block {d.block} {d.problem}" for d in verdict.damaged]
        raise StorageError(
            f"{planned.output} was left unfinished, maybe before this machine last started, and is "
            f"damaged: {problems[0]}",
            hint=f"qframe verify {planned.output} --repair --config {planned.loaded.path}",
        )


def _do(planned: RunPlan, manager: pluggy.PluginManager, stop: Stop, progress: _Progress) -> None:
    if stop.number is not None:
        return
    job, spec = planned.job(), planned.loaded.plugins["executor"].spec
    watch = Watch(planned.storage)
    with (
        blame(spec, job.serial, "the run"),
        closing(planned.executor.run(job, planned.tasks())) as results,  # type: ignore[type-var]
    ):
        for done in results:
            progress.stored += done.records
            _tell(manager, "qframe_task_stored", planned, done=done, stored=progress.stored)
            watch.look()
            if stop.number is not None:
                break


def _summary(planned: RunPlan, records: int, start: float, by_signal: int | None) -> RunSummary:
    return RunSummary(
        output=planned.output,
        recipe_id=planned.recipe.id,
        records=records,
        stored=records - planned.stored,
        seconds=perf_counter() - start,
        bytes=sum(map(disk_bytes, (planned.output, *planned.storage.parts()))),
        complete=records >= planned.header.records,
        signal=by_signal,
    )


def _hooks(loaded: LoadedConfig, given: Sequence[object]) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for spec in loaded.hooks:
        manager.register(load_module(spec.plugin, Path(spec.base)))
    for one in given:
        manager.register(one)
    return manager


@contextmanager
def _bytes_needed(planned: RunPlan, progress: _Progress) -> Iterator[None]:
    """Says of a disk that is full how much it lacks.

    A worker that dies for want of a page (SIGBUS: memory that is mapped to a file on a full disk)
    says nothing, so that here the disk is asked.
    """
    try:
        yield
    except (DiskFull, WorkerError) as cause:
        free = shutil.disk_usage(planned.output.absolute().parent).free
        if isinstance(cause, WorkerError) and (cause.__cause__ is not None or free >= NO_ROOM):
            raise
        lacking = 1 - progress.stored / planned.header.records
        raise DiskFull(
            f"{planned.output}: the disk is full: {free:,} bytes are free, the "
            f"{round(lacking * planned.header.records):,} records that are missing need about "
            f"{round(planned.estimate.bytes * lacking):,} ({cause.message})",
            hint="free space and run the same command again: what is stored is kept",
        ) from cause


def _tell(manager: pluggy.PluginManager, hook: str, planned: RunPlan, **facts: Any) -> None:
    """Calls a life-cycle hook; an exception names the hook plugin that let it out."""
    try:
        getattr(manager.hook, hook)(plan=planned, **facts)
    except QframeError:
        raise
    except Exception as cause:
        files = {frame.filename for frame in traceback.extract_tb(cause.__traceback__)}
        for spec in planned.loaded.hooks:
            if getattr(load_module(spec.plugin, Path(spec.base)), "__file__", None) in files:
                raise error_of(spec, cause, f"qframe run {planned.loaded.words}", hook) from cause
        raise


@dataclass
class _Progress:
    """Records that are stored, as far as this process has been told."""

    stored: int


def _end_at_once(stop: Stop) -> None:
    """What a second signal does: workers notice, and the ledger knows what is stored."""
    os._exit(128 + (stop.number or 0))


def disk_bytes(path: Path) -> int:
    """Room on the disk of a file, or of all files in a directory.

    A disk gives out whole blocks: a file of 500 bytes takes 4,096 of most disks. `qframe check` and
    `qframe plan` estimate the same.
    """
    if path.is_dir():
        with os.scandir(path) as entries:
            return sum(disk_bytes(Path(entry.path)) for entry in entries)
    return path.stat().st_blocks * 512 if path.exists() else 0
