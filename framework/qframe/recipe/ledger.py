"""The ledger's view of a dataset: which blocks are stored, and which are missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from qframe.recipe.blocks import block_count


@dataclass(frozen=True)
class Stored:
    """A run of adjacent stored blocks.

    Attributes:
        first: number of the first block.
        last: number of the last block.
        records: number of records that they hold together.
    """

    first: int
    last: int
    records: int


def stored_runs(rows: Iterable[tuple[int, int]], size: int) -> Iterator[Stored]:
    """Joins ledger rows into runs of adjacent blocks.

    Args:
        rows: `(block, records)` of each stored block, in ascending order.
        size: number of records of a full block.

    Yields:
        runs in ascending order. Either all blocks of a run are full, or the run is one cut block.
    """
    run: Stored | None = None
    for block, records in rows:
        if run and records == size and run.last == block - 1:
            run = Stored(run.first, block, run.records + records)
            continue
        if run:
            yield run
        run = Stored(block, block, records)
        if records != size:
            yield run
            run = None
    if run:
        yield run


def missing(stored: Iterable[Stored], records: int, size: int) -> Iterator[tuple[int, int]]:
    """Finds the runs of blocks that are not stored in full.

    Args:
        stored: runs of stored blocks, in ascending order.
        records: number of records of the whole dataset.
        size: number of records of a full block.

    Yields:
        `(first, end)` of each run; `end` is the first block after it. A cut block is missing if
        the dataset goes beyond its records.
    """
    total = block_count(records, size)
    position = 0
    for run in stored:
        if run.first >= total:
            break
        if run.first > position:
            yield position, run.first
        full = run.records == (run.last - run.first + 1) * size
        reaches_end = run.first * size + run.records >= records
        position = run.last + 1 if full or reaches_end else run.last
    if position < total:
        yield position, total
