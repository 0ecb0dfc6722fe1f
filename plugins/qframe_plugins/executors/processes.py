"""One worker process a core.

This module is imported anew in every worker, before NumPy: `_start` limits its threads first.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait as wait_for
from typing import TYPE_CHECKING, Any

from pydantic import Field

from qframe import Executor, Job, PluginOptions, Task, TaskDone, WorkerError, hookimpl

if TYPE_CHECKING:
    from qframe import Worker

THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)

_log = logging.getLogger(__name__)

_job: Job | None = None
_worker: Worker | None = None
"""The one job and the one worker of this process, where it is a worker process."""


class ProcessesOptions(PluginOptions):
    """Options of `processes`."""

    workers: int | None = Field(
        None, ge=1, le=4096, description="processes; one a core if left out"
    )
    attempts: int = Field(
        3, ge=1, le=100, description="times that a task may be in hand when a worker dies"
    )


class Processes(Executor[ProcessesOptions]):
    """Worker processes, started with `spawn`; each has its own connection and one BLAS thread.

    YAML that selects it::

        executor: {plugin: processes, workers: 8}

    A worker that dies is replaced, and what it had in hand is done again, a bounded number of
    times. Workers end by themselves when this process does, however it does.
    """

    name = "processes"
    Options = ProcessesOptions

    def __init__(self, options: ProcessesOptions) -> None:
        super().__init__(options)
        self.workers = options.workers or available_cores()

    def run(self, job: Job, tasks: Iterable[Task]) -> Iterator[TaskDone]:
        queue = iter(tasks)
        again: list[Task] = []
        deaths: Counter[Task] = Counter()
        while True:
            in_hand: dict[Future[TaskDone], Task] = {}
            pool = ProcessPoolExecutor(
                self.workers, multiprocessing.get_context("spawn"), _start, (job,)
            )
            try:
                yield from self._feed(pool, queue, again, in_hand)
                return
            except BrokenProcessPool:
                lost = list(in_hand.values())
                deaths.update(lost)
                _give_up_if_hopeless(deaths, self.options.attempts, job.serial)
                _log.warning("a worker died; doing again: %s", ", ".join(map(str, lost)))
                again = lost + again
            finally:
                # Tasks in hand end (they are short); those that wait are dropped.
                pool.shutdown(wait=True, cancel_futures=True)

    def _feed(
        self,
        pool: ProcessPoolExecutor,
        queue: Iterator[Task],
        again: list[Task],
        in_hand: dict[Future[TaskDone], Task],
    ) -> Iterator[TaskDone]:
        """Keeps two tasks a worker in hand, so that none waits for this process.

        Tasks that were in hand when a worker died go one by one: the next death has one suspect.
        """
        while True:
            while len(in_hand) < (1 if again else 2 * self.workers):
                task = again.pop() if again else next(queue, None)
                if task is None:
                    break
                with _interrupts_blocked():
                    try:
                        in_hand[pool.submit(_do, task)] = task
                    except BrokenProcessPool:
                        again.append(task)
                        raise
            if not in_hand:
                return
            finished, _ = wait(in_hand, return_when=FIRST_COMPLETED)
            for future in finished:
                done = future.result()
                del in_hand[future]
                yield done


def _give_up_if_hopeless(deaths: Counter[Task], attempts: int, command: str) -> None:
    hopeless = [str(task) for task, count in deaths.items() if count >= attempts]
    if hopeless:
        raise WorkerError(
            f"a worker died {attempts} times while these were in hand: {', '.join(hopeless)}",
            hint="look for `Out of memory` in the kernel log, and try fewer --workers; "
            f"or see it in one process: {command}",
        )


def available_cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Processes started here never see Ctrl-C: the parent decides when they stop."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start(job: Job) -> None:
    """Runs first in each worker process."""
    global _job
    for name in THREAD_LIMITS:
        os.environ[name] = "1"
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _job = job


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)  # nothing to save: what is not committed is not in the ledger


def _do(task: Task) -> TaskDone:
    """Runs in a worker process; makes its worker at the first task, so that errors come back."""
    global _worker
    if _worker is None:
        from qframe import Worker

        if _job is None:
            raise WorkerError("this process was not started as a worker")
        _worker = Worker(_job)
    return _worker.do(task)


@hookimpl
def qframe_executors() -> list[type[Executor[Any]]]:
    return [Processes]
