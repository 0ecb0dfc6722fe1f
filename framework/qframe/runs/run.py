"""`qframe.run`: makes a dataset, or what is still missing of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from time import perf_counter

from qframe.config.load import LoadedConfig, load_config, output_of
from qframe.errors import DiskFull, StorageError, WorkerError
from qframe.generation.generator import PluginRaised
from qframe.integrity.verify import verify
from qframe.machine.disk import disk_bytes
from qframe.machine.lock import Held, output_lock, remove_leftover
from qframe.machine.signals import Stop, stopped_by_signals
from qframe.plugins.blame import blame
from qframe.runs.hooks import RunHooks
from qframe.runs.plan import RunPlan, plan
from qframe.runs.summary import RunSummary
from qframe.runs.watch import Watch
from qframe.runs.worker import new_generator, plugin_error

FULL_BYTES = 1 << 20
"""If fewer bytes are free, the full disk killed a worker that died without an error message."""


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
        QframeError: for whatever a user can cause. Nothing is half-written.
    """
    start = perf_counter()
    loaded = (
        config if isinstance(config, LoadedConfig) else load_config(Path(config), list(overrides))
    )
    told = RunHooks(loaded, hooks)
    _recover(loaded)
    planned = plan(loaded)
    output = planned.output.absolute()
    if not planned.runs and planned.storage.finished():
        remove_leftover(output)
        return _summary(planned, planned.stored, start)
    output.parent.mkdir(parents=True, exist_ok=True)
    # After the first signal, the tasks that have begun are finished.
    with stopped_by_signals(_end_at_once) as stop, output_lock(output) as lock:
        planned = plan(loaded)  # again: another run may have ended since
        _Run(planned, told, stop).do(lock)
    summary = _summary(planned, _stored(planned), start, stop.number)
    told.finished(planned, summary)
    return summary


class _Run:
    """The part of a run that writes; the caller holds the output's lock."""

    def __init__(self, planned: RunPlan, told: RunHooks, stop: Stop) -> None:
        self._planned = planned
        self._told = told
        self._stop = stop
        self._job = planned.job()
        self._stored = planned.header.records - planned.to_do

    def do(self, lock: Held) -> None:
        """Creates or continues the dataset, does the tasks, and finishes it in any case."""
        storage = self._planned.storage
        with self._disk_full(), blame(self._job.storage, self._job.serial, "the dataset"):
            self._open(lock)
            self._told.started(self._planned)
            try:
                self._do_tasks()
            finally:
                storage.finish()

    def _open(self, lock: Held) -> None:
        planned = self._planned
        if not planned.exists:
            self._try_plugins()
            planned.storage.create(planned.header)
            return
        if not lock.same_boot and not planned.storage.finished():
            _prove(planned)
        planned.storage.resume(planned.header)

    def _try_plugins(self) -> None:
        """Makes one record, so that a plugin that breaks its contract leaves no dataset behind."""
        try:
            new_generator(self._job, self._planned.recipe).blocks(0, [1])
        except PluginRaised as raised:
            raise plugin_error(self._job, raised, "the first block") from raised.__cause__

    def _do_tasks(self) -> None:
        if self._stop.number is not None:
            return
        planned, watch = self._planned, Watch(self._planned.storage)
        spec = planned.loaded.plugins["executor"].spec
        with (
            blame(spec, self._job.serial, "the run"),
            closing(planned.executor.run(self._job, planned.tasks())) as results,  # type: ignore[type-var]
        ):
            for done in results:
                self._stored += done.records
                self._told.task_stored(planned, done, self._stored)
                watch.look()
                if self._stop.number is not None:
                    break

    @contextmanager
    def _disk_full(self) -> Iterator[None]:
        """Says of a full disk how many bytes it lacks.

        A worker that writes to a memory-mapped page for which the disk has no space dies of SIGBUS
        without a message. So the free bytes are looked at here.
        """
        try:
            yield
        except (DiskFull, WorkerError) as cause:
            planned = self._planned
            free = shutil.disk_usage(planned.output.absolute().parent).free
            explained = cause.__cause__ is not None or free >= FULL_BYTES
            if isinstance(cause, WorkerError) and explained:
                raise
            missing = planned.header.records - self._stored
            need = round(planned.estimate.bytes * missing / planned.header.records)
            raise DiskFull(
                f"{planned.output}: the disk is full: {free:,} bytes are free, the {missing:,} "
                f"records that are missing need about {need:,} ({cause.message})",
                hint="free space and run the same command again: what is stored is kept",
            ) from cause


def _recover(loaded: LoadedConfig) -> None:
    """Lets the storage undo what a killed writer left, where it cannot even be read before."""
    output = output_of(loaded)
    storage = loaded.plugins["storage"].make(output)
    if output.exists() and storage.half_done():
        with output_lock(output.absolute()):
            storage.recover()


def _prove(planned: RunPlan) -> None:
    """Refuses to continue a dataset that a power cut may have damaged, unless it is sound.

    Without a sync, a file system may bring back any mixture of old and new pages. Only the lock
    file of a killed run proves that there was no power cut since, and it may be gone.

    Raises:
        StorageError: naming the first damaged block.
    """
    verdict = verify(planned.storage)
    if not verdict.ok:
        problems = verdict.structure + [f"block {d.block} {d.problem}" for d in verdict.damaged]
        raise StorageError(
            f"{planned.output} was left unfinished, maybe before this machine last started, and is "
            f"damaged: {problems[0]}",
            hint=f"qframe verify {planned.output} --repair --config {planned.loaded.path}",
        )


def _stored(planned: RunPlan) -> int:
    with closing(planned.storage.reader()) as reader:
        return sum(part.records for part in reader.stored())


def _summary(
    planned: RunPlan, records: int, start: float, by_signal: int | None = None
) -> RunSummary:
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


def _end_at_once(stop: Stop) -> None:
    """Ends the process at a second signal. Workers notice, and the ledger says what is stored."""
    os._exit(128 + (stop.number or 0))
