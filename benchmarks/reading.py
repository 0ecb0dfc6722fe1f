"""Records/s that one core reads: batches of 1,024 shuffled by block, and `ds[i]` at random.

From a finished SQLite file (one-qubit Clifford+T, length 20, complex128) that is in the page cache.
The ways take turns.

    python benchmarks/reading.py --save
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
from crew import planned
from machine import describe
from report import Result, Row, Table, arguments, finish

import qframe
from qframe import Dataset

BATCH = 1024


def shuffled(ds: Dataset, seed: int) -> int:
    """Reads all records once; how many."""
    return sum(len(batch.unitaries) for batch in ds.batches(BATCH, shuffle=seed))


def in_order(ds: Dataset, _: int) -> int:
    return sum(len(batch.unitaries) for batch in ds.batches(BATCH))


def one_by_one(count: int) -> Callable[[Dataset, int], int]:
    def read(ds: Dataset, seed: int) -> int:
        for index in np.random.default_rng(seed).integers(len(ds), size=count).tolist():
            ds[index].unitary  # noqa: B018 - reading it is the point
        return count

    return read


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--singles", type=int, default=50_000)
    given = parser.parse_args()
    repeats = 2 if given.quick else given.repeats
    records, singles = (200_000, 2_000) if given.quick else (given.records, given.singles)
    ways = {
        "batches of 1,024, shuffled by block": shuffled,
        "batches of 1,024, in order": in_order,
        "`ds[i]` at random": one_by_one(singles),
    }
    rates: dict[str, list[float]] = {what: [] for what in ways}
    with tempfile.TemporaryDirectory(prefix="qframe-benchmark-", dir=given.output) as name:
        directory = Path(name)
        about = describe(directory)
        planned(directory, records)
        summary = qframe.run(directory / "benchmark.yaml")
        with qframe.open(summary.output) as ds:
            for repeat in range(-1, repeats):  # the first warms up
                for what, way in ways.items():
                    start = perf_counter()
                    count = way(ds, repeat + 1)
                    if repeat >= 0:
                        rates[what].append(count / (perf_counter() - start))
    rows = [Row(what, values) for what, values in rates.items()]
    result = Result(
        name="reading",
        title="Reading to NumPy, one core",
        intro=f"{repeats} runs of each in turns, {records:,} records, {singles:,} for `ds[i]`; the "
        "file is in the page cache.",
        tables=[Table("records/s", rows[:2]), Table("records/s, one by one", rows[2:])],
        measured={"read_batches": rows[0].median, "read_random": rows[2].median},
        about=about,
    )
    finish(result, given)


if __name__ == "__main__":
    main()
