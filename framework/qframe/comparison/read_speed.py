"""How fast what is stored comes back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import inf
from time import perf_counter

import numpy as np

from qframe.comparison.outcome import Pace
from qframe.contracts.storage import Reader
from qframe.dataset.dataset import Dataset
from qframe.machine.signals import Stop
from qframe.recipe.columns import Arrays
from qframe.recipe.ledger import Stored

BATCH = 1024
SEED = 1


class Beginning(Reader):
    """The first `records` of a dataset that was left incomplete, as a complete one.

    Reading ends, by what `stop.end` raises, once a signal came.
    """

    def __init__(self, reader: Reader, records: int, stop: Stop) -> None:
        self._reader = reader
        self._stop = stop
        self.header = replace(reader.header, records=records)

    def stored(self) -> Iterator[Stored]:
        yield Stored(0, self.header.blocks - 1, self.header.records)

    def checksums(self) -> Iterator[tuple[int, int, bytes]]:
        return (row for row in self._reader.checksums() if row[0] < self.header.blocks)

    def read(self, block: int, start: int = 0, stop: int | None = None) -> Arrays:
        self._stop.end()
        return self._reader.read(block, start, stop)

    def close(self) -> None:
        self._reader.close()


def stored_from_start(reader: Reader) -> int:
    """Records without a gap from record 0 on."""
    first = next(iter(reader.stored()), None)
    return first.records if first is not None and first.first == 0 else 0


def in_order(dataset: Dataset, seconds: float) -> Pace:
    """Batch after batch in the order of the records."""
    return _timed((len(batch) for batch in dataset.batches(BATCH)), seconds)


def batches(dataset: Dataset) -> Pace:
    """Batches shuffled by block, all of them once."""
    return _timed((len(batch) for batch in dataset.batches(BATCH, shuffle=SEED)), inf)


def single(dataset: Dataset, seconds: float) -> Pace:
    """`ds[i]` for random i, warm."""
    random = np.random.default_rng(SEED)

    def each() -> Iterator[int]:
        while True:
            for i in random.integers(len(dataset), size=BATCH).tolist():
                yield len([dataset[i]])

    return _timed(each(), seconds)


def _timed(counts: Iterable[int], seconds: float) -> Pace:
    """Counts until there is no more, or time is over."""
    start = now = perf_counter()
    total = 0
    for count in counts:
        total += count
        now = perf_counter()
        if now - start > seconds:
            break
    return Pace(total, now - start)
