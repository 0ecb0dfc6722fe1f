"""worker_for: the worker of this thread, for executors that cannot tell when a run ends."""

from __future__ import annotations

import threading

from qframe.contracts.job import Job
from qframe.runs.worker import Worker

_of_thread = threading.local()


def worker_for(job: Job) -> Worker:
    """The worker of this thread for a job, made with the first call.

    For functions that a cluster calls with one task after another. The worker that this thread had
    for another job is closed.

    Raises:
        QframeError: as `Worker`.
    """
    kept: Worker | None = getattr(_of_thread, "worker", None)
    if kept is not None and kept.job == job and not kept.closed:
        return kept
    if kept is not None:
        _of_thread.worker = None
        kept.close()
    _of_thread.worker = made = Worker(job)
    return made
