"""What a worker is told, and what it answers: plain data that any executor can carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qframe.contracts.plugin import PluginSpec
from qframe.recipe.tasks import Task


@dataclass(frozen=True)
class Job:
    """Everything that a worker needs. Holds no plugin objects, so that it pickles everywhere.

    Attributes:
        recipe: the recipe's canonical text; gate matrices come from here.
        about: the header's words for people.
        records: records of the whole dataset.
        output: absolute path of the dataset.
        config: the config as a command line names it, overrides included.
        patience_s: for how long a worker tries again what the storage was too busy for.
    """

    recipe: str
    about: Mapping[str, str]
    records: int
    sampler: PluginSpec
    engine: PluginSpec
    storage: PluginSpec
    output: str
    config: str
    patience_s: float = 0.0

    @property
    def serial(self) -> str:
        """The command that does what is missing in one process, for error messages."""
        return f"qframe run {self.config} --set executor=serial"


@dataclass(frozen=True)
class TaskDone:
    """A stored task: its records, and the seconds that making and writing them took.

    Attributes:
        worker: the system's number of the thread that did it; that of a process is its first's.
        counters: what `Writer.counters` grew by since the worker's last answer; and `refusals`, how
            often the storage was too busy (`StorageBusy`).
        memory: most bytes of memory that the worker's process has had so far; 0: not known.
    """

    task: Task
    records: int
    generate_s: float
    write_s: float
    worker: int
    counters: Mapping[str, float] = field(default_factory=dict)
    memory: int = 0
