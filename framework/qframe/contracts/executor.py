"""The executor contract: who does the tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import TypeVar

from qframe.contracts.job import Job, TaskDone
from qframe.contracts.plugin import Plugin, PluginOptions
from qframe.recipe.tasks import Task

O_co = TypeVar("O_co", bound=PluginOptions, covariant=True)


class Executor(Plugin[O_co], ABC):
    """Runs tasks, on this machine or elsewhere.

    YAML that selects it::

        executor: {plugin: NAME, workers: 2}

    An executor carries plain task descriptions out and small results back, never unitaries. In
    each worker it makes one `qframe.runs.worker.Worker(job)`, which resolves its own plugins and
    opens its own writer, and calls `worker.do(task)`.

    Attributes:
        workers: how many workers it will use.
    """

    workers: int

    def __init__(self, options: O_co) -> None:
        self.options = options

    @abstractmethod
    def run(self, job: Job, tasks: Iterable[Task]) -> Iterator[TaskDone]:
        """Does all tasks, and yields what was stored as it is stored, in any order.

        The caller closes the iterator to stop early: tasks in progress may finish or be dropped,
        since whatever the ledger lacks is done by the next run.

        Raises:
            WorkerError: if a worker dies more often than the executor is willing to replace it.
        """
