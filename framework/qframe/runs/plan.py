"""What a run would do: found out without writing anything."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qframe.config.load import LoadedConfig, output_of
from qframe.config.to_recipe import header_of
from qframe.contracts.executor import Executor
from qframe.contracts.job import Job
from qframe.contracts.storage import Estimate, Storage
from qframe.errors import RecipeMismatch, StorageError
from qframe.machine.disk import writable_ancestor
from qframe.recipe.header import Header
from qframe.recipe.ledger import missing
from qframe.recipe.recipe import Recipe, differences
from qframe.recipe.schema import record_width
from qframe.recipe.tasks import Task, tasks


@dataclass(frozen=True)
class RunPlan:
    """All that is known before the work begins.

    Attributes:
        header: recipe, columns and number of records of the dataset as it will be.
        output: where the dataset is or will be.
        exists: whether a dataset of this recipe is there already.
        stored: records that are there.
        runs: missing blocks, as `(first, end)`.
        task_blocks: blocks a task commits at once.
        estimate: bytes and files of the complete dataset.
        free: free bytes where the output goes.
    """

    loaded: LoadedConfig
    header: Header
    storage: Storage[Any]
    executor: Executor[Any]
    output: Path
    exists: bool
    stored: int
    runs: tuple[tuple[int, int], ...]
    task_blocks: int
    estimate: Estimate
    free: int

    @property
    def recipe(self) -> Recipe:
        return self.header.recipe

    @property
    def to_do(self) -> int:
        """Records that the run will store (a cut block that grows is stored anew)."""
        size, records = self.recipe.block, self.header.records
        return sum(min(end * size, records) - first * size for first, end in self.runs)

    @property
    def task_count(self) -> int:
        return sum(-(-(end - first) // self.task_blocks) for first, end in self.runs)

    def tasks(self) -> Iterator[Task]:
        return tasks(self.runs, self.task_blocks, self.header.records)

    def job(self) -> Job:
        """What the workers are told."""
        plugins = self.loaded.plugins
        return Job(
            recipe=self.recipe.text,
            about=self.header.about,
            records=self.header.records,
            sampler=plugins["sampler"].spec,
            engine=plugins["engine"].spec,
            storage=plugins["storage"].spec,
            output=str(self.output.absolute()),
            config=self.loaded.words,
        )


def plan(loaded: LoadedConfig) -> RunPlan:
    """Looks at config, output and disk, and refuses what cannot work.

    Raises:
        ConfigError, PluginError: as found in the config.
        RecipeMismatch: the output holds another recipe's records; names the fields that differ.
        StorageError: the output is something else, or cannot be written, or does not fit.
    """
    made = look(loaded)
    if made.exists:
        made.storage.check_form()
    if made.runs:
        made.storage.check(made.header)
        _check_space(made)
    return made


def look(loaded: LoadedConfig) -> RunPlan:
    """As `plan`, for a dataset that may be more than the disk or the storage holds."""
    header = header_of(loaded)
    output = output_of(loaded)
    storage = loaded.plugins["storage"].make(output)
    ancestor = writable_ancestor(output)
    stored = 0
    runs: tuple[tuple[int, int], ...] = ((0, header.blocks),)
    exists = output.exists() or output.is_symlink()
    if exists:
        header, stored, runs = _existing(storage, header, output)
    estimate = storage.estimate(header)
    free = shutil.disk_usage(ancestor).free
    return RunPlan(
        loaded=loaded,
        header=header,
        storage=storage,
        executor=loaded.plugins["executor"].make(),
        output=output,
        exists=exists,
        stored=stored,
        runs=runs,
        task_blocks=loaded.config.task_blocks or _task_blocks(header, storage),
        estimate=estimate,
        free=free,
    )


def _existing(
    storage: Storage[Any], header: Header, output: Path
) -> tuple[Header, int, tuple[tuple[int, int], ...]]:
    if not storage.recognises(output):
        raise StorageError(
            f"{output} exists and is not a {storage.name} dataset",
            hint="name another --output, or move it away; if it was one, and is damaged: "
            f"qframe verify {output} --repair --config CONFIG",
        )
    with closing(storage.reader()) as reader:
        if reader.header.recipe.id != header.recipe.id:
            fields = "; ".join(differences(reader.header.recipe.data, header.recipe.data))
            raise RecipeMismatch(
                f"{output} holds records of another recipe: {fields}",
                hint="undo the change in the config, or name another --output",
            )
        records = max(header.records, reader.header.records)
        header = replace(header, records=records, about=reader.header.about)
        present = list(reader.stored())
    return (
        header,
        min(records, sum(run.records for run in present)),
        tuple(missing(present, records, header.recipe.block)),
    )


def _task_blocks(header: Header, storage: Storage[Any]) -> int:
    """As many blocks as the storage likes to commit at once, at least one."""
    return max(1, storage.task_bytes // (header.recipe.block * record_width(header.schema)))


def _check_space(made: RunPlan) -> None:
    share = made.to_do / made.header.records
    need = round(made.estimate.bytes * min(1.0, share))
    if need > made.free:
        raise StorageError(
            f"{made.output} needs about {need:,} bytes, {made.free:,} are free there",
            hint="ask for fewer records, free space, or name another --output",
        )
