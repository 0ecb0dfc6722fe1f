"""`qframe.run`: makes the dataset that a config describes, or the part that is missing."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from qframe.config.load import LoadedConfig, load_config, output_of
from qframe.errors import DiskFull, StorageBusy, StorageError, WorkerError
from qframe.generation.generator import Generator, PluginRaised
from qframe.integrity.verify import verify
from qframe.machine.disk import disk_bytes
from qframe.machine.files import forget_half_moved
from qframe.machine.kept_files import KeptFiles
from qframe.machine.lock import PreviousHolder, output_lock, remove_leftover
from qframe.machine.places import real_file, refuse_second_names, repaired_beside
from qframe.machine.signals import StopRequest, deferred_signals
from qframe.plugins.blame import blame
from qframe.printable import shell_words
from qframe.runs.hooks import RunHooks
from qframe.runs.plan import RunPlan, plan
from qframe.runs.same_plugins import compare_stored
from qframe.runs.summary import RunSummary
from qframe.runs.watch import StorageWatch
from qframe.runs.worker import new_generator, plugin_error

FULL_BYTES = 1 << 20
"""Free bytes below which a worker that died without an error message was killed by a full disk."""


_log = logging.getLogger(__name__)


def run(
    config: str | Path | LoadedConfig,
    overrides: Sequence[str] = (),
    hooks: Sequence[object] = (),
) -> RunSummary:
    """Makes the dataset that a config describes, or the part of it that is missing.

    In the main thread, SIGINT (Ctrl-C) and SIGTERM stop the run in order: the tasks that have begun
    are stored, and the hooks are told. Then the signal does what it would have done without qframe.
    Ctrl-C raises KeyboardInterrupt. A handler of the caller is called; if it returns, so does this
    function, with `complete` False and `signal` set. SIGTERM without a handler ends the process. A
    second signal does so at once. Ignored signals stay ignored.

    Args:
        config: path of the YAML file, or the loaded config.
        overrides: `key.path=value`, as for `qframe run --set`.
        hooks: objects with life-cycle hooks. They are called besides the config's hook plugins.

    Raises:
        QframeError: for anything that a user can cause. No block is ever stored in part.
        KeyboardInterrupt: after Ctrl-C.
    """
    loaded = (
        config if isinstance(config, LoadedConfig) else load_config(Path(config), list(overrides))
    )
    return run_loaded(loaded, hooks, deferred_signals)


def run_loaded(
    loaded: LoadedConfig,
    hooks: Sequence[object],
    signals: Callable[[], AbstractContextManager[StopRequest]],
) -> RunSummary:
    """As `run`, for a loaded config.

    Args:
        loaded: the config.
        hooks: objects with life-cycle hooks.
        signals: makes the context in which signals only ask the run to stop.
    """
    start = perf_counter()
    run_hooks = RunHooks(loaded, hooks)
    _recover(loaded)
    planned = plan(loaded)
    output = planned.storage.path.absolute()
    if not planned.runs and planned.trimmed is None and planned.storage.finished():
        remove_leftover(output)
        return _summary(planned, planned.stored, start)
    output.parent.mkdir(parents=True, exist_ok=True)
    with signals() as stop:
        with output_lock(output) as previous:
            halves = (output.with_name(f".{output.name}.new"), repaired_beside(output))
            forget_half_moved(output, halves)
            planned = plan(loaded)  # again: another run may have ended since
            if planned.storage.path.absolute() != output:
                raise StorageError(
                    f"{planned.output} is a link that has changed", hint="run it again"
                )
            refuse_second_names(output)
            with _ended_by(stop):
                _Run(planned, run_hooks, stop).do(previous)
        summary = _summary(planned, _stored(planned), start, stop.number)
        run_hooks.finished(planned, summary)
    return summary


@contextmanager
def _ended_by(stop: StopRequest) -> Iterator[None]:
    """Within it, a wait for the storage that a signal has cut short is no error."""
    try:
        yield
    except StorageBusy:
        if not stop.requested:
            raise


class _Run:
    """The part of a run that writes. The caller is the lock holder of the output."""

    def __init__(self, planned: RunPlan, hooks: RunHooks, stop: StopRequest) -> None:
        self._planned = planned
        self._hooks = hooks
        self._stop = stop
        self._job = planned.job()
        self._stored = planned.header.records - planned.to_do

    def do(self, previous: PreviousHolder) -> None:
        """Creates or continues the dataset, does the tasks, and finishes it in any case."""
        storage = self._planned.storage
        with self._disk_full(), blame(self._job.storage, self._job.serial, "the dataset"):
            self._open(previous)
            files = KeptFiles.at(storage.files())
            self._job = replace(self._job, files=files.ids)
            with files.held():
                self._hooks.started(self._planned)
                try:
                    self._do_tasks(files)
                finally:
                    self._finish(files)

    def _finish(self, files: KeptFiles) -> None:
        """Finishes the dataset, if it is still where it was.

        Raises:
            StorageError: it was moved, replaced, cut or deleted, or its ledger has lost blocks.
        """
        planned = self._planned
        problem = files.changed()
        if problem is not None:
            left = ", ".join(map(str, planned.storage.abandon()))
            raise StorageError(
                f"{problem} while a run wrote it. The run has stopped"
                + (f"; what it wrote last is in {left}" if left else ""),
                hint="what is there now was left as it is; run again with another --output, or "
                "once the dataset is back",
            )
        try:
            planned.storage.finish()
        except StorageBusy as busy:  # what is stored is stored, whoever reads it now
            _log.warning(
                "%s. All that was written is stored; the same command tidies up later", busy.message
            )
        stored = _stored(planned)
        if stored < self._stored:
            raise StorageError(
                f"{planned.output}: {self._stored:,} records were stored, and the ledger has "
                f"{stored:,}: another program has changed the dataset",
                hint="run the same command again; qframe verify checks what is there",
            )

    def _open(self, previous: PreviousHolder) -> None:
        planned = self._planned
        generator = self._try_plugins() if planned.runs else None
        if not planned.exists:
            planned.storage.create(planned.header)
            return
        if not previous.same_boot and not planned.storage.finished():
            _prove(planned)
        if generator is not None:
            compare_stored(planned.storage, self._job, generator)
        planned.storage.resume(planned.header)

    def _try_plugins(self) -> Generator:
        """Makes a few records, so that no dataset is created if a plugin breaks its contract.

        Each worker makes them too, and compares.
        """
        try:
            generator = new_generator(self._job, self._planned.recipe)
            self._job = replace(self._job, proof=generator.proof(self._job.records))
        except PluginRaised as raised:
            raise plugin_error(self._job, raised, "the first block") from raised.__cause__
        return generator

    def _do_tasks(self, files: KeptFiles) -> None:
        if self._stop.requested:
            return
        planned, watch = self._planned, StorageWatch(self._planned.storage)
        spec = planned.loaded.plugins["executor"].spec
        with (
            blame(spec, self._job.serial, "the run"),
            closing(planned.executor.run(self._job, planned.tasks())) as results,  # type: ignore[type-var]
        ):
            for done in results:
                files.check()
                self._stored += done.records
                self._hooks.task_stored(planned, done, self._stored)
                watch.check()
                if self._stop.requested:
                    break

    @contextmanager
    def _disk_full(self) -> Iterator[None]:
        """Turns the error of a full disk into one that says how many bytes are missing.

        If the disk has no space for a memory-mapped page, a worker that writes to it dies of SIGBUS
        without a message. So the free bytes are read here.
        """
        try:
            yield
        except (DiskFull, WorkerError) as cause:
            planned = self._planned
            free = shutil.disk_usage(planned.storage.path.absolute().parent).free
            explained = cause.__cause__ is not None or free >= FULL_BYTES
            if isinstance(cause, WorkerError) and explained:
                raise
            missing = planned.header.records - self._stored
            if free >= FULL_BYTES:  # another limit of the disk: the message names it
                raise DiskFull(
                    f"{planned.output}: {missing:,} records are missing: {cause.message}",
                    hint="raise that limit and run the same command again: what is stored is kept",
                ) from cause
            need = round(planned.estimate.bytes * missing / planned.header.records)
            raise DiskFull(
                f"{planned.output}: the disk is full: {free:,} bytes are free, the {missing:,} "
                f"records that are missing need about {need:,} ({cause.message})",
                hint="free space and run the same command again: what is stored is kept",
            ) from cause


def _recover(loaded: LoadedConfig) -> None:
    """Lets the storage undo what a killed writer left, if the dataset cannot be read otherwise."""
    output = real_file(output_of(loaded))
    storage = loaded.plugins["storage"].make(output)
    if output.exists() and storage.half_done():
        with output_lock(output.absolute()):
            storage.recover()


def _prove(planned: RunPlan) -> None:
    """Refuses to continue a dataset that a power cut has damaged.

    What was not synced comes back as any mixture of old and new pages. Only the lock file of a
    killed run shows that there was no power cut since, and that file may be gone.

    Raises:
        StorageError: naming the first damaged block.
    """
    verdict = verify(planned.storage)
    if not verdict.ok:
        problems = verdict.structure + [f"block {d.block} {d.problem}" for d in verdict.damaged]
        found = (
            f"is damaged: {problems[0]}"
            if problems
            else f"cannot be checked: {verdict.unchecked[0]}"
        )
        raise StorageError(
            f"{planned.output} was left unfinished, maybe before this machine last started, and "
            f"{found}",
            hint=shell_words(
                "qframe", "verify", planned.output, "--repair", "--config", planned.loaded.path
            ),
        )


def _stored(planned: RunPlan) -> int:
    """Number of stored records.

    Raises:
        StorageError: the records are those of another recipe.
    """
    with closing(planned.storage.reader()) as reader:
        if reader.header.recipe.id != planned.recipe.id:
            raise StorageError(
                f"{planned.output} was overwritten by records of another recipe while a run wrote "
                "it. The run has stopped",
                hint="run again with another --output, or once the dataset is back",
            )
        return reader.stored_records()


def _summary(planned: RunPlan, records: int, start: float, signal: int | None = None) -> RunSummary:
    return RunSummary(
        output=planned.output,
        recipe_id=planned.recipe.id,
        records=records,
        stored=records - planned.stored,
        seconds=perf_counter() - start,
        bytes=sum(map(disk_bytes, (planned.storage.path, *planned.storage.parts()))),
        complete=records >= planned.header.records,
        signal=signal,
    )
