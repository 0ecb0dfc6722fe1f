"""What `unitary`, `circuit` and `shards` of storage `sqlite` change: size, writing, reading.

One-qubit circuits of 20 gates of six and their unitaries. Each way writes the same records with the
same workers into a new dataset, which is then read in this process: all of it in batches of 1,024,
copied into an array of the reader's, in order and shuffled, then in order after the system was
told to forget the files ("from disk"; what a disk below keeps is beyond this), and records one by
one. The ways take turns, so that a slow moment of the
machine is nobody's in particular. CPU time is given too: it says more where other programs run.

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
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from machine import cpu_seconds, describe, table

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
PICKED = 5_000
SIZES = ("bytes a record", "files")
COLUMNS = (
    "write",
    "batches in order",
    "batches shuffled",
    "batches from disk",
    "ds[i]",
)


Found = dict[str, float]


def timed(found: Found, name: str, records: int, work: Callable[[], object]) -> None:
    """Adds records/s, and CPU nanoseconds a record."""
    start, cpu = perf_counter(), cpu_seconds()
    work()
    found[name] = records / (perf_counter() - start)
    found[f"cpu {name}"] = 1e9 * (cpu_seconds() - cpu) / records


def measure(way: str, records: int, workers: int, directory: Path) -> Found:
    """One dataset, written, read, and removed."""
    place = directory / "run"
    place.mkdir()
    config = place / "run.yaml"
    output = place / "data.db"
    config.write_text(
        CONFIG.format(records=records, options=WAYS[way], workers=workers, output=output)
    )
    found: Found = {}
    timed(found, "write", records, lambda: qframe.run(config))
    files = [p for p in place.rglob("*") if p.is_file() and p != config]
    found["files"] = len(files)
    found["bytes a record"] = sum(p.stat().st_size for p in files) / records
    with qframe.open(output) as dataset:
        timed(found, "batches in order", records, lambda: read(dataset, None))
        timed(found, "batches shuffled", records, lambda: read(dataset, 1))
        pick(dataset)
        timed(found, "ds[i]", PICKED, lambda: pick(dataset))
    forget(files)
    with qframe.open(output) as dataset:
        timed(found, "batches from disk", records, lambda: read(dataset, None))
    shutil.rmtree(place)
    return found


def read(dataset: qframe.Dataset, shuffle: int | None) -> None:
    """All batches."""
    room = np.empty((1024, *dataset[0].unitary.shape), dataset[0].unitary.dtype)
    for batch in dataset.batches(1024, shuffle=shuffle):
        room[: len(batch)] = batch.unitaries


def forget(files: list[Path]) -> None:
    """Puts all files on the disk and out of the page cache; no connection to them is open."""
    for path in files:
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def pick(dataset: qframe.Dataset) -> None:
    """Records one by one, always the same ones."""
    mix = random.Random(1)
    for _ in range(PICKED):
        dataset[mix.randrange(len(dataset))]


def report(runs: dict[str, list[Found]]) -> str:
    """Three tables: sizes and rates, ratios to the default of the same turn, CPU time."""
    default = next(iter(runs.values()))
    rates: list[tuple[str, ...]] = [("records/s", *SIZES, *COLUMNS)]
    ratios: list[tuple[str, ...]] = [("against the default of the same turn", *COLUMNS)]
    costs: list[tuple[str, ...]] = [("CPU ns a record", *COLUMNS)]
    for way, found in runs.items():
        sizes = (f"{median(f[SIZES[0]] for f in found):.1f}", f"{found[0][SIZES[1]]:.0f}")
        rates.append((way, *sizes, *(spread([f[c] for f in found]) for c in COLUMNS)))
        pairs = list(zip(found, default, strict=True))
        ratios.append((way, *(spread([f[c] / d[c] for f, d in pairs], 2) for c in COLUMNS)))
        costs.append((way, *(spread([f[f"cpu {c}"] for f in found]) for c in COLUMNS)))
    return "\n\n".join(map(table, (rates, ratios, costs)))


def spread(values: list[float], digits: int = 0) -> str:
    """Median, minimum and maximum."""
    middle, low, high = (f"{v:,.{digits}f}" for v in (median(values), min(values), max(values)))
    return f"{middle} ({low} to {high})"


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
