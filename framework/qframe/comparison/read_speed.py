"""Read speed: how fast stored records are read, in order, in shuffled batches, and one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import inf
from time import perf_counter

import numpy as np

from qframe.comparison.outcome import Throughput
from qframe.contracts.storage import Reader
from qframe.dataset.dataset import Dataset
from qframe.machine.signals import StopRequest
from qframe.recipe.columns import Arrays
from qframe.recipe.ledger import Stored

BATCH = 1024
"""Records in a batch."""

SEED = 1
"""Seed of the shuffling and of the random records."""


class FirstRecords(Reader):
    """The first `records` of an unfinished dataset, as a complete dataset.

    A request to stop ends the program when the next block is read.
    """

    def __init__(self, reader: Reader, records: int, stop: StopRequest) -> None:
        self._reader = reader
        self._stop = stop
        self.header = replace(reader.header, records=records)

    def stored(self) -> Iterator[Stored]:
        yield Stored(0, self.header.blocks - 1, self.header.records)

    def checksums(self) -> Iterator[tuple[int, int, bytes]]:
        return (row for row in self._reader.checksums() if row[0] < self.header.blocks)

    def read(self, block: int, start: int = 0, stop: int | None = None) -> Arrays:
        self._stop.raise_if_requested()
        return self._reader.read(block, start, stop)

    def close(self) -> None:
        self._reader.close()


def stored_from_start(reader: Reader) -> int:
    """Number of records that are stored without a gap from record 0 on."""
    first = next(iter(reader.stored()), None)
    return first.records if first is not None and first.first == 0 else 0


def in_order(dataset: Dataset, seconds: float) -> Throughput:
    """Reads batches in the order of the records, for about `seconds`."""
    return _timed((len(batch) for batch in dataset.batches(BATCH)), seconds)


def batches(dataset: Dataset) -> Throughput:
    """Reads all records once, in batches shuffled by block."""
    return _timed((len(batch) for batch in dataset.batches(BATCH, shuffle=SEED)), inf)


def single(dataset: Dataset, seconds: float) -> Throughput:
    """Reads `ds[i]` for random i, for about `seconds`."""
    random = np.random.default_rng(SEED)

    def one_by_one() -> Iterator[int]:
        while True:
            for i in random.integers(len(dataset), size=BATCH).tolist():
                yield len([dataset[i]])

    return _timed(one_by_one(), seconds)


def _timed(counts: Iterable[int], seconds: float) -> Throughput:
    """Adds up numbers of records until there are no more, or the time is over."""
    start = now = perf_counter()
    total = 0
    for count in counts:
        total += count
        now = perf_counter()
        if now - start > seconds:
            break
    return Throughput(total, now - start)
