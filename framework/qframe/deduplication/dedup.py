"""`qframe.dedup`: makes a new dataset with one record per unitary.

A record of the new dataset is not a function of its index and of a recipe alone. It depends on the
recipe of the source, on the number of records of the source, and on the operation. So the new
recipe is that of the source with the field `derived` added. Record i of the new dataset is the
record of the source whose index stands in the column `source`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.__about__ import __version__
from qframe.config.load import refuse_local
from qframe.config.model import default_plugin
from qframe.contracts.plugin import PluginSpec
from qframe.contracts.storage import Storage
from qframe.dataset.dataset import Dataset
from qframe.dataset.keys import DatasetKeys
from qframe.dataset.open import open as open_dataset
from qframe.dataset.records import Batch, regrouped
from qframe.deduplication.smallest_per_key import SmallestPerKey
from qframe.errors import QframeError, RecordMissing, StorageError
from qframe.integers import checked_integer
from qframe.machine.disk import writable_ancestor
from qframe.machine.files import move_new
from qframe.machine.lock import output_lock
from qframe.machine.places import (
    local_path,
    output_problem,
    real_file,
    refuse_cut_repair,
    refuse_long_name,
)
from qframe.machine.signals import unwound_by_sigterm
from qframe.plugins.build import build
from qframe.plugins.resolve import find_class
from qframe.progress import ProgressCallback, no_progress
from qframe.recipe.blocks import Block
from qframe.recipe.columns import SOURCE
from qframe.recipe.header import Header
from qframe.recipe.schema import Schema, record_width

MEMORY = 256 << 20
"""Default bytes of memory for the rows that are compared."""

VERSION = 1
"""Version of the operation in the recipe: raise it if other records are kept."""


@dataclass(frozen=True)
class Deduplicated:
    """The result of a deduplication.

    Attributes:
        output: path of the new dataset.
        recipe_id: id of the new recipe.
        source_records: number of records in the source.
        records: number of records that were kept: of distinct unitaries up to a global phase.
        by: how unitaries were compared, `exact` or `tolerance` (`qframe.circuits.keys`).
        done: False if the complete output existed before.
    """

    output: Path
    recipe_id: str
    source_records: int
    records: int
    by: str
    done: bool


def dedup(
    data: str | Path,
    output: str | Path,
    memory: int = MEMORY,
    storage: str | None = None,
    progress: ProgressCallback = no_progress,
    *,
    source_storage: str | None = None,
    local_plugins: bool = True,
) -> Deduplicated:
    """Makes a new dataset with one record for each unitary of `data`, up to a global phase.

    It keeps the record with the shortest circuit, and of equally short ones the first. The records
    stay in order. Two circuits have the same unitary if their keys (`qframe.circuits.keys`) agree:
    exactly if the gates lie in a ring, else within a tolerance.

    What does not fit in `memory` waits in a directory beside the output, at most 33 bytes per
    record. The directory is removed at the end. The output appears in one step, complete.

    Args:
        data: path of a complete dataset, or of a config.
        output: path of the new dataset.
        memory: bytes for the rows that are compared. A few blocks of records come on top.
        storage: storage plugin of the new dataset; the default storage if None.
        progress: called before each block.
        source_storage: storage plugin of `data`, if no installed one knows it.
        local_plugins: whether local files that are named may be executed.

    Raises:
        PluginError: a plugin cannot be used, or is a local file and may not be executed.
        TypeError: `memory` is no integer, such as True.
        ValueError: `memory` is below 1.
        RecordMissing: `data` is not complete.
        StorageError: `data` has one record per unitary already, or `output` exists and is something
            else.
    """
    problem = output_problem(output) if isinstance(output, str) else None
    if problem is not None:
        raise StorageError(f"output {problem}")
    output = local_path(output)
    place = real_file(output)
    memory = checked_integer(memory, "memory", least=1)
    if storage is not None and not local_plugins:
        refuse_local("storage", storage)
    with open_dataset(data, storage=source_storage, local_plugins=local_plugins) as source:
        keys = _keys(source, Path(data))
        spec = PluginSpec("storage", storage or str(default_plugin("storage")), {}, "")
        recipe = replace(
            source.recipe,
            derived={
                "operation": "dedup",
                "version": VERSION,
                "records": len(source),
                "by": keys.by,
            },
        )
        name = os.fsencode(Path(data).name).decode(errors="replace")  # a file holds only UTF-8
        about = {"qframe": __version__, "source": name}
        schema = Schema((*source.schema, SOURCE))
        header = replace(source.header, recipe=recipe, schema=schema, about=about)
        writable_ancestor(place)
        refuse_long_name(place)
        refuse_cut_repair(place)
        place.absolute().parent.mkdir(parents=True, exist_ok=True)
        with unwound_by_sigterm(), output_lock(place.absolute()):
            if os.path.lexists(place):
                return _existing(output, header, storage)
            scratch = place.with_name(f".{place.name}.dedup")
            shutil.rmtree(scratch, ignore_errors=True)  # of a deduplication that was killed
            try:
                scratch.mkdir()
                kept, count = _choose(source, keys, scratch, memory, progress)
                header = replace(header, records=count)
                new: Storage[Any] = build(spec, scratch / place.name)
                new.check(header)
                _write(source, kept, new, header, progress)
                _into_place(new, place)
            except QframeError:
                raise
            except OSError as cause:
                raise StorageError(f"{scratch} cannot be written: {cause.strerror}") from cause
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    return Deduplicated(output, recipe.id, len(source), count, keys.by, done=True)


def _keys(source: Dataset, path: Path) -> DatasetKeys:
    """The keys of the source's unitaries, once it is clear that it can be deduplicated."""
    if source.recipe.derived is not None:
        raise StorageError(f"{path} has one record per unitary already")
    if SOURCE.name in source.schema.names:
        raise StorageError(f"{path} has a column `source` of its own")
    if source.schema != source.header.schema:
        raise StorageError(
            f"{path} does not hold whole records (options unitary, circuit of its storage)",
            hint="give its config instead: the records are then computed",
        )
    stored = source.stored()
    if stored < len(source):
        raise RecordMissing(
            f"{path}: {stored:,} of {len(source):,} records are stored",
            hint="`qframe run` with its config finishes it",
        )
    return DatasetKeys(source.header, source[: source.header.records_in(0)], 128)


def _into_place(new: Storage[Any], place: Path) -> None:
    """Moves the new dataset and its companion files out of the scratch directory."""
    try:
        for part in list(new.parts()):
            move_new(part, place.with_name(part.name))
        move_new(new.path, place)
    except FileExistsError as cause:
        raise StorageError(
            f"{cause.filename2 or place} appeared meanwhile, and was left as it is",
            hint="name another output",
        ) from cause


def _existing(output: Path, header: Header, storage: str | None) -> Deduplicated:
    """The result if the output exists already, in the storage that was asked for, if one was."""
    wanted: Any = None if storage is None else find_class("storage", storage, Path())
    if wanted is not None and not wanted.recognises(output):
        raise StorageError(
            f"{output} exists, and is not a {storage} dataset", hint="name another output"
        )
    with open_dataset(output, storage=storage) as dataset:
        if dataset.recipe.id != header.recipe.id or dataset.stored() < len(dataset):
            raise StorageError(
                f"{output} exists, and is not what would be written", hint="name another output"
            )
        derived = header.recipe.derived or {}
        return Deduplicated(
            output,
            dataset.recipe.id,
            derived["records"],
            len(dataset),
            derived["by"],
            done=False,
        )


def _choose(
    source: Dataset, keys: DatasetKeys, scratch: Path, memory: int, progress: ProgressCallback
) -> tuple[NDArray[np.bool_], int]:
    """For each record of the source whether it is kept (memory-mapped), and how many are kept."""
    smallest = SmallestPerKey(scratch, len(source), memory)
    blocks = source.header.blocks
    for block, batch in enumerate(source.pools(None)):
        progress("keys", block, blocks)
        key = keys.of(batch)
        rows = np.empty((len(batch), 4), dtype=np.uint64)
        rows[:, :2], rows[:, 2], rows[:, 3] = key, batch.lengths, batch.index
        smallest.add(rows)
    kept = _flags(scratch / "kept", len(source))
    count = 0
    for indices in smallest.indices():
        progress("choose", count, len(source))
        kept[indices] = True
        count += len(indices)
    return kept, count


def _flags(path: Path, count: int) -> NDArray[np.bool_]:
    """`count` times False in a memory-mapped file, which is written so that the disk has space."""
    with path.open("wb") as file:
        for start in range(0, count, 1 << 20):
            file.write(bytes(min(1 << 20, count - start)))
    return np.memmap(path, dtype=bool, mode="r+", shape=(count,))


def _write(
    source: Dataset,
    kept: NDArray[np.bool_],
    storage: Storage[Any],
    header: Header,
    progress: ProgressCallback,
) -> None:
    """Stores the kept records as a new dataset, block after block."""
    storage.create(header)
    size = header.recipe.block
    most = max(1, storage.task_bytes // (size * record_width(header.schema)))
    with closing(storage.writer(header)) as writer:
        group: list[Block] = []
        for index, batch in enumerate(_batches(source, kept, size)):
            progress("write", index, header.blocks)
            arrays = {
                "lengths": batch.lengths,
                "codes": batch.codes,
                "unitaries": batch.unitaries,
                **batch.extra,
                SOURCE.name: batch.index.astype(SOURCE.dtype),
            }
            group.append(Block(index, len(batch), arrays))
            if len(group) == most:
                writer.write(group)
                group = []
        if group:
            writer.write(group)
    storage.finish()


def _batches(source: Dataset, kept: NDArray[np.bool_], size: int) -> Iterator[Batch]:
    """The kept records in batches of `size`, in order."""

    def chosen() -> Iterator[Batch]:
        for batch in source.pools(None):
            first = int(batch.index[0])
            yield batch.taken(np.flatnonzero(kept[first : first + len(batch)]))

    return regrouped(chosen(), size)
