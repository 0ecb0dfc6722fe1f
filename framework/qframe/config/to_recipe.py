"""What a run would do: found out without writing anything."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qframe import __version__
from qframe.blame import origin
from qframe.circuits.arithmetic import fold_for
from qframe.circuits.gates import InstructionSet
from qframe.config.load import LoadedConfig
from qframe.config.model import LABEL_NAMES
from qframe.contracts.executor import Executor
from qframe.contracts.job import Job
from qframe.contracts.sampler import Sampler
from qframe.contracts.storage import Estimate, Header, Storage
from qframe.errors import ConfigError, PluginError, QframeError, RecipeMismatch, StorageError
from qframe.exactness import check_exact, key_of
from qframe.generation.generator import build, full_schema
from qframe.plugins.resolve import file_sha256, local_path
from qframe.recipe.blocks import Task, missing, records_per_block, tasks
from qframe.recipe.columns import record_width, schema_of
from qframe.recipe.recipe import Recipe, differences


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


def gate_set_of(loaded: LoadedConfig) -> InstructionSet:
    """The instructions that a config asks for. Runs the gate set."""
    with _named(loaded, "gate_set"):
        instructions: InstructionSet = build(loaded.plugins["gate_set"].spec).instructions()
    return instructions


def header_of(loaded: LoadedConfig) -> Header:
    """The header that a config asks for. Runs the gate set and builds the sampler."""
    plugins = loaded.plugins
    instructions = gate_set_of(loaded)
    with _named(loaded, "sampler"):
        sampler = build(plugins["sampler"].spec, instructions)
    _check_count(loaded, sampler.count)
    spec = plugins["sampler"].spec
    identity: dict[str, Any] = {
        "name": sampler.name,
        "version": sampler.version,
        "options": plugins["sampler"].options.model_dump(mode="json"),
    }
    file = local_path(spec.plugin, Path(spec.base))
    if file is not None:
        identity["sha256"] = file_sha256(file)
    base = schema_of(instructions, sampler.max_length, loaded.config.dtype)
    key = key_of(loaded, instructions, sampler)
    check_exact(loaded, instructions, sampler)
    recipe = Recipe(
        instructions=instructions,
        sampler=identity,
        seed=loaded.config.seed,
        dtype=loaded.config.dtype,
        fold=_fold(sampler, instructions),
        block=records_per_block(record_width(base)),
        labels=tuple(name for name in LABEL_NAMES if name in loaded.config.labels),
        arithmetic=loaded.config.arithmetic,
        key=key,
    )
    about = {
        "qframe": __version__,
        "gate_set": plugins["gate_set"].spec.plugin,
        "sampler": spec.plugin,
    }
    products = not sampler.gives_unitaries
    schema = full_schema(recipe, sampler)
    return Header(recipe, schema, loaded.config.records, about, products)


def _fold(sampler: Sampler[Any], instructions: InstructionSet) -> int:
    """The sampler's own fold, else the longest that the law allows."""
    longest = fold_for(len(instructions), instructions.qubits)
    if sampler.fold is None:
        return longest
    if not 1 <= sampler.fold <= longest:
        raise PluginError(f"sampler {sampler.name!r}: fold is {sampler.fold}, want 1 to {longest}")
    return sampler.fold


def _check_count(loaded: LoadedConfig, count: int | None) -> None:
    """Refuses more records than a sampler that ranks has."""
    if count is not None and loaded.config.records > count:
        raise ConfigError(
            f"{loaded.document.where(('records',))}: records: got {loaded.config.records:,}, "
            f"the sampler {loaded.plugins['sampler'].spec.plugin!r} has {count:,} with these "
            "options",
            hint=f"set records: {count}, or widen the sampler's options",
        )


@contextmanager
def _named(loaded: LoadedConfig, kind: str) -> Iterator[None]:
    """Says where in the config a plugin stands that refuses its options, or that is broken."""
    where = f"{loaded.document.where((kind,))}: {kind}"
    try:
        yield
    except ConfigError as cause:
        raise ConfigError(f"{where}: {cause.message}", hint=cause.hint) from cause
    except QframeError:
        raise
    except Exception as cause:
        raise PluginError(
            f"{where}: plugin {origin(loaded.plugins[kind].spec)} raised "
            f"{type(cause).__name__}: {cause}",
            hint=f"reproduce with: qframe check {loaded.words}",
        ) from cause


def output_of(loaded: LoadedConfig) -> Path:
    """`output:` of the config, from the working directory; else `data/<config name><suffix>`."""
    if loaded.config.output is not None:
        return Path(loaded.config.output)
    storage: Any = loaded.plugins["storage"].cls
    return Path("data") / f"{loaded.path.stem}{storage.suffix}"


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
    storage = build(loaded.plugins["storage"].spec, output)
    executor: Any = loaded.plugins["executor"].cls
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
        executor=executor(loaded.plugins["executor"].options),
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


def writable_ancestor(output: Path) -> Path:
    """The nearest directory above the output that is there; refuses one that is not writable."""
    ancestor = output.absolute().parent
    while not ancestor.exists():
        ancestor = ancestor.parent
    if not ancestor.is_dir():
        raise StorageError(
            f"{output} cannot be made: {ancestor} is a file, want a directory",
            hint="name another --output",
        )
    if not os.access(ancestor, os.W_OK | os.X_OK) and not output.exists():
        raise StorageError(
            f"{output} cannot be made: {ancestor} is not writable",
            hint="name another --output, or change its permissions",
        )
    return ancestor


def _check_space(made: RunPlan) -> None:
    share = made.to_do / made.header.records
    need = round(made.estimate.bytes * min(1.0, share))
    if need > made.free:
        raise StorageError(
            f"{made.output} needs about {need:,} bytes, {made.free:,} are free there",
            hint="ask for fewer records, free space, or name another --output",
        )
