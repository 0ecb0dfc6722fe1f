"""ExecutorContract: the tests that every executor has to pass."""

from __future__ import annotations

import pickle
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any, ClassVar

import numpy as np
import pytest

from qframe.circuits.arithmetic import fold_for
from qframe.contracts.executor import Executor
from qframe.contracts.job import Job, TaskDone
from qframe.contracts.plugin import PluginSpec
from qframe.contracts.storage import Storage
from qframe.errors import QframeError, StorageError
from qframe.generation.generator import Generator
from qframe.machine.process_mark import process_mark
from qframe.plugins.build import build
from qframe.recipe.header import Header
from qframe.recipe.ledger import missing
from qframe.recipe.recipe import Recipe
from qframe.recipe.schema import schema_of
from qframe.recipe.tasks import Task, tasks
from qframe.testing.examples import example_instructions, same_bytes
from qframe.testing.plugin import PluginContract, require

RECORDS = 20 * 64 + 5
"""Number of records of the example dataset: 20 blocks of 64, and a cut one of 5."""


class ExecutorContract(PluginContract):
    """Tests of an executor: it does every task once, and what is stored can always be finished.

    Subclass it in a test file, and pytest collects the tests::

        class TestMine(ExecutorContract):
            plugin = Mine
            options = {"workers": 2}

    Attributes:
        plugin: the executor class under test.
        options: its options, as they stand in the YAML beside `plugin:`.
        sampler: name and options of the sampler that the workers use.
        engine: name and options of the engine that the workers use.
        storage: name and options of the storage that the workers use.
    """

    plugin: ClassVar[type[Executor[Any]]]
    sampler: ClassVar[tuple[str, dict[str, Any]]] = ("uniform", {"length": {"min": 0, "max": 9}})
    engine: ClassVar[tuple[str, dict[str, Any]]] = ("numpy", {})
    storage: ClassVar[tuple[str, dict[str, Any]]] = ("sqlite", {})

    def make(self) -> Executor[Any]:
        """A new executor with the options."""
        return self.plugin(self.read_options())

    @pytest.fixture
    def job(self, tmp_path: Path) -> Job:
        """A job whose dataset exists and is empty."""
        specs: dict[str, Any] = {
            kind: PluginSpec(kind, *name_and_options, str(tmp_path))
            for kind, name_and_options in (
                ("sampler", self.sampler),
                ("engine", self.engine),
                ("storage", self.storage),
            )
        }
        instructions = example_instructions(1)
        sampler = build(specs["sampler"], instructions)
        identity = {"name": sampler.name, "version": sampler.version, "options": {}}
        recipe = Recipe(instructions, identity, 3, "complex128", fold_for(len(instructions), 1), 64)
        schema = schema_of(
            instructions,
            sampler.max_length,
            recipe.dtype,
            sampler.columns,
            products=not sampler.gives_unitaries,
        )
        header = Header(recipe, schema, RECORDS, {"purpose": "contract kit"})
        path = tmp_path / "dataset"
        storage: Storage[Any] = build(specs["storage"], path)
        storage.create(header)
        return Job(
            recipe=recipe.text,
            about=header.about,
            records=RECORDS,
            output=str(path),
            config="small.yaml",
            **specs,
        )

    def test_workers_says_how_many_it_will_use(self) -> None:
        workers = self.make().workers
        require(isinstance(workers, int) and workers >= 1, f"workers is {workers!r}")

    def test_jobs_and_answers_can_be_carried(self, job: Job) -> None:
        require(pickle.loads(pickle.dumps(job)) == job, "a job does not survive pickling")  # noqa: S301 - our own bytes
        done = list(self.make().run(job, [Task(0, 1, RECORDS)]))
        require(all(isinstance(d, TaskDone) for d in done), f"run() yields {done}")

    def test_every_task_is_done_once(self, job: Job) -> None:
        todo = _all_tasks(job)
        done = list(self.make().run(job, todo))
        require(
            sorted(d.task.first for d in done) == [task.first for task in todo],
            f"tasks done: {sorted(str(d.task) for d in done)}",
        )
        require({d.task for d in done} == set(todo), "tasks were changed on the way")
        for d in done:
            want = min(RECORDS, (d.task.first + d.task.blocks) * 64) - d.task.first * 64
            require(d.records == want, f"{d.task}: says {d.records} records, want {want}")
        _require_complete(job)

    def test_no_task_is_no_work(self, job: Job) -> None:
        require(not list(self.make().run(job, [])), "run() of no tasks yields something")

    def test_a_task_that_is_yielded_is_stored(self, job: Job) -> None:
        with closing(self.make().run(job, _all_tasks(job))) as results:  # type: ignore[type-var]
            for done in results:
                with closing(_storage(job).reader()) as reader:
                    stored = [b for r in reader.stored() for b in range(r.first, r.last + 1)]
                wanted = range(done.task.first, done.task.first + done.task.blocks)
                require(set(wanted) <= set(stored), f"{done.task} is yielded and not in the ledger")
                break

    def test_a_run_that_is_closed_early_can_be_finished(self, job: Job) -> None:
        executor = self.make()
        with closing(executor.run(job, _all_tasks(job))) as results:  # type: ignore[type-var]
            next(results)
        _storage(job).finish()
        _finish_what_is_missing(self.make(), job)

    def test_a_worker_that_outlives_its_run_does_not_hold_the_dataset(self, job: Job) -> None:
        """A run may be killed while its workers, on a cluster, live on and wait for tasks."""
        orphaned = replace(job, run=_mark_of_a_process_that_has_ended())
        with closing(self.make().run(orphaned, _all_tasks(job))) as results:  # type: ignore[type-var]
            next(results)  # and no more: the run is gone, and nobody closed the iterator
            _finish_within(_storage(job), seconds=60)
        _finish_what_is_missing(self.make(), job)

    def test_tasks_are_taken_as_they_are_needed(self, job: Job) -> None:
        """A run of a trillion records has more tasks than fit in memory."""
        taken = 0

        def endless() -> Any:
            nonlocal taken
            yield from _all_tasks(job)
            while True:  # blocks again: the same bytes
                taken += 1
                yield Task(0, 1, RECORDS)

        limit = 50 * self.make().workers + 200
        with closing(self.make().run(job, endless())) as results:  # type: ignore[type-var]
            for _, _ in zip(range(10), results, strict=False):
                require(taken < limit, f"{taken} tasks were taken before ten were done")

    def test_an_error_in_a_worker_comes_back(self, job: Job) -> None:
        unknown = PluginSpec("sampler", "no_such_sampler", {}, job.sampler.base)
        broken = Job(**{**vars(job), "sampler": unknown})
        with pytest.raises(QframeError, match="no_such_sampler"):
            list(self.make().run(broken, _all_tasks(job)))


def _all_tasks(job: Job) -> list[Task]:
    return list(tasks([(0, 21)], 4, job.records))


def _storage(job: Job) -> Storage[Any]:
    storage: Storage[Any] = build(job.storage, Path(job.output))
    return storage


def _generator(job: Job) -> tuple[Generator, Header]:
    recipe = Recipe.from_text(job.recipe)
    generator = Generator.from_specs(recipe, job.sampler, job.engine)
    return generator, Header(recipe, generator.schema, job.records, dict(job.about))


def _mark_of_a_process_that_has_ended() -> str:
    code = "import sys; sys.stdin.read()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603 - this Python
        return process_mark(process.pid)


def _finish_within(storage: Storage[Any], seconds: float) -> None:
    """Requires that the dataset is finished, by so many seconds from now."""
    end = monotonic() + seconds
    while not storage.finished():
        try:
            storage.finish()
        except StorageError as held:
            require(monotonic() < end, f"a worker still holds the dataset: {held.message}")
            sleep(0.05)


def _finish_what_is_missing(executor: Executor[Any], job: Job) -> None:
    storage = _storage(job)
    storage.resume(_generator(job)[1])
    with closing(storage.reader()) as reader:
        runs = list(missing(reader.stored(), RECORDS, 64))
    list(executor.run(job, list(tasks(runs, 4, RECORDS))))
    _require_complete(job)


def _require_complete(job: Job) -> None:
    """Requires that all blocks are stored, with the bits that this process makes."""
    storage = _storage(job)
    storage.finish()
    generator, header = _generator(job)
    with closing(storage.reader()) as reader:
        runs = list(reader.stored())
        require(not list(missing(runs, RECORDS, 64)), f"stored are only {runs}")
        for index in range(header.blocks):
            [want] = generator.blocks(index, [header.records_in(index)])
            got = reader.read(index)
            for column in header.schema:
                require(
                    same_bytes(got[column.name], np.ascontiguousarray(want.arrays[column.name])),
                    f"block {index}: {column.name} differs from what this process makes",
                )
