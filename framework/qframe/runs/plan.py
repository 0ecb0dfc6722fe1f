"""RunPlan: what a run will do. Making the plan writes nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from typing import Any

from qframe.config.load import LoadedConfig, output_of
from qframe.config.notes import notes_on
from qframe.config.to_recipe import header_of, make_circuits
from qframe.contracts.executor import Executor
from qframe.contracts.job import Job
from qframe.contracts.storage import Estimate, Storage
from qframe.dataset.storages import installed_storages, refuse_unreadable
from qframe.errors import ConfigError, RecipeMismatch, StorageError
from qframe.machine.disk import writable_ancestor
from qframe.machine.places import real_file, refuse_cut_repair, refuse_long_name
from qframe.machine.process_mark import process_mark
from qframe.printable import shell_words
from qframe.recipe.header import Header
from qframe.recipe.ledger import Stored, missing
from qframe.recipe.recipe import Recipe, differences
from qframe.recipe.schema import record_width
from qframe.recipe.tasks import Task, tasks
from qframe.runs.same_plugins import identities


@dataclass(frozen=True)
class RunPlan:
    """What a run will do.

    Attributes:
        loaded: the config.
        header: recipe, columns and number of records of the complete dataset.
        storage: the storage, at `output`.
        executor: the executor.
        output: path of the dataset.
        exists: whether a dataset of this recipe is at `output` already.
        stored: number of records in it.
        runs: the missing blocks, as `(first, end)` without `end` itself.
        task_blocks: number of blocks that a task commits at once.
        estimate: bytes and files of the complete dataset.
        free: free bytes on the disk of the output.
        notes: what the user should know though nothing is wrong: one line each.
        trimmed: number of records that the dataset was to have, if the config asks for fewer now
            and no more are stored; else None.
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
    notes: tuple[str, ...] = ()
    trimmed: int | None = None

    @property
    def recipe(self) -> Recipe:
        """The recipe of the dataset."""
        return self.header.recipe

    @property
    def to_do(self) -> int:
        """Number of records that the run will store.

        The last block of a smaller dataset may be cut. It is stored again as a whole.
        """
        size, records = self.recipe.block, self.header.records
        return sum(min(end * size, records) - first * size for first, end in self.runs)

    @property
    def task_count(self) -> int:
        """Number of tasks."""
        return sum(-(-(end - first) // self.task_blocks) for first, end in self.runs)

    def tasks(self) -> Iterator[Task]:
        """The tasks, in the order of their blocks."""
        return tasks(self.runs, self.task_blocks, self.header.records)

    def job(self) -> Job:
        """The plain data that each worker is given."""
        plugins = self.loaded.plugins
        job = Job(
            recipe=self.recipe.text,
            about=self.header.about,
            records=self.header.records,
            sampler=plugins["sampler"].spec,
            engine=plugins["engine"].spec,
            storage=plugins["storage"].spec,
            output=str(self.storage.path.absolute()),
            config=self.loaded.command_line,
            run=f"{process_mark(os.getpid())} {token_hex(8)}",
        )
        return replace(job, plugins=identities(job))


def plan(loaded: LoadedConfig) -> RunPlan:
    """The plan of a run that can be done.

    Raises:
        ConfigError, PluginError: something in the config is wrong.
        RecipeMismatch: the output holds records of another recipe; names the fields that differ.
        StorageError: the output is no dataset of this storage, or cannot be written, or is too
            large for the disk.
    """
    planned = unchecked_plan(loaded)
    _check_records(planned)
    if planned.exists:
        planned.storage.check_form()
        _check_options(planned)
    if planned.runs:
        planned.storage.check(planned.header)
        _check_space(planned)
    return planned


def unchecked_plan(loaded: LoadedConfig) -> RunPlan:
    """The plan of a run whose dataset may be too large for the disk or for the storage.

    Raises:
        ConfigError, PluginError, RecipeMismatch, StorageError: as `plan`, but for the size.
    """
    made = make_circuits(loaded)
    header = header_of(loaded, made)
    output = output_of(loaded)
    executor = loaded.plugins["executor"].make()
    storage = loaded.plugins["storage"].make(real_file(output))
    ancestor = writable_ancestor(storage.path)
    refuse_cut_repair(storage.path)
    found = _Found(header, 0, ((0, header.blocks),))
    notes = notes_on(loaded, made, {"storage": storage, "executor": executor})
    exists = os.path.lexists(storage.path)
    if exists:
        found = _existing(storage, header, output)
        header = found.header
        estimate = type(storage)(storage.made_with(), storage.path).estimate(header)
    else:
        refuse_long_name(storage.path)
        estimate = storage.estimate(header)
    if found.trimmed is not None:
        now = f"it is to have {header.records:,} now"
        notes = (*notes, f"{output} was to have {found.trimmed:,} records: {now}")
    free = shutil.disk_usage(ancestor).free
    return RunPlan(
        loaded=loaded,
        header=header,
        storage=storage,
        executor=executor,
        output=output,
        exists=exists,
        stored=found.stored,
        runs=found.runs,
        task_blocks=loaded.config.task_blocks or _task_blocks(header, storage),
        estimate=estimate,
        free=free,
        notes=tuple(notes),
        trimmed=found.trimmed,
    )


@dataclass(frozen=True)
class _Found:
    """What is at the output: header, number of stored records, missing blocks; see `RunPlan`."""

    header: Header
    stored: int
    runs: tuple[tuple[int, int], ...]
    trimmed: int | None = None


def _existing(storage: Storage[Any], header: Header, output: Path) -> _Found:
    """What the dataset at `output` holds, and lacks."""
    if not storage.recognises(storage.path):
        refuse_unreadable(storage.path)
        other = next((s.name for s in installed_storages() if s.recognises(storage.path)), None)
        if other is not None:
            raise StorageError(
                f"{output} exists and is not a {storage.name} dataset, but one of storage {other}",
                hint=f"--storage {other}, or name another --output",
            )
        raise StorageError(
            f"{output} exists and is not a {storage.name} dataset",
            hint="name another --output, or move it away; if it was one, and is damaged: "
            f"{shell_words('qframe', 'verify', output, '--repair')} --config CONFIG",
        )
    with closing(storage.reader()) as reader:
        if reader.header.recipe.id != header.recipe.id:
            fields = "; ".join(differences(reader.header.recipe.data, header.recipe.data))
            raise RecipeMismatch(
                f"{output} holds records of another recipe: {fields}",
                hint="undo the change in the config, or name another --output",
            )
        present, before = list(reader.stored()), reader.header.records
        header = replace(header, about=reader.header.about)
    records = _records(present, header, before, output)
    return _Found(
        replace(header, records=records),
        min(records, sum(run.records for run in present)),
        tuple(missing(present, records, header.recipe.block)),
        before if records < before else None,
    )


def _records(present: list[Stored], header: Header, before: int, output: Path) -> int:
    """Number of records that a dataset is to have which was to have `before`.

    A complete dataset keeps all that it has. The wish for more than is stored can be taken back.

    Raises:
        StorageError: the dataset is not complete, and holds more than the config asks for.
    """
    size = header.recipe.block
    if header.records >= before or not list(missing(present, before, size)):
        return max(header.records, before)
    end = max((run.first * size + run.records for run in present), default=0)
    if header.records >= end:
        return header.records
    raise StorageError(
        f"{output} is to have {before:,} records and holds some up to record {end:,}, the config "
        f"asks for {header.records:,}",
        hint=f"--records {before} finishes it, --records {end} keeps what is stored",
    )


def _check_records(planned: RunPlan) -> None:
    """Refuses a number of records with which the dataset could not be opened again."""
    most = planned.header.most_records
    if planned.header.records > most:
        where = planned.loaded.document.where(("records",))
        raise ConfigError(
            f"{where}: records: got {planned.header.records:,}, a dataset of these columns has at "
            f"most {most:,}"
        )


def _check_options(planned: RunPlan) -> None:
    """Refuses options that the config sets and that ask for another form than the dataset has.

    A default is no wish: what the config leaves out is as the dataset has it.
    """
    options, own = planned.storage.options, planned.storage.made_with()
    for name in sorted(options.model_fields_set):
        asked, has = getattr(options, name), getattr(own, name, None)
        if asked is not None and asked != has:
            where = planned.loaded.document.where(("storage", name))
            raise StorageError(
                f"{where}: storage.{name}: got {_word(asked)}, {planned.output} was made with "
                f"{_word(has)}",
                hint="leave the option out of the config, or name another --output",
            )


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _task_blocks(header: Header, storage: Storage[Any]) -> int:
    """Number of blocks in a task: at least one, and no more bytes than the storage prefers."""
    return max(1, storage.task_bytes // (header.recipe.block * record_width(header.schema)))


def _check_space(planned: RunPlan) -> None:
    share = planned.to_do / planned.header.records
    need = round(planned.estimate.bytes * min(1.0, share))
    if need > planned.free:
        raise StorageError(
            f"{planned.output} needs about {need:,} bytes, {planned.free:,} are free there",
            hint="ask for fewer records, free space, or name another --output",
        )
