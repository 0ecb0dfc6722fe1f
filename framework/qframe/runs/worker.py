"""Worker: does the tasks of a job, one after another, with plugins and a writer of its own."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import starmap
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import TypeVar

from qframe.contracts.closeable import Closeable
from qframe.contracts.job import Job, TaskDone
from qframe.contracts.storage import Storage, Writer
from qframe.errors import StorageBusy, WorkerError
from qframe.generation.generator import Buffers, Generator, PluginRaised, engine_of
from qframe.machine.kept_files import FileId, KeptFiles
from qframe.machine.memory import peak_bytes
from qframe.machine.process_mark import has_ended
from qframe.plugins.blame import blame, error_of
from qframe.plugins.build import build
from qframe.recipe.header import Header
from qframe.recipe.recipe import Recipe
from qframe.recipe.tasks import Task
from qframe.runs.same_plugins import compare_plugins, compare_records

T = TypeVar("T")

PAUSE_S = 0.001
"""Seconds before a busy storage is asked again. Each further pause is twice as long."""

LONGEST_PAUSE_S = 0.064

IDLE_S = 60.0
"""Seconds without a task after which a worker closes its writer."""

LOOK_EVERY_S = 0.5
"""Seconds after which a worker without a task looks again whether its run still goes on."""


class Worker(Closeable):
    """A worker of a job. An executor makes one in each of its processes or threads, and closes it.

    The worker makes its plugins from the job's plain data. So no plugin object and no open
    connection goes from one process to another. Before it stores anything, it compares them with
    those of the process that planned the run.

    A worker that waits for a task holds the dataset open, but not for ever: it closes its writer
    after 60 s, and soon where its run has ended, however that ended. The next task opens another.

    Attributes:
        job: the job.
        closed: whether `close` was called.

    Raises:
        PluginError: this process has other plugins than the one that planned the run, or they make
            other records; names the host and both.
        WorkerError, StorageError: a plugin or a writer cannot be made.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.closed = False
        recipe = Recipe.from_text(job.recipe)
        compare_plugins(job)
        self._generator = new_generator(job, recipe)
        try:
            compare_records(job, self._generator)
        except PluginRaised as raised:
            raise plugin_error(job, raised, "the first block") from raised.__cause__
        self._header = Header(recipe, self._generator.schema, job.records, dict(job.about))
        self._refusals = 0
        self._reported: dict[str, float] = {}
        self._files = KeptFiles(starmap(FileId, job.files))
        self._using = threading.Lock()
        self._writer: Writer | None = self._new_writer()
        if not self._writer.needs_unitaries:
            self._generator = self._generator.without_products()
        # All tasks use the same buffers: the kernel gives new memory page by page, which is slow.
        self._buffers = self._generator.buffers(0)
        self._last_task = monotonic()
        self._no_more_tasks = threading.Event()
        _watch(self, self._no_more_tasks)

    def do(self, task: Task) -> TaskDone:
        """Makes the blocks of the task and commits them with their ledger rows.

        Raises:
            WorkerError: for an exception of a plugin; names the task and how to reproduce it.
        """
        with self._using:
            try:
                return self._do(task)
            finally:
                self._last_task = monotonic()

    def _do(self, task: Task) -> TaskDone:
        counts = [self._header.records_in(task.first + k) for k in range(task.blocks)]
        try:
            start = perf_counter()
            blocks = self._generator.blocks(task.first, counts, self._buffers_for(task.blocks))
            made = perf_counter()
            self._writer = writer = self._writer or self._new_writer()
            self._files.check()
            with blame(self.job.storage, self.job.serial, str(task)):
                self._patiently(partial(writer.write, blocks))
            written = perf_counter()
        except PluginRaised as raised:
            raise plugin_error(self.job, raised, str(task)) from raised.__cause__
        return TaskDone(
            task,
            sum(counts),
            made - start,
            written - made,
            threading.get_native_id(),
            self._counted(writer),
            peak_bytes(),
        )

    def _patiently(self, act: Callable[[], T]) -> T:
        """Calls `act` until the storage is no longer busy, or the job's patience is over."""
        start = perf_counter()
        pause = PAUSE_S
        while True:
            try:
                return act()
            except StorageBusy as busy:
                self._refusals += 1
                if perf_counter() - start + pause > self.job.patience_s:
                    busy.times = self._refusals
                    raise
            sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _counted(self, writer: Writer) -> dict[str, float]:
        """By how much the counters have grown since the last task."""
        now = {**writer.counters, "refusals": self._refusals}
        grown = {name: now[name] - self._reported.get(name, 0) for name in now}
        self._reported = now
        return grown

    def _buffers_for(self, blocks: int) -> Buffers:
        if len(self._buffers["lengths"]) < blocks * self._header.recipe.block:
            self._buffers = self._generator.buffers(blocks)
        return self._buffers

    def _new_writer(self) -> Writer:
        job = self.job
        self._reported = {"refusals": self._refusals}
        self._files.check()
        with blame(job.storage, job.serial, "a new writer"):
            storage: Storage[object] = build(job.storage, Path(job.output))  # type: ignore[type-var]
            return self._patiently(partial(storage.writer, self._header))

    def close(self) -> None:
        """Closes the writer. A task that another thread does with this worker ends first."""
        self._no_more_tasks.set()
        with self._using:
            self.closed = True
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    def _rest(self) -> None:
        """Closes the writer if no task is being done, and none came for long or none will come."""
        if not self._using.acquire(blocking=False):
            return
        try:
            idle = monotonic() - self._last_task
            if self._writer is not None and (idle > IDLE_S or has_ended(self.job.run)):
                with suppress(Exception):  # one that only its own thread can close stays open
                    self._writer.close()
                    self._writer = None
        finally:
            self._using.release()


def _watch(worker: Worker, ended: threading.Event) -> None:
    """Lets the worker rest when it should, from a thread of its own, until it is closed."""
    found = weakref.ref(worker)

    def look() -> None:
        while not ended.wait(LOOK_EVERY_S):
            worker = found()
            if worker is None:
                return
            worker._rest()
            del worker  # whoever forgets a worker closes it

    with suppress(RuntimeError):  # no further thread is allowed: the worker works without
        threading.Thread(target=look, name="qframe-worker-watch", daemon=True).start()


def plugin_error(job: Job, raised: PluginRaised, during: str) -> WorkerError:
    """The error for an exception that was raised while blocks were made, with a command to see it.

    A sampler draws a whole block, so `qframe show` of the block's first record shows its fault. An
    engine is given a whole task, so only the run shows its fault.
    """
    cause = raised.__cause__
    assert isinstance(cause, Exception)  # noqa: S101 - PluginRaised always has one
    if raised.kind == "engine":
        return error_of(job.engine, cause, job.serial, during)
    record = raised.block * Recipe.from_text(job.recipe).block
    return error_of(job.sampler, cause, f"qframe show {job.config} {record}", during)


def new_generator(job: Job, recipe: Recipe) -> Generator:
    """The generator of a job, made from plain data in any process.

    Raises:
        WorkerError: the sampler or the engine cannot be made; names it.
    """
    with blame(job.engine, job.serial, "a new engine"):
        engine = engine_of(recipe, job.engine)
    with blame(job.sampler, job.serial, "a new sampler"):
        return Generator(recipe, build(job.sampler, recipe.instructions), engine)
