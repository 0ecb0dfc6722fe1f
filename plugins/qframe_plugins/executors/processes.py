"""One worker process a core.

This module is imported anew in every worker, before NumPy: `_work` limits its threads first.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import signal
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from multiprocessing.context import SpawnProcess
from traceback import format_exc
from typing import TYPE_CHECKING, Any, cast

from pydantic import Field

from qframe import Executor, Job, PluginOptions, QframeError, Task, TaskDone, WorkerError, hookimpl

if TYPE_CHECKING:
    from qframe import Worker

THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)

KEEPS_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30), "MALLOC_MMAP_THRESHOLD_": str(1 << 25)}
"""glibc's names, read when a process starts: memory that is freed stays with the process.

A worker frees its arrays and SQLite's pages after every task and takes as many for the next.
Given back to the kernel, they would come from there again page by page, zeroed: a sixth of the
CPU that two writers take (measured).
"""

_log = logging.getLogger(__name__)


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
        suspects: list[Task] = []
        deaths: Counter[Task] = Counter()
        desks = [_Desk(job) for _ in range(self.workers)]
        try:
            while True:
                for desk in desks:
                    desk.fill(queue, suspects)
                busy = {desk.pipe: desk for desk in desks if desk.in_hand}
                if not busy:
                    return
                for pipe in wait_for(list(busy)):
                    desk = busy[cast("Connection", pipe)]
                    done = desk.finished()
                    if done is not None:
                        yield done
                    else:
                        lost = desk.vacate()
                        deaths.update(lost)
                        _give_up_if_hopeless(deaths, self.options.attempts, job.serial)
                        _log.warning("a worker died; doing again: %s", ", ".join(map(str, lost)))
                        suspects += lost
        finally:
            # Tasks in progress end (they are short); those that wait are dropped.
            for desk in desks:
                desk.hang_up()
            for desk in desks:
                desk.leave()


class _Desk:
    """One worker process, the pipe to it, and the tasks that it has in hand.

    Not a `ProcessPoolExecutor`: where a worker of that one dies while a task is submitted or a
    process started, the task is lost and the run waits for ever (`terminate_broken` and `submit`
    of Python 3.11 change the same dicts). Here only one thread acts, each worker has its own
    pipe, and the pipe's end is the death of its worker and of no other.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._process: SpawnProcess | None = None
        self._alone = False
        self.in_hand: deque[Task] = deque()
        self.pipe: Connection

    def fill(self, queue: Iterator[Task], suspects: list[Task]) -> None:
        """Keeps two tasks in hand, so that the worker never waits for this process.

        A task that was in hand when a worker died goes alone: the next death has one suspect.
        """
        self._alone = self._alone and bool(self.in_hand)
        while len(self.in_hand) < 2 and not self._alone:
            if suspects and self.in_hand:
                return  # this desk is to be empty first
            self._alone = bool(suspects)
            task = suspects.pop() if suspects else next(queue, None)
            if task is None:
                return
            if self._process is None:
                self._start_worker()
            self.in_hand.append(task)
            with suppress(BrokenPipeError):  # it is dead: the pipe's end says so to `finished`
                self.pipe.send(task)

    def _start_worker(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(self._job, theirs))
        # `start` does this too, and lets interrupts through again when it is done with it.
        resource_tracker.ensure_running()
        with _interrupts_blocked(), environment(KEEPS_MEMORY):
            self._process.start()
        theirs.close()  # so that the worker's own end is the last

    def finished(self) -> TaskDone | None:
        """What the worker says of its oldest task; None if it died instead.

        Raises:
            Exception: what the task raised.
        """
        try:
            done: TaskDone | Exception = self.pipe.recv()
        except (EOFError, OSError):  # OSError: with tasks unread, or in the middle of its answer
            return None
        if isinstance(done, Exception):
            raise done
        self.in_hand.popleft()
        return done

    def vacate(self) -> list[Task]:
        """The tasks that the dead worker had in hand; the next task starts another worker."""
        lost = list(self.in_hand)
        self.in_hand.clear()
        self.hang_up()
        self.leave()
        return lost

    def hang_up(self) -> None:
        """The worker ends after the task that it is doing."""
        if self._process is not None:
            self.pipe.close()

    def leave(self) -> None:
        """Waits for the worker's end."""
        if self._process is not None:
            self._process.join()
            self._process.close()
            self._process = None


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


@contextmanager
def environment(wanted: dict[str, str]) -> Iterator[None]:
    """For processes started here; what the user has set stays."""
    added = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _work(job: Job, pipe: Connection) -> None:
    """The whole life of a worker process: task after task until the pipe ends."""
    for name in THREAD_LIMITS:
        os.environ[name] = "1"
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from qframe import Worker

    with suppress(EOFError, OSError), ExitStack() as stack:
        worker: Worker | None = None
        while True:
            task: Task = pipe.recv()
            try:
                # made at the first task, so that its errors come back
                worker = worker or stack.enter_context(Worker(job))
                answer: TaskDone | Exception = worker.do(task)
            except Exception as error:
                answer = _portable(error)
            pipe.send(answer)


def _portable(error: Exception) -> Exception:
    """The error, if another process can read it; else what it says."""
    if not isinstance(error, QframeError):
        error.add_note(format_exc())
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - it was ours a moment ago
    except Exception:  # a stranger's class may fail in any way
        return WorkerError(f"{type(error).__name__}: {error}")
    return error


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)  # nothing to save: what is not committed is not in the ledger


@hookimpl
def qframe_executors() -> list[type[Executor[Any]]]:
    return [Processes]
