"""Worker: does the tasks of a job, one after another, with plugins and a writer of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, sleep
from typing import TypeVar

from qframe.contracts.closeable import Closeable
from qframe.contracts.job import Job, TaskDone
from qframe.contracts.storage import Storage
from qframe.errors import StorageBusy, WorkerError
from qframe.generation.generator import Buffers, Generator, PluginRaised, engine_of
from qframe.machine.memory import peak_bytes
from qframe.plugins.blame import blame, error_of
from qframe.plugins.build import build
from qframe.recipe.header import Header
from qframe.recipe.recipe import Recipe
from qframe.recipe.tasks import Task

T = TypeVar("T")

PAUSE_S = 0.001
"""Seconds before a busy storage is asked again. Each further pause is twice as long."""

LONGEST_PAUSE_S = 0.064


class Worker(Closeable):
    """A worker of a job. An executor makes one in each of its processes or threads, and closes it.

    The worker makes its plugins from the job's plain data. So no plugin object and no open
    connection goes from one process to another.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        recipe = Recipe.from_text(job.recipe)
        self._generator = new_generator(job, recipe)
        self._header = Header(recipe, self._generator.schema, job.records, dict(job.about))
        self._refusals = 0
        self._reported: dict[str, float] = {}
        with blame(job.storage, job.serial, "a new writer"):
            storage: Storage[object] = build(job.storage, Path(job.output))  # type: ignore[type-var]
            self._writer = self._patiently(partial(storage.writer, self._header))
        # All tasks use the same buffers: the kernel gives new memory page by page, which is slow.
        self._buffers = self._generator.buffers(0)

    def do(self, task: Task) -> TaskDone:
        """Makes the blocks of the task and commits them with their ledger rows.

        Raises:
            WorkerError: for an exception of a plugin; names the task and how to reproduce it.
        """
        counts = [self._header.records_in(task.first + k) for k in range(task.blocks)]
        try:
            start = perf_counter()
            blocks = self._generator.blocks(task.first, counts, self._buffers_for(task.blocks))
            made = perf_counter()
            with blame(self._job.storage, self._job.serial, str(task)):
                self._patiently(partial(self._writer.write, blocks))
            written = perf_counter()
        except PluginRaised as raised:
            raise plugin_error(self._job, raised, str(task)) from raised.__cause__
        return TaskDone(
            task,
            sum(counts),
            made - start,
            written - made,
            threading.get_native_id(),
            self._counted(),
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
                if perf_counter() - start + pause > self._job.patience_s:
                    busy.times = self._refusals
                    raise
            sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _counted(self) -> dict[str, float]:
        """By how much the counters have grown since the last task."""
        now = {**self._writer.counters, "refusals": self._refusals}
        grown = {name: now[name] - self._reported.get(name, 0) for name in now}
        self._reported = now
        return grown

    def _buffers_for(self, blocks: int) -> Buffers:
        if len(self._buffers["lengths"]) < blocks * self._header.recipe.block:
            self._buffers = self._generator.buffers(blocks)
        return self._buffers

    def close(self) -> None:
        """Closes the writer."""
        self._writer.close()


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
