"""Executor: the contract of plugins that run the tasks of a run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import TypeVar

from qframe.contracts.job import Job, TaskDone
from qframe.contracts.plugin import Plugin, PluginOptions
from qframe.recipe.tasks import Task

O_co = TypeVar("O_co", bound=PluginOptions, covariant=True)


class Executor(Plugin[O_co], ABC):
    """Base of executors. An executor runs tasks, on this machine or elsewhere.

    YAML that selects it::

        executor: {plugin: NAME, workers: 2}

    An executor sends plain descriptions of tasks to its workers and gets small results back, never
    unitaries. In each worker it makes one `qframe.Worker(job)` and calls `worker.do(task)`. The
    Worker makes its own plugins and opens its own writer.

    Attributes:
        workers: number of workers that it will use.
    """

    workers: int

    def __init__(self, options: O_co) -> None:
        self.options = options

    @abstractmethod
    def run(self, job: Job, tasks: Iterable[Task]) -> Iterator[TaskDone]:
        """Does all tasks. Yields the result of each as soon as it is stored, in any order.

        The caller closes the iterator to stop early. Tasks in progress may then finish or be
        dropped, because the next run does what the ledger lacks.

        Raises:
            WorkerError: if workers died more often than the executor replaces them.
        """
