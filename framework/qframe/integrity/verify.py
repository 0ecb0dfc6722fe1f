"""Proof that a dataset is what its ledger and its recipe say, and the way back if it is not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from qframe.contracts.storage import Reader, Storage
from qframe.errors import QframeError
from qframe.generation.derived import ChosenBlocks, source_header
from qframe.generation.generator import Generator
from qframe.progress import ProgressCallback, no_progress
from qframe.recipe.blocks import Block
from qframe.recipe.header import Header, read_problem
from qframe.recipe.ledger import missing, stored_runs


@dataclass(frozen=True)
class Damage:
    """A block that is not what it should be.

    Attributes:
        block: its index.
        problem: one line.
        ledger: the ledger row, `(records, SHA-256)`, if it has one that can be read.
    """

    block: int
    problem: str
    ledger: tuple[int, bytes] | None = None


@dataclass
class Verdict:
    """What a check found.

    Attributes:
        header: of the dataset, None where it cannot be read.
        structure: problems that are not those of one block.
        damaged: blocks that are not what the ledger says, or what the recipe says.
        intact: blocks that are what the ledger says.
        recomputed: how many were made again from the recipe and compared.
        stored: records in the ledger.
        missing: runs `(first, end)` of blocks that are not stored: the run was not finished.
        beyond: whether the ledger holds blocks that the header does not speak of.
    """

    header: Header | None = None
    structure: list[str] = field(default_factory=list)
    damaged: list[Damage] = field(default_factory=list)
    intact: int = 0
    recomputed: int = 0
    stored: int = 0
    missing: list[tuple[int, int]] = field(default_factory=list)
    beyond: bool = False

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged; blocks may still be missing."""
        return not self.structure and not self.damaged

    @property
    def complete(self) -> bool:
        """Whether every record that was asked for is there."""
        return self.header is not None and not self.missing


def verify(
    storage: Storage[Any],
    generator: Callable[[Header], Generator] | None = None,
    sample: int | None = None,
    progress: ProgressCallback = no_progress,
) -> Verdict:
    """Checks structure, ledger and every stored block; changes nothing.

    Args:
        storage: at the path of the dataset.
        generator: to make blocks again and compare; None to leave that out.
        sample: how many blocks to make again, chosen by the recipe id; None for all.
        progress: called with what is done.
    """
    verdict = Verdict()
    try:
        progress("structure", 0, 1)
        verdict.structure += storage.structure()
        with closing(storage.reader()) as reader:
            verdict.header = reader.header
            _check_blocks(reader, verdict, generator, sample, progress)
    except QframeError as error:
        verdict.structure.append(error.message)
    return verdict


def _check_blocks(
    reader: Reader,
    verdict: Verdict,
    generator: Callable[[Header], Generator] | None,
    sample: int | None,
    progress: ProgressCallback,
) -> None:
    header = reader.header
    make = _maker(reader, generator) if generator is not None else None
    rows: list[tuple[int, int]] = []
    damaged: dict[int, Damage] = {}
    ledger = _ledger(reader, verdict)
    chosen = _chosen(header, sample) if make is not None else None
    for block, records, sha256 in ledger:
        progress("blocks", block, header.blocks)
        problem = block_problem(reader, block, records, sha256)
        if problem is None and make is not None and (chosen is None or block in chosen):
            verdict.recomputed += 1
            if make.blocks(block, [records])[0].checksum(header.schema) != sha256:
                problem = "is not what the recipe says"
        if problem is None:
            verdict.intact += 1
        elif block >= header.blocks:
            verdict.structure.append(f"the ledger has block {block} of {header.blocks}")
            verdict.beyond = True
            continue
        else:
            damaged[block] = Damage(block, problem, (records, sha256))
        rows.append((block, min(max(records, 1), header.recipe.block)))
    _check_cuts(header, rows, damaged)
    verdict.damaged += [damaged[block] for block in sorted(damaged)]
    verdict.stored = sum(records for _, records in rows)
    runs = missing(stored_runs(rows, header.recipe.block), header.records, header.recipe.block)
    verdict.missing += [run for run in runs if not _only(damaged, run)]


def _maker(reader: Reader, generator: Callable[[Header], Generator]) -> Generator | ChosenBlocks:
    if reader.header.recipe.derived is None:
        return generator(reader.header)
    return ChosenBlocks(generator(source_header(reader.header)), reader)


def _ledger(reader: Reader, verdict: Verdict) -> Iterator[tuple[int, int, bytes]]:
    """The ledger as far as it can be read; what stops it is a problem of the structure."""
    try:
        yield from reader.checksums()
    except QframeError as error:
        verdict.structure.append(f"the ledger cannot be read: {error.message}")


def _chosen(header: Header, sample: int | None) -> frozenset[int] | None:
    if sample is None or sample >= header.blocks:
        return None
    return frozenset(random.Random(header.recipe.id).sample(range(header.blocks), sample))  # noqa: S311 - no secret


def _only(damaged: dict[int, Damage], run: tuple[int, int]) -> bool:
    return all(block in damaged for block in range(*run)) if run[1] - run[0] < 1000 else False


def _check_cuts(header: Header, rows: list[tuple[int, int]], damaged: dict[int, Damage]) -> None:
    """A dataset that grows has one cut block, its former end, until that block is made anew."""
    cut = [b for b, records in rows if records < header.records_in(b) and b not in damaged]
    for block in cut[:-1]:
        damaged[block] = Damage(block, "is cut, and is not the end of the dataset")


def block_problem(reader: Reader, block: int, records: int, sha256: bytes) -> str | None:
    """What is wrong with a stored block: None if it is what the ledger says."""
    want = reader.header.records_in(block)
    if not 1 <= records <= want:
        return f"has {records} records in the ledger, want {want}"
    if len(sha256) != 32:
        return "has a ledger row that was not written for this dataset"
    try:
        proved = reader.proved_checksum(block)
        if proved is not None:
            return None if proved == (records, sha256) else "is not what the ledger says"
        found = Block(block, records, reader.read(block))
        problem = read_problem(reader.header, found.arrays, records)
        if problem is not None:
            return problem
        if found.checksum(reader.header.schema) != sha256:
            return "is not what the ledger says (SHA-256)"
    except QframeError as error:
        return f"cannot be read: {error.message}"
    return None
