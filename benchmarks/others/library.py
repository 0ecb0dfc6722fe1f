"""What `against_others.py` asks of a library."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from qframe import Block

Batch = tuple[NDArray[Any], NDArray[Any]]
"""Codes `(n, length)` uint8, and unitaries `(n, dim, dim)` complex128."""

BATCH = 1024
BLOCK = 4096
POOL = 16
"""Blocks that are mixed with each other in a shuffled pass, for libraries that do not shuffle."""


class Library(ABC):
    """One way to keep records, in an empty directory.

    Attributes:
        name: in tables.
        distribution: what to install; None: it is there.
        share: of the records; libraries that handle them one by one get fewer, or never end.
        stride: batches after which a shuffled pass may stop the clock; whole pools, if it has them.
        how: how it is used here.
        why: why it is quicker than qframe, where it is.
    """

    name: ClassVar[str]
    distribution: ClassVar[str | None] = None
    share: ClassVar[float] = 1.0
    stride: ClassVar[int] = 1
    how: ClassVar[str]
    why: ClassVar[str] = ""

    def __init__(self, directory: Path, records: int) -> None:
        self.directory = directory
        self.records = records

    @abstractmethod
    def write(self, blocks: Sequence[Block]) -> None:
        """Writes all, and closes; nothing is synced to the disk."""

    @abstractmethod
    def open(self) -> None:
        """Opens what was written."""

    @abstractmethod
    def in_order(self) -> Iterator[Batch]:
        """All records in order, in batches of about 1,024."""

    @abstractmethod
    def shuffled(self) -> Iterator[Batch]:
        """All records in a random order, in batches of 1,024."""

    def single(self, index: int) -> Batch | None:
        """One record as a batch of one; None: there is no random access."""
        raise NotImplementedError

    def close(self) -> None:  # noqa: B027 - many have nothing to close
        """Gives back what `open` took."""


class Spans(Library):
    """A library that reads any range of records; shuffled as qframe does it."""

    stride = POOL * BLOCK // BATCH

    @abstractmethod
    def span(self, start: int, stop: int) -> Batch:
        """Records `start` to `stop`, within one block."""

    def in_order(self) -> Iterator[Batch]:
        for start in range(0, self.records, BLOCK):
            codes, unitaries = self.span(start, min(start + BLOCK, self.records))
            for k in range(0, len(codes), BATCH):
                yield codes[k : k + BATCH], unitaries[k : k + BATCH]

    def shuffled(self) -> Iterator[Batch]:
        mix = np.random.default_rng(1)
        starts = mix.permutation(np.arange(0, self.records, BLOCK)).tolist()
        for first in range(0, len(starts), POOL):
            pool = [self.span(s, min(s + BLOCK, self.records)) for s in starts[first:][:POOL]]
            codes = np.concatenate([part[0] for part in pool])
            unitaries = np.concatenate([part[1] for part in pool])
            order = mix.permutation(len(codes))
            for k in range(0, len(order), BATCH):
                part = order[k : k + BATCH]
                yield codes[part], unitaries[part]

    def single(self, index: int) -> Batch | None:
        return self.span(index, index + 1)


def columns(block: Block) -> Batch:
    """Codes and unitaries of a block."""
    return block.arrays["codes"], block.arrays["unitaries"]


def collated(items: list[tuple[NDArray[Any], NDArray[Any]]]) -> Batch:
    """Single records as one batch, as a data loader does it."""
    return np.stack([codes for codes, _ in items]), np.stack([matrix for _, matrix in items])
