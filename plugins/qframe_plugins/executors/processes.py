"""Executor `processes`, the default: one worker process per core.

Every worker process imports this module before NumPy, so that `_worker_main` can limit NumPy's
threads first.
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
"""Environment of a worker: glibc then keeps freed memory in the process. It reads these at start.

A worker frees its arrays and SQLite's pages after every task, and allocates as many for the next.
If glibc gave them back, the kernel would hand them out again page by page, zeroed. That takes a
sixth of the CPU time of two writers (measured).
"""

_log = logging.getLogger(__name__)


class ProcessesOptions(PluginOptions):
    """Options of `processes`."""

    workers: int | None = Field(
        None, ge=1, le=4096, description="processes; one per core if left out"
    )
    attempts: int = Field(
        3, ge=1, le=100, description="deaths of its worker after which the run gives a task up"
    )


class Processes(Executor[ProcessesOptions]):
    """Worker processes, started with `spawn`; each has its own connection and one BLAS thread.

    YAML that selects it::

        executor: {plugin: processes, workers: 8}

    A worker that dies is replaced, and its tasks in hand are done again, at most `attempts` times
    in all. Workers end by themselves when the parent process ends, however it ends.
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
        workers = [WorkerProcess(job) for _ in range(self.workers)]
        try:
            while True:
                for worker in workers:
                    worker.submit(queue, suspects)
                busy = {worker.pipe: worker for worker in workers if worker.in_hand}
                if not busy:
                    return
                for pipe in wait_for(list(busy)):
                    worker = busy[cast("Connection", pipe)]
                    done = worker.result()
                    if done is not None:
                        yield done
                    else:
                        lost = worker.lost_tasks()
                        deaths.update(lost)
                        _give_up_if_hopeless(deaths, self.options.attempts, job.serial)
                        _log.warning("a worker died; doing again: %s", ", ".join(map(str, lost)))
                        suspects += lost
        finally:
            # A task that a worker is doing ends (tasks are short); tasks that wait are dropped.
            for worker in workers:
                worker.close_pipe()
            for worker in workers:
                worker.join()


class WorkerProcess:
    """One worker process, the pipe to it, and the tasks that it has in hand.

    The process is started with the first task, and again with the first task after its death.

    Not a `ProcessPoolExecutor`: if one of its workers dies while a task is submitted or a process
    is started, the task is lost and the run waits for ever (`terminate_broken` and `submit` of
    Python 3.11 change the same dicts). Here only one thread acts, each worker has its own pipe,
    and the end of a pipe means that its worker died, and no other.

    Attributes:
        in_hand: tasks that were sent to the worker and have no result yet, oldest first.
        pipe: the parent's end of the pipe; set once the process is started.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._process: SpawnProcess | None = None
        self._alone = False
        self.in_hand: deque[Task] = deque()
        self.pipe: Connection

    def submit(self, queue: Iterator[Task], suspects: list[Task]) -> None:
        """Sends tasks until two are in hand, so that the worker never waits for the parent.

        A suspect, a task that was in hand when a worker died, is sent alone: if the worker dies
        again, it is known which task did it.

        Args:
            queue: the tasks of the run.
            suspects: taken before those of the queue.
        """
        self._alone = self._alone and bool(self.in_hand)
        while len(self.in_hand) < 2 and not self._alone:
            if suspects and self.in_hand:
                return  # the worker has to be idle first
            self._alone = bool(suspects)
            task = suspects.pop() if suspects else next(queue, None)
            if task is None:
                return
            if self._process is None:
                self._start()
            self.in_hand.append(task)
            with suppress(BrokenPipeError):  # it is dead: `result` will see the pipe's end
                self.pipe.send(task)

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, workers_end = context.Pipe()
        self._process = context.Process(target=_worker_main, args=(self._job, workers_end))
        # `start` would do this too, but with interrupts unblocked afterwards.
        resource_tracker.ensure_running()
        with _interrupts_blocked(), environment(KEEPS_MEMORY):
            self._process.start()
        workers_end.close()  # then the pipe ends when the worker's copy is closed

    def result(self) -> TaskDone | None:
        """What the worker reports of its oldest task in hand; None if the worker died.

        Raises:
            Exception: what the task raised.
        """
        try:
            done: TaskDone | Exception = self.pipe.recv()
        except (EOFError, OSError):  # OSError: it died with tasks unread, or while it answered
            return None
        if isinstance(done, Exception):
            raise done
        self.in_hand.popleft()
        return done

    def lost_tasks(self) -> list[Task]:
        """Takes back the tasks that the dead worker had in hand; the next task starts another."""
        lost = list(self.in_hand)
        self.in_hand.clear()
        self.close_pipe()
        self.join()
        return lost

    def close_pipe(self) -> None:
        """Makes the worker end after the task that it is doing."""
        if self._process is not None:
            self.pipe.close()

    def join(self) -> None:
        """Waits until the worker process has ended."""
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
    """Blocks Ctrl-C for the processes started meanwhile: the parent decides when they stop."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def environment(wanted: dict[str, str]) -> Iterator[None]:
    """Sets variables for the processes started meanwhile, except those that the user has set."""
    added = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _worker_main(job: Job, pipe: Connection) -> None:
    """What a worker process runs: does task after task until the pipe ends."""
    for name in THREAD_LIMITS:
        os.environ[name] = "1"
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from qframe import Worker

    with suppress(EOFError, OSError), ExitStack() as stack:
        worker: Worker | None = None
        while True:
            task: Task = pipe.recv()
            try:
                # made with the first task, so that its errors are sent back too
                worker = worker or stack.enter_context(Worker(job))
                answer: TaskDone | Exception = worker.do(task)
            except Exception as error:
                answer = _picklable(error)
            pipe.send(answer)


def _picklable(error: Exception) -> Exception:
    """The error itself, or a WorkerError with its text if it cannot be sent to the parent."""
    if not isinstance(error, QframeError):
        error.add_note(format_exc())
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - this process made it
    except Exception:  # a plugin's exception class may fail in any way
        return WorkerError(f"{type(error).__name__}: {error}")
    return error


def _end_with_parent() -> None:
    """Waits for the parent's end, and then ends this process at once."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)  # nothing to save: the ledger lists what is committed


@hookimpl
def qframe_executors() -> list[type[Executor[Any]]]:
    return [Processes]
