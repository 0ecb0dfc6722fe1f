"""One worker: its own plugins, its own writer, task after task."""

from __future__ import annotations

import threading
from pathlib import Path
from time import perf_counter

from qframe.blocks import Task
from qframe.closing import Closes
from qframe.contracts.storage import Header, Storage
from qframe.errors import QframeError, WorkerError
from qframe.generating import Generator, Room, build
from qframe.job import Job, TaskDone
from qframe.recipe import Recipe


class Worker(Closes):
    """Does tasks of one job. Make one in each process (or thread) of an executor, and close it.

    Everything is resolved here, from the job's plain data: an open connection or a plugin object
    never crosses a process border.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        recipe = Recipe.from_text(job.recipe)
        self._generator = Generator.from_specs(recipe, job.sampler, job.engine)
        self._header = Header(recipe, self._generator.schema, job.records, dict(job.about))
        storage: Storage[object] = build(job.storage, Path(job.output))  # type: ignore[type-var]
        self._writer = storage.writer(self._header)
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
            self._writer.write(blocks)
            written = perf_counter()
        except QframeError:
            raise
        except Exception as cause:
            raise WorkerError(
                f"{task}: {type(cause).__name__}: {cause} (sampler {self._job.sampler.plugin!r}, "
                f"engine {self._job.engine.plugin!r}, storage {self._job.storage.plugin!r})",
                hint=f"reproduce with: qframe show {self._job.config} "
                f"{task.first * self._header.recipe.block}",
            ) from cause
        return TaskDone(task, sum(counts), made - start, written - made, threading.get_native_id())

    def _room_for(self, blocks: int) -> Room:
        if len(self._room["lengths"]) < blocks * self._header.recipe.block:
            self._room = self._generator.room(blocks)
        return self._room

    def close(self) -> None:
        """Closes the writer."""
        self._writer.close()
