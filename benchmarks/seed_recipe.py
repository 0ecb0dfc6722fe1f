"""The baseline: how the author of the idea would have written it, before qframe.

A process a core, each with its own connection. Each circuit is a Python loop of `G[k] @ U`; each
matrix is one INSERT and one commit. `journal_mode = WAL` lets the processes share the file,
`synchronous = OFF` spares the waits for the disk.

    python benchmarks/seed_recipe.py --records 20000
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from time import perf_counter

import numpy as np

LENGTH = 20

GATES = np.array(
    [
        [[0.5**0.5, 0.5**0.5], [0.5**0.5, -(0.5**0.5)]],  # h
        [[1, 0], [0, 1j]],  # s
        [[1, 0], [0, -1j]],  # sdg
        [[1, 0], [0, np.exp(0.25j * np.pi)]],  # t
        [[1, 0], [0, np.exp(-0.25j * np.pi)]],  # tdg
        [[0, 1], [1, 0]],  # x
    ],
    dtype=np.complex128,
)


def connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=60)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=OFF")
    return db


def generate(seed: int, records: int, path: Path) -> None:
    """What one process does."""
    rng = np.random.default_rng(seed)
    with closing(connect(path)) as db:
        for _ in range(records):
            codes = rng.integers(len(GATES), size=LENGTH, dtype=np.uint8)
            unitary = np.eye(2, dtype=np.complex128)
            for k in codes:
                unitary = GATES[k] @ unitary
            db.execute(
                "INSERT INTO circuits(codes, unitary) VALUES (?, ?)",
                (codes.tobytes(), unitary.tobytes()),
            )
            db.commit()


def run(records: int, processes: int, path: Path) -> float:
    """Writes `records` circuits and unitaries into a new file at `path`; returns the seconds."""
    start = perf_counter()
    with closing(connect(path)) as db:
        db.execute("CREATE TABLE circuits(id INTEGER PRIMARY KEY, codes BLOB, unitary BLOB)")
    shares = [records // processes + (k < records % processes) for k in range(processes)]
    with multiprocessing.Pool(processes) as pool:
        pool.starmap(generate, [(k, share, path) for k, share in enumerate(shares)], chunksize=1)
    return perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--output", type=Path, help="directory; a temporary one if left out")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.output) as directory:
        seconds = run(given.records, given.processes, Path(directory) / "seed.db")
    print(f"{given.records:,} records, {seconds:.2f} s, {given.records / seconds:,.0f} records/s")


if __name__ == "__main__":
    main()
