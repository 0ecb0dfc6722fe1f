"""Repair of a dataset: damaged blocks are made again from the recipe, and each is proved."""

from __future__ import annotations

import os
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from qframe.config.load import LoadedConfig
from qframe.contracts.storage import Reader, Storage, Writer
from qframe.dataset.storages import storage_at
from qframe.errors import NotADataset, PluginError, QframeError, StorageError
from qframe.generation.generator import Generator
from qframe.integrity.regenerate import generator_of
from qframe.integrity.verify import Damage, Verdict, block_problem, holds
from qframe.machine.files import move_new
from qframe.machine.places import repaired_beside
from qframe.printable import shell_words
from qframe.progress import ProgressCallback, no_progress
from qframe.recipe.blocks import DIGEST_BYTES, Block
from qframe.recipe.header import Header


@dataclass(frozen=True)
class Repair:
    """What a repair did.

    Attributes:
        proofs: for each block that was made again, one line that says why it is right.
        copied: number of blocks that were copied from the damaged dataset, each proved by its
            checksum.
        aside: path of the damaged dataset if a new one took its place, else None.
    """

    proofs: dict[int, str] = field(default_factory=dict)
    copied: int = 0
    aside: Path | None = None

    @property
    def blocks(self) -> list[int]:
        """The blocks that were made again, in the order in which they were made."""
        return list(self.proofs)


def repair(
    storage: Storage[Any],
    verdict: Verdict,
    loaded: LoadedConfig | None = None,
    progress: ProgressCallback = no_progress,
) -> Repair:
    """Makes the damaged blocks again and stores them. The caller is the lock holder of the dataset.

    If only blocks are damaged, they alone are written, in place. If the structure is damaged, a new
    dataset is made beside it: blocks that can be read and proved are copied, the others are made
    again. Then the damaged dataset is moved aside. It is never deleted.

    Args:
        storage: at the path of the dataset.
        verdict: what `verify` found there.
        loaded: the dataset's config, for local samplers and for a recipe that cannot be read.
        progress: called before each block.

    Raises:
        StorageError: what was written does not read back, or the disk has no space for it, or
            something else appeared where the dataset was.
        PluginError: an intact block shows that the sampler or engine is not that of the dataset.
    """
    if verdict.structure:
        return _replace(storage, verdict, loaded, progress)
    if verdict.damaged:
        return Repair(_repair_in_place(storage, verdict, loaded, progress))
    return Repair()


def _repair_in_place(
    storage: Storage[Any],
    verdict: Verdict,
    loaded: LoadedConfig | None,
    progress: ProgressCallback,
) -> dict[int, str]:
    """Writes the damaged blocks anew; returns the proof of each."""
    with closing(storage.reader()) as reader:
        header = reader.header
        generator = generator_of(header, loaded)
        _prove_generator(reader, verdict, generator)
        damaged = {damage.block for damage in verdict.damaged}
        drawn = {b: _drawn_of_data(reader, b, header.records_in(b)) for b in damaged}
    storage.finish()  # what a killed run left
    storage.resume(header)
    proofs: dict[int, str] = {}
    try:
        with closing(storage.writer(header)) as writer:
            for n, damage in enumerate(verdict.damaged):
                progress("repair", n, len(verdict.damaged))
                made = generator.blocks(damage.block, [header.records_in(damage.block)])[0]
                writer.write([made])
                proofs[damage.block] = _proof(made, header, damage, drawn[damage.block])
    finally:
        storage.finish()
    _prove_written(storage, set(proofs), generator)
    return proofs


def _prove_generator(reader: Reader, verdict: Verdict, generator: Generator) -> None:
    """Makes an intact block again, which must be the same: else repair would do damage."""
    damaged = {damage.block for damage in verdict.damaged}
    for block, records, checksum in reader.checksums():
        if block not in damaged:
            if not holds(reader, generator.blocks(block, [records])[0], checksum):
                name = generator.recipe.sampler["name"]
                raise PluginError(
                    f"the installed sampler {name!r} or engine makes other records than the "
                    f"dataset's (block {block})",
                    hint="nothing was changed; `qframe verify --recompute` shows which blocks",
                )
            return


def _drawn_of_data(reader: Reader, block: int, records: int) -> bytes | None:
    """Digest of what is stored of what was drawn; None if it cannot be read or lacks columns."""
    if reader.schema != reader.header.schema:
        return None
    try:
        return Block(block, records, reader.read(block)).drawn(reader.header.schema)
    except QframeError:
        return None


def _proof(made: Block, header: Header, damage: Damage, data: bytes | None) -> str:
    """Why the block that was made is right; `data` is the digest of what was stored."""
    drawn = made.drawn(header.schema)
    records, checksum = damage.ledger or (0, b"")
    if (records, checksum[:DIGEST_BYTES]) == (made.records, drawn):
        return "equals the ledger's digest"
    if data == drawn:
        return "equals the stored records; its ledger row was damaged"
    return "equals a second computation; the ledger row was damaged too"


def _prove_written(storage: Storage[Any], blocks: set[int], generator: Generator) -> None:
    """Reads back the blocks that were written, and makes each once more."""
    wanted = set(blocks)
    with closing(storage.reader()) as reader:
        for block, records, checksum in reader.checksums():
            if block not in wanted:
                continue
            wanted.discard(block)
            problem = block_problem(reader, block, records, checksum)
            again = generator.blocks(block, [records])[0]
            if problem is None and not holds(reader, again, checksum):
                problem = "is not what the recipe says"
            if problem is not None:
                raise StorageError(f"{storage.path}: block {block} was repaired, and yet {problem}")
    if wanted:
        raise StorageError(f"{storage.path}: blocks {sorted(wanted)[:5]} do not read back")


def _replace(
    storage: Storage[Any],
    verdict: Verdict,
    loaded: LoadedConfig | None,
    progress: ProgressCallback,
) -> Repair:
    """Makes a new dataset beside the damaged one, then moves both to their places."""
    header, options = _header_and_options(storage, verdict, loaded)
    generator = generator_of(header, loaded)
    path = storage.path
    new = type(storage)(options, repaired_beside(path))
    _remove_leftover(new)
    proofs: dict[int, str] = {}
    try:
        new.create(header)
        with closing(new.writer(header)) as writer:
            copied = _copy(storage, writer, header, progress)
            for block in range(header.blocks):
                if block not in copied:
                    progress("repair", block, header.blocks)
                    writer.write(generator.blocks(block, [header.records_in(block)]))
                    proofs[block] = "equals a second computation"
        new.finish()
        _prove_written(new, set(proofs), generator)
    except BaseException:
        _remove(new)  # it would keep a full disk full
        raise
    aside = _move_aside(storage)
    _into_place(new, path)
    return Repair(proofs, len(copied), aside)


def finish_cut_repair(data: Path, loaded: LoadedConfig | None) -> bool:
    """Puts a repaired dataset in its place, if a repair was killed before it did that.

    The caller is the lock holder of `data`, and verifies what is there afterwards.

    Returns:
        Whether there was one.

    Raises:
        StorageError: something else is in the way.
    """
    repaired = repaired_beside(data)
    if os.path.lexists(data) or not repaired.exists():
        return False
    _into_place(storage_at(repaired, loaded, damaged=True), data)
    return True


def _into_place(new: Storage[Any], path: Path) -> None:
    try:
        move_new(new.path, path, new.parts())
    except FileExistsError as cause:
        raise StorageError(
            f"{cause.filename2 or path} appeared while {path} was repaired, and was left as it is; "
            f"the repaired dataset is {new.path}",
            hint=f"move it away, then: {shell_words('qframe', 'verify', path, '--repair')}",
        ) from cause


def _header_and_options(
    storage: Storage[Any], verdict: Verdict, loaded: LoadedConfig | None
) -> tuple[Header, Any]:
    """Header and options of the new dataset: those of the damaged one, else those of the config."""
    from qframe.config.to_recipe import header_of

    if verdict.header is not None:
        header, options = verdict.header, storage.options
        with suppress(QframeError):
            options = storage.made_with()
        if not verdict.beyond:
            return header, options
        if loaded is not None:
            generator_of(verdict.header, loaded)  # refuses the config of another dataset
    if loaded is None:
        raise NotADataset(
            f"{storage.path}: {verdict.structure[0]}",
            hint="its header cannot be believed: name the config, --repair --config CONFIG",
        )
    return header_of(loaded).checked(), storage.options


def _copy(
    storage: Storage[Any], writer: Writer, header: Header, progress: ProgressCallback
) -> set[int]:
    """Copies the blocks that can be read and have their checksum; returns which."""
    copied: set[int] = set()
    with suppress(QframeError), closing(storage.salvage(header)) as reader:
        if reader.header.recipe.id != header.recipe.id or reader.schema != header.schema:
            return copied  # the new ledger needs the digest of all that was drawn
        for block, records, checksum in reader.checksums():
            progress("copy", block, header.blocks)
            whole = records == header.records_in(block)
            if whole and block_problem(reader, block, records, checksum) is None:
                stored = Block(block, records, reader.read(block))
                # Checked again, because these bytes were read anew and will be written.
                if _is_whole(reader, stored, checksum):
                    writer.write([stored])
                    copied.add(block)
    return copied


def _is_whole(reader: Reader, stored: Block, checksum: bytes) -> bool:
    """Whether all columns that were read are those of the ledger's row."""
    schema = reader.header.schema
    if reader.proved_checksum(stored.index) is None:
        return stored.checksum(schema) == checksum
    return stored.drawn(schema) == checksum[:DIGEST_BYTES]


def _move_aside(storage: Storage[Any]) -> Path:
    """Renames the dataset to the first `NAME.damaged-N` that is free; returns that path."""
    path = storage.path
    for n in count(1):
        aside = path.with_name(f"{path.name}.damaged-{n}")
        if not os.path.lexists(aside):
            break
    move_new(path, aside, storage.parts())
    return aside


def _remove_leftover(new: Storage[Any]) -> None:
    """Removes what a killed repair left, and nothing else that has that name."""
    if os.path.lexists(new.path) and not new.bears_mark(new.path):
        raise StorageError(
            f"{new.path} is in the way of the repair, and is not of a killed one",
            hint="move it away",
        )
    _remove(new)


def _remove(storage: Storage[Any]) -> None:
    """Removes the unfinished dataset of a repair that was killed or failed."""
    import shutil

    for path in (*storage.parts(), storage.path):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
