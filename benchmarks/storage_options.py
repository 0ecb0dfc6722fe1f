"""What `unitary`, `circuit` and `shards` of storage `sqlite` change: size, writing, reading.

One-qubit circuits of 20 gates of six and their unitaries. Each way writes the same records with the
same workers into a new dataset, which is then read in this process: all of it in batches of 1,024,
copied into an array of the reader's, in order and shuffled, then in order after the system was
told to forget the files ("from disk"; what a disk below keeps is beyond this), and records one by
one. The ways take turns, so that a slow moment of the
machine is nobody's in particular.

    python benchmarks/storage_options.py            prints the tables
    python benchmarks/storage_options.py --save     and writes benchmarks/results/storage_options.md
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from machine import describe, table

import qframe

RESULT = Path(__file__).parent / "results" / "storage_options.md"

CONFIG = """\
records: {records}
seed: 1
gate_set: {{plugin: clifford_t, qubits: 1, gates: [h, s, sdg, t, tdg, x]}}
sampler: {{plugin: uniform, length: 20}}
storage: {{plugin: sqlite{options}}}
executor: {{plugin: processes, workers: {workers}}}
output: {output}
"""

WAYS = {
    "all (default)": "",
    "unitary: none": ", unitary: none",
    "unitary: complex64": ", unitary: complex64",
    "circuit: false": ", circuit: false",
    "shards: 2": ", shards: 2",
    "shards: 4": ", shards: 4",
}
COLUMNS = (
    "bytes a record",
    "files",
    "write",
    "batches in order",
    "batches shuffled",
    "batches from disk",
    "ds[i]",
)


def measure(way: str, records: int, workers: int, directory: Path) -> dict[str, float]:
    """One dataset, written, read, and removed."""
    place = directory / "run"
    place.mkdir()
    config = place / "run.yaml"
    output = place / "data.db"
    config.write_text(
        CONFIG.format(records=records, options=WAYS[way], workers=workers, output=output)
    )
    start = perf_counter()
    summary = qframe.run(config)
    found = {
        "write": records / (perf_counter() - start),
        "bytes a record": summary.bytes / records,
        "files": float(sum(p.is_file() for p in place.rglob("*")) - 1),
    }
    with qframe.open(output) as dataset:
        found["batches in order"] = read(dataset, None)
        found["batches shuffled"] = read(dataset, 1)
        found["ds[i]"] = pick(dataset, 5_000)
    forget(place)
    with qframe.open(output) as dataset:
        found["batches from disk"] = read(dataset, None)
    shutil.rmtree(place)
    return found


def read(dataset: qframe.Dataset, shuffle: int | None) -> float:
    """Records/s of all batches."""
    room = np.empty((1024, *dataset[0].unitary.shape), dataset[0].unitary.dtype)
    start = perf_counter()
    for batch in dataset.batches(1024, shuffle=shuffle):
        room[: len(batch)] = batch.unitaries
    return len(dataset) / (perf_counter() - start)


def forget(place: Path) -> None:
    """Puts all files on the disk and out of the page cache; no connection to them is open."""
    for path in place.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def pick(dataset: qframe.Dataset, count: int) -> float:
    """Records/s one by one at random places, all of them read once before."""
    mix = random.Random(1)
    places = [mix.randrange(len(dataset)) for _ in range(count)]
    for place in places:
        dataset[place]
    start = perf_counter()
    for place in places:
        dataset[place]
    return count / (perf_counter() - start)


def report(runs: dict[str, list[dict[str, float]]]) -> str:
    """Medians, and the ratio to the default of the same turn."""
    default = runs[next(iter(WAYS))]
    rows = [("", *COLUMNS)]
    ratios = [("against the default of the same turn", *COLUMNS[2:])]
    for way, found in runs.items():
        cells = [
            f"{median(f[c] for f in found):,.{1 if c.startswith('b') else 0}f}" for c in COLUMNS[:2]
        ]
        for column in COLUMNS[2:]:
            values = [f[column] for f in found]
            cells.append(f"{median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})")
        rows.append((way, *cells))
        pairs = [
            [f[column] / d[column] for f, d in zip(found, default, strict=True)]
            for column in COLUMNS[2:]
        ]
        ratios.append((way, *(f"{median(p):.2f} ({min(p):.2f} to {max(p):.2f})" for p in pairs)))
    return f"{table(rows)}\n\n{table(ratios)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=5_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--output", type=Path, help="directory on the disk to measure")
    parser.add_argument("--save", action="store_true", help=f"write {RESULT.name} too")
    given = parser.parse_args()
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory(prefix="qframe-benchmark-", dir=given.output) as name:
        about = describe(Path(name))
        for turn in range(given.repeats):
            for way, found in runs.items():
                found.append(measure(way, given.records, given.workers, Path(name)))
            print(f"{turn + 1}/{given.repeats}", file=sys.stderr)
    facts = "\n".join(f"- {key}: {value}" for key, value in about.items())
    text = (
        f"{given.repeats} turns of {given.records:,} records, {given.workers} workers; records/s, "
        f"median (min to max). Reading is one process.\n\n{report(runs)}\n\n{facts}\n"
    )
    print(text)
    if given.save:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(f"# Storage options of `sqlite`\n\n{text}")


if __name__ == "__main__":
    main()
