"""Damaged blocks made again from the recipe, and the proof that they are what they were."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qframe.config.load import LoadedConfig
from qframe.contracts.storage import Reader, Storage, Writer
from qframe.errors import NotADataset, PluginError, QframeError, StorageError
from qframe.generation.generator import Generator
from qframe.integrity.regenerate import generator_of
from qframe.integrity.verify import Damage, Verdict, block_problem
from qframe.progress import ProgressCallback, no_progress
from qframe.recipe.blocks import Block
from qframe.recipe.header import Header


@dataclass
class Repair:
    """What a repair did.

    Attributes:
        blocks: those that were made again.
        proofs: one line a block: what shows that it is right.
        copied: blocks that were read from a damaged file, each proved by its checksum.
        aside: where the damaged dataset is now, if it had to be made anew.
    """

    blocks: list[int] = field(default_factory=list)
    proofs: dict[int, str] = field(default_factory=dict)
    copied: int = 0
    aside: Path | None = None


def repair(
    storage: Storage[Any],
    verdict: Verdict,
    loaded: LoadedConfig | None = None,
    progress: ProgressCallback = no_progress,
) -> Repair:
    """Makes the damaged blocks again and writes them; the caller holds the output's lock.

    Where only blocks are damaged they alone are written, in place. Where the structure is, the
    dataset is made anew beside it: blocks that can be read and proved are copied, the others made
    again; then the damaged one is moved aside, never deleted.

    Raises:
        StorageError: what was written does not read back, or there is no room.
        PluginError: an intact block shows that the sampler or engine is not that of the dataset.
    """
    done = Repair()
    if verdict.structure:
        _anew(storage, verdict, loaded, done, progress)
    elif verdict.damaged:
        _in_place(storage, verdict, loaded, done, progress)
    return done


def _in_place(
    storage: Storage[Any],
    verdict: Verdict,
    loaded: LoadedConfig | None,
    done: Repair,
    progress: ProgressCallback,
) -> None:
    with closing(storage.reader()) as reader:
        header = reader.header
        make = generator_of(header, loaded)
        _prove_generator(reader, verdict, make)
        unreadable = {d.block for d in verdict.damaged}
        found = {b: _sha256_of_data(reader, b, header.records_in(b)) for b in unreadable}
    storage.finish()  # whatever a run that was killed left
    storage.resume(header)
    try:
        with closing(storage.writer(header)) as writer:
            for n, damage in enumerate(verdict.damaged):
                progress("repair", n, len(verdict.damaged))
                made = make.blocks(damage.block, [header.records_in(damage.block)])[0]
                writer.write([made])
                done.blocks.append(damage.block)
                done.proofs[damage.block] = _proof(made, header, damage, found[damage.block])
    finally:
        storage.finish()
    _prove_written(storage, done.blocks, make)


def _prove_generator(reader: Reader, verdict: Verdict, make: Generator) -> None:
    """One intact block, made again, must have its checksum; else repair would do the damage."""
    damaged = {damage.block for damage in verdict.damaged}
    for block, records, sha256 in reader.checksums():
        if block not in damaged:
            if make.blocks(block, [records])[0].checksum(make.schema) != sha256:
                raise PluginError(
                    f"the installed sampler {make.recipe.sampler['name']!r} or engine makes other "
                    f"records than the dataset's (block {block})",
                    hint="nothing was changed; `qframe verify --recompute` shows which blocks",
                )
            return


def _sha256_of_data(reader: Reader, block: int, records: int) -> bytes | None:
    if reader.schema != reader.header.schema:
        return None
    try:
        return Block(block, records, reader.read(block)).checksum(reader.header.schema)
    except QframeError:
        return None


def _proof(made: Block, header: Header, damage: Damage, data: bytes | None) -> str:
    sha256 = made.checksum(header.schema)
    if damage.ledger == (made.records, sha256):
        return "equals the ledger's SHA-256"
    if data == sha256:
        return "equals the stored records; its ledger row was damaged"
    return "equals a second computation; the ledger row was damaged too"


def _prove_written(storage: Storage[Any], blocks: list[int], make: Generator) -> None:
    """Reads back what was written, and makes it once more."""
    wanted = set(blocks)
    with closing(storage.reader()) as reader:
        for block, records, sha256 in reader.checksums():
            if block not in wanted:
                continue
            wanted.discard(block)
            again = make.blocks(block, [records])[0].checksum(make.schema)
            problem = block_problem(reader, block, records, sha256)
            if problem is not None or again != sha256:
                raise StorageError(f"{storage.path}: block {block} was repaired, and yet {problem}")
    if wanted:
        raise StorageError(f"{storage.path}: blocks {sorted(wanted)[:5]} do not read back")


def _anew(
    storage: Storage[Any],
    verdict: Verdict,
    loaded: LoadedConfig | None,
    done: Repair,
    progress: ProgressCallback,
) -> None:
    header, options = _form(storage, verdict, loaded)
    make = generator_of(header, loaded)
    path = storage.path
    new = type(storage)(options, path.with_name(f".{path.name}.repaired"))
    _remove(new)
    try:
        new.create(header)
        with closing(new.writer(header)) as writer:
            copied = _copy(storage, writer, header, done, progress)
            for block in range(header.blocks):
                if block not in copied:
                    progress("repair", block, header.blocks)
                    writer.write(make.blocks(block, [header.records_in(block)]))
                    done.blocks.append(block)
                    done.proofs[block] = "equals a second computation"
        new.finish()
        _prove_written(new, done.blocks, make)
    except BaseException:
        _remove(new)  # a full disk is not made fuller
        raise
    done.aside = _move_aside(storage)
    _move(new, path)


def _form(
    storage: Storage[Any], verdict: Verdict, loaded: LoadedConfig | None
) -> tuple[Header, Any]:
    """Header and options of the dataset that is made anew: its own, else the config's."""
    from qframe.config.to_recipe import header_of

    if verdict.header is not None:
        header, options = verdict.header, storage.options
        with suppress(QframeError):
            options = storage.made_with()
        if not verdict.beyond:
            return header, options
    if loaded is None:
        raise NotADataset(
            f"{storage.path}: {verdict.structure[0]}",
            hint="its header cannot be believed: name the config, --repair --config CONFIG",
        )
    return header_of(loaded), storage.options


def _copy(
    storage: Storage[Any], writer: Writer, header: Header, done: Repair, progress: ProgressCallback
) -> set[int]:
    """Copies the blocks that can be read and have their checksum."""
    copied: set[int] = set()
    with suppress(QframeError), closing(storage.salvage(header)) as reader:
        if reader.header.recipe.id != header.recipe.id or reader.schema != header.schema:
            return copied  # the new ledger needs the SHA-256 of whole records
        for block, records, sha256 in reader.checksums():
            progress("copy", block, header.blocks)
            whole = records == header.records_in(block)
            if whole and block_problem(reader, block, records, sha256) is None:
                found = Block(block, records, reader.read(block))
                if found.checksum(header.schema) == sha256:  # of what is written, not read before
                    writer.write([found])
                    copied.add(block)
    done.copied = len(copied)
    return copied


def _move_aside(storage: Storage[Any]) -> Path:
    path = storage.path
    for n in range(1, 10_000):
        aside = path.with_name(f"{path.name}.damaged-{n}")
        if not aside.exists():
            break
    _move(storage, aside)
    return aside


def _move(storage: Storage[Any], to: Path) -> None:
    """Moves a dataset with all that goes where it goes; what it is found by last."""
    path = storage.path
    for part in list(storage.parts()):
        part.rename(part.with_name(to.name + part.name.removeprefix(path.name)))
    path.rename(to)


def _remove(storage: Storage[Any]) -> None:
    """Removes what a repair that was killed left."""
    import shutil

    for path in (*storage.parts(), storage.path):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
