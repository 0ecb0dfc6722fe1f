"""Verification: is every stored block what the ledger says, and what the recipe says?"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qframe.contracts.storage import Reader, Storage
from qframe.errors import CannotOpen, PluginError, QframeError, StorageBusy
from qframe.generation.chosen_blocks import ChosenBlocks, source_header
from qframe.generation.generator import Generator, PluginRaised
from qframe.progress import ProgressCallback, no_progress
from qframe.recipe.blocks import CHECKSUM_BYTES, DIGEST_BYTES, Block
from qframe.recipe.header import Header, read_problem
from qframe.recipe.ledger import missing, stored_runs

Word = Literal["sound", "damaged", "not checked"]


@dataclass(frozen=True)
class Damage:
    """A damaged block.

    Attributes:
        block: index of the block.
        problem: what is wrong with it, in one line.
        ledger: its ledger row, `(records, checksum)`, or None if that cannot be read.
    """

    block: int
    problem: str
    ledger: tuple[int, bytes] | None = None


@dataclass
class Verdict:
    """What a verification found.

    Attributes:
        header: header of the dataset, or None if it cannot be read.
        structure: problems that are not those of one block, one line each.
        unchecked: what could not be looked at, and why, one line each. It says nothing about data.
        damaged: blocks that differ from the ledger or from the recipe.
        intact: number of blocks that agree with the ledger.
        recomputed: number of blocks that were made again from the recipe and compared.
        stored: number of records in the ledger.
        missing: runs `(first, end)` of blocks that are not stored: the run was not finished.
        beyond: whether the ledger has blocks beyond the number of records in the header.
    """

    header: Header | None = None
    structure: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    damaged: list[Damage] = field(default_factory=list)
    intact: int = 0
    recomputed: int = 0
    stored: int = 0
    missing: list[tuple[int, int]] = field(default_factory=list)
    beyond: bool = False

    @property
    def ok(self) -> bool:
        """Whether all was looked at, and nothing is damaged; blocks may still be missing."""
        return self.word == "sound"

    @property
    def word(self) -> Word:
        """The verdict in a word. What is damaged stays so, whatever else was not looked at."""
        if self.structure or self.damaged:
            return "damaged"
        return "not checked" if self.unchecked else "sound"

    @property
    def complete(self) -> bool:
        """Whether every record of the dataset is stored."""
        return self.header is not None and not self.missing


def verify(
    storage: Storage[Any],
    generator: Callable[[Header], Generator] | None = None,
    sample: int | None = None,
    progress: ProgressCallback = no_progress,
) -> Verdict:
    """Checks structure, ledger and every stored block. It changes nothing.

    An error that says that the dataset, or a plugin, could not be had is no damage.

    Args:
        storage: at the path of the dataset.
        generator: gives the generator that makes blocks again to compare them; None to compare
            none.
        sample: number of blocks to make again, chosen by the recipe id; None for all.
        progress: called before each block.
    """
    verdict = Verdict()
    try:
        progress("structure", 0, 1)
        verdict.structure += storage.structure()
        with closing(storage.reader()) as reader:
            verdict.header = reader.header
            _check_blocks(reader, verdict, generator, sample, progress)
    except NO_DAMAGE as error:
        verdict.unchecked.append(_said(error))
    except QframeError as error:
        verdict.structure.append(error.message)
    return verdict


NO_DAMAGE = (CannotOpen, StorageBusy, PluginError)
"""Errors that say nothing about the data."""


def _said(error: QframeError) -> str:
    """The error in one line, with its hint."""
    return error.message if error.hint is None else f"{error.message} ({error.hint})"


def _check_blocks(
    reader: Reader,
    verdict: Verdict,
    generator: Callable[[Header], Generator] | None,
    sample: int | None,
    progress: ProgressCallback,
) -> None:
    header = reader.header
    recomputer = _recomputer(reader, generator, verdict) if generator is not None else None
    rows: list[tuple[int, int]] = []
    damaged: dict[int, Damage] = {}
    ledger = _ledger(reader, verdict)
    chosen = _chosen(header, sample) if recomputer is not None else None
    for block, records, checksum in ledger:
        progress("blocks", block, header.blocks)
        problem = block_problem(reader, block, records, checksum)
        if problem is None and recomputer is not None and (chosen is None or block in chosen):
            again = _made_again(recomputer, block, records, verdict)
            if again is None:
                recomputer = None
            elif not holds(reader, again, checksum):
                problem = "is not what the recipe says"
        if problem is None:
            verdict.intact += 1
        elif block >= header.blocks:
            verdict.structure.append(f"the ledger has block {block} of {header.blocks}")
            verdict.beyond = True
            continue
        else:
            damaged[block] = Damage(block, problem, (records, checksum))
        rows.append((block, min(max(records, 1), header.recipe.block)))
    _check_cuts(header, rows, damaged)
    verdict.damaged += [damaged[block] for block in sorted(damaged)]
    verdict.stored = sum(records for _, records in rows)
    runs = missing(stored_runs(rows, header.recipe.block), header.records, header.recipe.block)
    verdict.missing += [run for run in runs if not _all_damaged(damaged, run)]


def _recomputer(
    reader: Reader, generator: Callable[[Header], Generator], verdict: Verdict
) -> Generator | ChosenBlocks | None:
    """Makes the blocks of the dataset again, also where they were chosen from another one's.

    None: that is not possible here; the verdict says why.
    """
    try:
        if reader.header.recipe.derived is None:
            return generator(reader.header)
        return ChosenBlocks(generator(source_header(reader.header)), reader)
    except QframeError as error:
        verdict.unchecked.append(f"no block was made again: {_said(error)}")
        return None


def _made_again(
    recomputer: Generator | ChosenBlocks, block: int, records: int, verdict: Verdict
) -> Block | None:
    """The block as the recipe makes it; None if a plugin fails: the verdict says how."""
    try:
        made = recomputer.blocks(block, [records])[0]
    except (PluginError, PluginRaised) as error:
        cause = error.__cause__ or error
        verdict.unchecked.append(
            f"block {block} could not be made again: {type(cause).__name__}: {cause}"
        )
        return None
    verdict.recomputed += 1
    return made


def _ledger(reader: Reader, verdict: Verdict) -> Iterator[tuple[int, int, bytes]]:
    """The rows of the ledger up to the first that cannot be read, which damages the structure."""
    try:
        yield from reader.checksums()
    except NO_DAMAGE:
        raise
    except QframeError as error:
        verdict.structure.append(f"the ledger cannot be read: {error.message}")


def _chosen(header: Header, sample: int | None) -> frozenset[int] | None:
    """The blocks that are made again; None for all."""
    if sample is None or sample >= header.blocks:
        return None
    return frozenset(random.Random(header.recipe.id).sample(range(header.blocks), sample))  # noqa: S311 - no secret


def _all_damaged(damaged: dict[int, Damage], run: tuple[int, int]) -> bool:
    """Whether a short run of missing blocks is missing because its blocks are damaged."""
    return all(block in damaged for block in range(*run)) if run[1] - run[0] < 1000 else False


def _check_cuts(header: Header, rows: list[tuple[int, int]], damaged: dict[int, Damage]) -> None:
    """Marks cut blocks as damaged, but for the last one.

    A dataset that grows has one cut block, its former end, until that block is made again.
    """
    cut = [b for b, records in rows if records < header.records_in(b) and b not in damaged]
    for block in cut[:-1]:
        damaged[block] = Damage(block, "is cut, and is not the end of the dataset")


def holds(reader: Reader, made: Block, checksum: bytes) -> bool:
    """Whether an intact dataset holds just what was made.

    Args:
        reader: reads the dataset.
        made: a block as the recipe makes it, with all columns.
        checksum: of the block in the ledger, which what is stored has been proved to have.
    """
    if made.drawn(reader.header.schema) != checksum[:DIGEST_BYTES]:
        return False
    stored = reader.read(made.index)
    return all(
        np.array_equal(
            _bytes(stored[column.name]), _bytes(made.arrays[column.name].astype(column.dtype))
        )
        for column in reader.schema
    )


def _bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def block_problem(reader: Reader, block: int, records: int, checksum: bytes) -> str | None:
    """What is wrong with a stored block, in a few words; None if it agrees with the ledger."""
    want = reader.header.records_in(block)
    if not 1 <= records <= want:
        return f"has {records} records in the ledger, want {want}"
    if len(checksum) != CHECKSUM_BYTES:
        return "has a ledger row that was not written for this dataset"
    try:
        proved = reader.proved_checksum(block)
        if proved is not None:
            return None if proved == (records, checksum) else "is not what the ledger says"
        stored = Block(block, records, reader.read(block))
        problem = read_problem(reader.header, stored.arrays, records)
        if problem is not None:
            return problem
        if stored.checksum(reader.header.schema) != checksum:
            return "is not what the ledger says"
    except NO_DAMAGE:
        raise
    except QframeError as error:
        return f"cannot be read: {error.message}"
    return None
