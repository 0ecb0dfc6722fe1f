"""One worker: its own plugins, its own writer, task after task."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, sleep
from typing import TypeVar

from qframe.blame import blame, maker_error, new_generator
from qframe.contracts.closeable import Closes
from qframe.contracts.job import Job, TaskDone
from qframe.contracts.storage import Header, Storage
from qframe.errors import QframeError, StorageBusy
from qframe.generation.generator import Room, build
from qframe.machine.memory import peak_bytes
from qframe.recipe.blocks import Task
from qframe.recipe.recipe import Recipe

T = TypeVar("T")

PAUSE_S = 0.001
LONGEST_PAUSE_S = 0.064


class Worker(Closes):
    """Does tasks of one job. Make one in each process (or thread) of an executor, and close it.

    Everything is resolved here, from the job's plain data: an open connection or a plugin object
    never crosses a process border.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        recipe = Recipe.from_text(job.recipe)
        self._generator = new_generator(job, recipe)
        self._header = Header(recipe, self._generator.schema, job.records, dict(job.about))
        self._refusals = 0
        self._told: dict[str, float] = {}
        with blame(job.storage, job.serial, "a new writer"):
            storage: Storage[object] = build(job.storage, Path(job.output))  # type: ignore[type-var]
            self._writer = self._patiently(partial(storage.writer, self._header))
        # Fresh memory for each task would come from the kernel page by page.
        self._room = self._generator.room(0)

    def do(self, task: Task) -> TaskDone:
        """Makes the task's blocks and commits them with their ledger rows.

        Raises:
            WorkerError: for any exception of a plugin, with the task and how to reproduce it.
        """
        counts = [self._header.records_in(task.first + k) for k in range(task.blocks)]
        try:
            start = perf_counter()
            blocks = self._generator.blocks(task.first, counts, self._room_for(task.blocks))
            made = perf_counter()
            with blame(self._job.storage, self._job.serial, str(task)):
                self._patiently(partial(self._writer.write, blocks))
            written = perf_counter()
        except QframeError:
            raise
        except Exception as cause:
            raise maker_error(self._job, self._generator, cause, str(task)) from cause
        return TaskDone(
            task,
            sum(counts),
            made - start,
            written - made,
            threading.get_native_id(),
            self._news(),
            peak_bytes(),
        )

    def _patiently(self, act: Callable[[], T]) -> T:
        """`act`, again and again while the storage is busy and the job's patience lasts."""
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

    def _news(self) -> dict[str, float]:
        """What the counters grew by since the last answer."""
        now = {**self._writer.counters, "refusals": self._refusals}
        grown = {name: now[name] - self._told.get(name, 0) for name in now}
        self._told = now
        return grown

    def _room_for(self, blocks: int) -> Room:
        if len(self._room["lengths"]) < blocks * self._header.recipe.block:
            self._room = self._generator.room(blocks)
        return self._room

    def close(self) -> None:
        """Closes the writer."""
        self._writer.close()
