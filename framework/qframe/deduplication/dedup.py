"""One record a unitary, as a dataset of its own.

What comes out is no pure function of a record's number, but it is one of the source's recipe, its
number of records and the operation. So its recipe is that of the source with `derived` added, and
record i is record `source` (a column) of the source's recipe.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.__about__ import __version__
from qframe.config.model import default_plugin
from qframe.contracts.plugin import PluginSpec
from qframe.contracts.storage import Storage
from qframe.dataset.dataset import Dataset
from qframe.dataset.keys import DatasetKeys
from qframe.dataset.open import open as open_dataset
from qframe.dataset.records import Batch, regrouped
from qframe.deduplication.smallest_per_key import ShortestWords
from qframe.errors import QframeError, RecordMissing, StorageError
from qframe.machine.lock import output_lock
from qframe.plugins.build import build
from qframe.progress import ProgressCallback, no_progress
from qframe.recipe.blocks import Block
from qframe.recipe.columns import SOURCE
from qframe.recipe.header import Header
from qframe.recipe.schema import Schema, record_width

MEMORY = 256 << 20
VERSION = 1


@dataclass(frozen=True)
class Deduplicated:
    """What came of it.

    Attributes:
        output: the new dataset.
        recipe_id: of its recipe.
        source_records: records looked at.
        records: records kept: distinct unitaries up to a global phase.
        by: `exact` or `tolerance` (`qframe.circuits.keys`).
        done: False if the output was there already, complete.
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
) -> Deduplicated:
    """Writes one record for each unitary of `data`: that of the shortest word, then the first.

    The kept records stay in order. Two circuits are of one unitary if their keys
    (`qframe.circuits.keys`) agree: exactly where the gates lie in a ring, else by tolerance.
    Beside the output a directory holds what does not fit in `memory`, at most 33 bytes a record;
    it is removed in the end, and the output appears in one step, whole.

    Args:
        data: a complete dataset, or a config.
        output: where the new dataset goes.
        memory: bytes for the words at hand; a few blocks of records come on top.
        storage: plugin of the new dataset; the default storage if None.
        progress: called with what is done.

    Raises:
        RecordMissing: `data` is not complete.
        StorageError: `data` is deduplicated already, or the output is something else.
    """
    output = Path(output)
    with open_dataset(data) as source:
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
        about = {"qframe": __version__, "source": Path(data).name}
        schema = Schema((*source.schema, SOURCE))
        header = replace(source.header, recipe=recipe, schema=schema, about=about)
        output.absolute().parent.mkdir(parents=True, exist_ok=True)
        with output_lock(output.absolute()):
            if output.exists() or output.is_symlink():
                return _existing(output, header)
            place = output.with_name(f".{output.name}.dedup")
            shutil.rmtree(place, ignore_errors=True)  # of one that was killed
            try:
                place.mkdir()
                kept, count = _choose(source, keys, place, memory, progress)
                header = replace(header, records=count)
                new: Storage[Any] = build(spec, place / output.name)
                new.check(header)
                _write(source, kept, new, header, progress)
                new.path.rename(output)
            except QframeError:
                raise
            except OSError as cause:
                raise StorageError(f"{place} cannot be written: {cause.strerror}") from cause
            finally:
                shutil.rmtree(place, ignore_errors=True)
    return Deduplicated(output, recipe.id, len(source), count, keys.by, done=True)


def _keys(source: Dataset, path: Path) -> DatasetKeys:
    if source.recipe.derived is not None:
        raise StorageError(f"{path} has one record a unitary already")
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


def _existing(output: Path, header: Header) -> Deduplicated:
    with open_dataset(output) as there:
        if there.recipe.id != header.recipe.id or there.stored() < len(there):
            raise StorageError(
                f"{output} exists, and is not what would be written", hint="name another output"
            )
        derived = header.recipe.derived or {}
        return Deduplicated(
            output, there.recipe.id, derived["records"], len(there), derived["by"], done=False
        )


def _choose(
    source: Dataset, keys: DatasetKeys, place: Path, memory: int, progress: ProgressCallback
) -> tuple[NDArray[np.bool_], int]:
    """Which records are kept (a file that is as good as memory), and how many."""
    words = ShortestWords(place, len(source), memory)
    blocks = source.header.blocks
    for block, batch in enumerate(source.pools(None)):
        progress("keys", block, blocks)
        key = keys.of(batch)
        rows = np.empty((len(batch), 4), dtype=np.uint64)
        rows[:, :2], rows[:, 2], rows[:, 3] = key, batch.lengths, batch.index
        words.add(rows)
    kept = _flags(place / "kept", len(source))
    count = 0
    for indices in words.indices():
        progress("choose", count, len(source))
        kept[indices] = True
        count += len(indices)
    return kept, count


def _flags(path: Path, count: int) -> NDArray[np.bool_]:
    """That many `False` in a file that is as good as memory; written, so that they have room."""
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
    def chosen() -> Iterator[Batch]:
        for batch in source.pools(None):
            first = int(batch.index[0])
            yield batch.taken(np.flatnonzero(kept[first : first + len(batch)]))

    return regrouped(chosen(), size)
