"""Executor `threads`: one worker thread per core, all in the parent process."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from pydantic import Field

from qframe import Executor, Job, PluginOptions, Task, TaskDone, Worker, hookimpl
from qframe_plugins.executors.processes import available_cores


class ThreadsOptions(PluginOptions):
    """Options of `threads`."""

    workers: int | None = Field(
        None, ge=1, le=4096, description="threads; one per core if left out"
    )


class Threads(Executor[ThreadsOptions]):
    """Worker threads; each has its own plugins and its own connection.

    YAML that selects it::

        executor: {plugin: threads, workers: 8}

    Starts at once, and needs no second process, which suits notebooks and tests. NumPy, SHA-256 and
    SQLite release the interpreter's lock while they work; the Python code in between takes turns.
    """

    name = "threads"
    Options = ThreadsOptions

    def __init__(self, options: ThreadsOptions) -> None:
        super().__init__(options)
        self.workers = options.workers or available_cores()

    def run(self, job: Job, tasks: Iterable[Task]) -> Iterator[TaskDone]:
        queue = iter(tasks)
        workers = _WorkerPerThread(job)
        pool = ThreadPoolExecutor(self.workers, "qframe-worker")
        in_hand: set[Future[TaskDone]] = set()
        try:
            while True:
                # Two tasks per worker, so that none waits for the caller.
                while len(in_hand) < 2 * self.workers:
                    task = next(queue, None)
                    if task is None:
                        break
                    in_hand.add(pool.submit(workers.do, task))
                if not in_hand:
                    return
                finished, in_hand = wait(in_hand, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        finally:
            # A task that a worker is doing ends (tasks are short); tasks that wait are dropped.
            pool.shutdown(wait=True, cancel_futures=True)
            workers.close()


class _WorkerPerThread:
    """A `Worker` for each thread, made with the thread's first task, so that errors are raised."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._of_thread = threading.local()
        self._all: list[Worker] = []

    def do(self, task: Task) -> TaskDone:
        worker: Worker | None = getattr(self._of_thread, "worker", None)
        if worker is None:
            worker = self._of_thread.worker = Worker(self._job)
            self._all.append(worker)
        return worker.do(task)

    def close(self) -> None:
        """Closes all workers; no thread may be doing a task."""
        for worker in self._all:
            worker.close()


@hookimpl
def qframe_executors() -> list[type[Executor[Any]]]:
    return [Threads]
