"""Executor `serial`: all tasks in the parent process, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from qframe import Executor, Job, PluginOptions, Task, TaskDone, Worker, hookimpl


class Serial(Executor[PluginOptions]):
    """One worker in the parent process: for debugging, small runs, and comparison.

    YAML that selects it::

        executor: serial
    """

    name = "serial"
    workers = 1

    def run(self, job: Job, tasks: Iterable[Task]) -> Iterator[TaskDone]:
        with Worker(job) as worker:
            for task in tasks:
                yield worker.do(task)


@hookimpl
def qframe_executors() -> list[type[Executor[Any]]]:
    return [Serial]
