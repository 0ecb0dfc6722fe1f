"""What a worker process runs: task after task, until its parent closes the pipe or ends."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection
from traceback import format_exc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qframe import Job, Task, TaskDone, Worker

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that a whole process group or job may get. The parent decides what they mean."""


def main(pipe: int, lifeline: int) -> None:
    """Does the tasks of one job.

    Args:
        pipe: file descriptor of this end of the pipe: a Job comes first, then Tasks.
        lifeline: file descriptor of a pipe whose other end only the parent has.
    """
    _leave_signals_to_the_parent()
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()
    with suppress(EOFError, OSError), Connection(pipe) as connection:
        _do_tasks(connection)


def _do_tasks(connection: Connection) -> None:
    job: Job = connection.recv()
    with ExitStack() as stack:
        worker: Worker | None = None
        while True:
            task: Task = connection.recv()
            try:
                from qframe import Worker

                # made with the first task, so that its errors are sent back too
                worker = worker or stack.enter_context(Worker(job))
                answer: TaskDone | Exception = worker.do(task)
            except MemoryError:
                answer = _out_of_memory()
            except Exception as error:
                answer = _picklable(error)
            connection.send(answer)


def _out_of_memory() -> Exception:
    from qframe import WorkerError

    return WorkerError(
        "a worker process ran out of memory",
        hint="raise its limit (`ulimit -v`), or use smaller --set task_blocks",
    )


def _picklable(error: Exception) -> Exception:
    """The error itself, or a WorkerError with its text if it cannot be sent to the parent."""
    from qframe import QframeError, WorkerError

    if not isinstance(error, QframeError):
        error.add_note(format_exc())
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - this process made it
    except Exception:  # a plugin's exception class may fail in any way
        return WorkerError(f"{type(error).__name__}: {error}")
    return error


def _leave_signals_to_the_parent() -> None:
    """Makes signals do nothing here, without changing them for programs that a plugin starts.

    The parent has blocked them for this process, so that none came before this.
    """
    for number in STOPPING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
            signal.siginterrupt(number, False)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def _end_with_parent(lifeline: int) -> None:
    """Waits for the parent's end, and then ends this process at once."""
    os.read(lifeline, 1)
    os._exit(1)  # nothing to save: the ledger lists what is committed
