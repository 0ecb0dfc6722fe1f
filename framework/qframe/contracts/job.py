"""Job and TaskDone: what a worker gets and what it returns, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qframe.contracts.plugin import PluginSpec
from qframe.recipe.tasks import Task


@dataclass(frozen=True)
class Job:
    """Everything that a worker needs. It holds no plugin objects, so that any process can load it.

    Attributes:
        recipe: canonical text of the recipe; gate matrices come from here.
        about: notes for people in the header, such as the version of qframe.
        records: number of records of the whole dataset.
        sampler: description of the sampler.
        engine: description of the engine.
        storage: description of the storage.
        output: absolute path of the dataset.
        config: the config as a command line names it, with its overrides.
        patience_s: seconds for which a worker repeats a call that raises StorageBusy.
        run: names the run and the process that started it; empty if no run did.
        plugins: which code the plugins are, by kind: version, package, SHA-256 of the file. A
            worker whose own differ refuses the job.
        proof: SHA-256 over the first records of block 0 (`Generator.proof`). A worker makes them
            too before it stores anything; empty: it does not.
        files: path, device and inode of the files that the run writes. A worker writes nothing once
            another file stands in the place of one of them.
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
    run: str = ""
    plugins: Mapping[str, str] = field(default_factory=dict)
    proof: bytes = b""
    files: tuple[tuple[str, int, int], ...] = ()

    @property
    def serial(self) -> str:
        """The command that finishes the run in one process, for error messages."""
        said = any(word in self.config for word in ("executor=serial", 'executor="serial"'))
        return f"qframe run {self.config}" + ("" if said else " --set executor=serial")


@dataclass(frozen=True)
class TaskDone:
    """The result of a task that is stored.

    Attributes:
        task: the task.
        records: number of its records.
        generate_s: seconds that it took to generate them.
        write_s: seconds that it took to store them.
        worker: number that the system gives the thread which did the task. The number of a process
            is that of its first thread.
        counters: by how much `Writer.counters` grew since the worker's last result; and
            `refusals`, how often the storage raised `StorageBusy`.
        memory: peak memory of the worker's process so far, in bytes; 0: not known.
    """

    task: Task
    records: int
    generate_s: float
    write_s: float
    worker: int
    counters: Mapping[str, float] = field(default_factory=dict)
    memory: int = 0
