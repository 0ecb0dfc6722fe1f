"""Executor `processes`, the default: one worker process per core."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from time import monotonic, sleep
from typing import Any, cast

from pydantic import Field

from qframe import (
    Executor,
    Job,
    PluginError,
    PluginOptions,
    Task,
    TaskDone,
    WorkerError,
    hookimpl,
    stop_requested,
)
from qframe_plugins.executors._processes.start import Lifeline, start_worker

GRACE_S = 4.0
"""Seconds after a signal until which tasks that have begun may end."""

LOOK_EVERY_S = 0.25
"""Seconds after which a run that waits for its workers looks whether it has to stop."""

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
    """Worker processes, each a new interpreter with its own connection and one BLAS thread.

    YAML that selects it::

        executor: {plugin: processes, workers: 8}

    A worker that dies is replaced, and its tasks in hand are done again, at most `attempts` times
    in all. Workers end by themselves when the parent process ends, however it ends. They never
    import the caller's `__main__`, and leave signals to the parent.
    """

    name = "processes"
    Options = ProcessesOptions

    def __init__(self, options: ProcessesOptions) -> None:
        super().__init__(options)
        self.workers = options.workers or available_cores()

    def run(self, job: Job, tasks: Iterable[Task]) -> Iterator[TaskDone]:
        _check_plugins(job)
        queue = iter(tasks)
        suspects: list[Task] = []
        deaths: Counter[Task] = Counter()
        lifeline = Lifeline()
        workers = [WorkerProcess(job, lifeline) for _ in range(self.workers)]
        overdue = Overdue()
        try:
            while True:
                for worker in workers:
                    worker.submit(queue, suspects)
                busy = {worker.pipe: worker for worker in workers if worker.in_hand}
                if not busy or overdue():
                    return
                for pipe in _ready(busy):
                    worker = busy[pipe]
                    done = worker.result()
                    if done is not None:
                        yield done
                    else:
                        lost, how = worker.lost_tasks()
                        deaths.update(lost)
                        _give_up_if_hopeless(deaths, self.options.attempts, how, job.serial)
                        again = ", ".join(map(str, lost))
                        _log.warning("a worker died; doing again: %s (%s)", again, how)
                        suspects += lost
        finally:
            _end(workers, overdue)
            lifeline.close()


class Overdue:
    """Says whether a signal came so long ago that work in hand is given up."""

    def __init__(self) -> None:
        self._end: float | None = None

    def __call__(self) -> bool:
        if self._end is None and stop_requested():
            self._end = monotonic() + GRACE_S
        return self._end is not None and monotonic() > self._end


def _ready(busy: Mapping[Connection, WorkerProcess]) -> list[Connection]:
    """The pipes that have something to read; none if for a moment there was nothing."""
    return [cast("Connection", pipe) for pipe in wait_for(list(busy), LOOK_EVERY_S)]


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

    def __init__(self, job: Job, lifeline: Lifeline) -> None:
        self._job = job
        self._lifeline = lifeline
        self._process: subprocess.Popen[bytes] | None = None
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
        self._process, self.pipe = start_worker(self._lifeline)
        with suppress(BrokenPipeError):
            self.pipe.send(self._job)

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

    def lost_tasks(self) -> tuple[list[Task], str]:
        """Takes back the tasks that the dead worker had in hand; the next task starts another.

        Returns:
            the tasks, and how the worker ended, in words.
        """
        lost = list(self.in_hand)
        self.in_hand.clear()
        self.close_pipe()
        return lost, _ending(self.join())

    def close_pipe(self) -> None:
        """Makes the worker end after the task that it is doing."""
        if self._process is not None:
            self.pipe.close()

    def ended(self) -> bool:
        """Whether the worker process has ended, or was never started."""
        return self._process is None or self._process.poll() is not None

    def join(self) -> int:
        """Waits until the worker process has ended; returns its exit code, or 0 if it has none."""
        code = 0
        if self._process is not None:
            code = self._process.wait()
            self._process = None
        return code

    def kill(self) -> None:
        """Ends the worker at once."""
        if self._process is not None:
            self._process.kill()
            self.join()


def _end(workers: Iterable[WorkerProcess], overdue: Overdue) -> None:
    """Ends the workers. A task that one is doing ends first; tasks that wait are dropped.

    A task that is still not stored some seconds after a signal is dropped, too: its worker may wait
    for the lock of another program.
    """
    for worker in workers:
        worker.close_pipe()
    try:
        for worker in workers:
            while not worker.ended():
                if overdue():
                    worker.kill()
                sleep(0.002)
            worker.join()
    except BaseException:  # such as a second Ctrl-C
        for worker in workers:
            worker.kill()
        raise


def _ending(code: int) -> str:
    """How a process with this exit code ended, in words."""
    if code >= 0:
        return f"it ended with exit code {code}"
    return f"it was killed by {signal.Signals(-code).name}"


def _give_up_if_hopeless(deaths: Counter[Task], attempts: int, how: str, command: str) -> None:
    hopeless = [str(task) for task, count in deaths.items() if count >= attempts]
    if hopeless:
        memory = ": look for `Out of memory` in the kernel log, and try fewer --workers"
        raise WorkerError(
            f"a worker died {attempts} times while these were in hand: {', '.join(hopeless)}",
            hint=f"{how}{memory if 'SIGKILL' in how else ''}; see it in one process: {command}",
        )


def _check_plugins(job: Job) -> None:
    """Refuses plugins that are defined in the script: no worker imports it.

    Raises:
        PluginError: naming the plugin.
    """
    for spec in (job.sampler, job.engine, job.storage):
        if spec.plugin.partition(":")[0] == "__main__":
            raise PluginError(
                f"{spec.kind} {spec.plugin!r} is defined in the script that runs, which worker "
                "processes do not import",
                hint="put it into a .py file and name that file, or use executor: threads",
            )


def available_cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


@hookimpl
def qframe_executors() -> list[type[Executor[Any]]]:
    return [Processes]
