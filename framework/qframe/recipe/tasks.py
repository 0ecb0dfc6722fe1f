"""Task: a run of blocks that one worker makes and commits in one step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """A run of blocks that one worker makes and commits in one step.

    Attributes:
        first: number of the first block.
        blocks: number of blocks.
        records: number of records of the whole dataset; a block that would pass its end is cut.
    """

    first: int
    blocks: int
    records: int

    def __str__(self) -> str:
        return f"blocks {self.first}..{self.first + self.blocks - 1}"


def tasks(runs: Iterable[tuple[int, int]], blocks: int, records: int) -> Iterator[Task]:
    """Cuts runs of missing blocks into tasks.

    Args:
        runs: `(first, end)` of each run of missing blocks.
        blocks: largest number of blocks of a task.
        records: number of records of the whole dataset.
    """
    for first, end in runs:
        for start in range(first, end, blocks):
            yield Task(start, min(blocks, end - start), records)
