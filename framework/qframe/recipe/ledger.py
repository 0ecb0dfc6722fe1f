"""Which blocks there are, which are stored, and how they are handed out as tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

BLOCK_RECORDS = 4096
BLOCK_BYTES = 8 << 20


def records_per_block(width: int) -> int:
    """Records in a full block, for records of `width` bytes (lengths, codes and unitary).

    4,096, as long as a block then stays within 8 MiB; else the largest power of two that does. A
    worker holds whole blocks, and 4,096 unitaries of six qubits would be 256 MiB. The number
    stands in the recipe.
    """
    records = BLOCK_RECORDS
    while records > 1 and records * width > BLOCK_BYTES:
        records //= 2
    return records


@dataclass(frozen=True)
class Task:
    """A run of blocks `first .. first + blocks - 1` that one worker commits in one transaction.

    `records` ends the dataset: a block that would pass it is cut.
    """

    first: int
    blocks: int
    records: int

    def __str__(self) -> str:
        return f"blocks {self.first}..{self.first + self.blocks - 1}"


@dataclass(frozen=True)
class Stored:
    """What the ledger says of one run of blocks: `first .. last` hold `records` together."""

    first: int
    last: int
    records: int


def stored_runs(rows: Iterable[tuple[int, int]], size: int) -> Iterator[Stored]:
    """Ledger rows `(block, records)`, in ascending order, as runs of full blocks and cut ones."""
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


def block_count(records: int, size: int) -> int:
    return -(-records // size)


def missing(stored: Iterable[Stored], records: int, size: int) -> Iterator[tuple[int, int]]:
    """Runs `(first, end)` of blocks that are not stored in full, for a dataset of `records`.

    `stored` is in ascending order. A run that ends in a cut block counts as lacking that block
    when the dataset now goes beyond it.
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


def tasks(runs: Iterable[tuple[int, int]], blocks: int, records: int) -> Iterator[Task]:
    """Cuts runs of missing blocks into tasks of at most `blocks` blocks."""
    for first, end in runs:
        for start in range(first, end, blocks):
            yield Task(start, min(blocks, end - start), records)
