"""qframe's files against what people would use instead: the same records, the same machine.

Each library writes the records that are in memory already, then reads them in order, one by one at
random, and in shuffled batches of 1,024, from the page cache; one process, one thread. The
libraries take turns, so that what else the machine does meets all of them alike. What is read is
touched, and compared once with what was written. Libraries that are not installed are left out.

    pip install -e '.[bench]'                                 h5py, zarr, pyarrow, lmdb
    pip install litdata webdataset mosaicml-streaming         heavy; in an environment of its own
    python benchmarks/against_others.py --save                writes results/against_others.md, .svg
    python benchmarks/against_others.py --quick               a minute, and prints only
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from machine import describe, table
from numpy.typing import NDArray
from others.library import BLOCK, Batch, Library
from others.qframe_sqlite import QframeBlocks

import qframe
from qframe import Block, Header

CLEARLY = 1.05
"""So much quicker counts as quicker; less is noise."""

RESULT = Path(__file__).parent / "results" / "against_others.md"

LIBRARIES = (
    "qframe_sqlite:QframeBlocks",
    "qframe_sqlite:QframeRows",
    "npy_shards:NpyShards",
    "hdf5:Hdf5",
    "parquet:Parquet",
    "zarr_arrays:Zarr",
    "lmdb_records:Lmdb",
    "lit:LitData",
    "mosaic:Mosaic",
    "web_dataset:WebDataset",
)

CONFIG = """\
records: {records}
seed: 1
gate_set: {{plugin: clifford_t, qubits: 1}}
sampler: {{plugin: uniform, length: 20}}
"""

WAYS = {
    "write": "written",
    "in_order": "read in order",
    "shuffled": "read in shuffled batches",
    "single": "read one by one at random",
}


@dataclass
class Found:
    """One library's figures, a value a repeat: records/s, and bytes and files on the disk."""

    library: type[Library]
    records: int
    rates: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in WAYS})
    bytes: int = 0
    files: int = 0


def installed_libraries() -> list[type[Library]]:
    """Those that can be imported; the others are named."""
    found = []
    for word in LIBRARIES:
        module, _, name = word.partition(":")
        try:
            found.append(getattr(import_module(f"others.{module}"), name))
        except ImportError as cause:
            print(f"left out: {module} ({cause})", file=sys.stderr)
    return found


def make_records(records: int, directory: Path) -> tuple[Header, list[Block]]:
    """The records, as qframe makes them, and their header."""
    config = directory / "records.yaml"
    config.write_text(CONFIG.format(records=records))
    with qframe.open(config) as dataset:
        header = dataset.header
        blocks = [
            Block(k, header.records_in(k), dict(dataset.reader.read(k)))
            for k in range(header.blocks)
        ]
    return header, blocks


class Turn:
    """One library's turn in one repeat."""

    def __init__(self, found: Found, blocks: list[Block], directory: Path, seconds: float) -> None:
        self.found = found
        self.blocks = blocks
        self.directory = directory
        self.seconds = seconds
        self.library = found.library(directory, found.records)

    def take(self) -> None:
        """Writes, looks at the disk, reads."""
        start = perf_counter()
        self.library.write(self.blocks)
        self._note("write", self.found.records, perf_counter() - start)
        self.found.bytes, self.found.files = on_disk(self.directory)
        self.library.open()
        try:
            self._check()
            self._read("in_order", self.library.in_order(), 1)
            self._single()
            self._read("shuffled", self.library.shuffled(), self.library.stride)
        finally:
            self.library.close()

    def _note(self, way: str, records: int, seconds: float) -> None:
        self.found.rates[way].append(records / seconds)

    def _check(self) -> None:
        """What is read is what was written."""
        codes, unitaries = next(iter(self.library.in_order()))
        ours = self.blocks[0].arrays
        same = np.array_equal(codes, ours["codes"][: len(codes)])
        if not same or not np.array_equal(unitaries, ours["unitaries"][: len(codes)]):
            raise SystemExit(f"{self.library.name} gives back other records")
        at = self.found.records // 2 + 17
        one = self.library.single(at)
        want = self.blocks[at // BLOCK].arrays["unitaries"][at % BLOCK]
        if one is not None and not np.array_equal(one[1][0], want):
            raise SystemExit(f"{self.library.name} gives back another record {at}")

    def _read(self, way: str, batches: Iterator[Batch], stride: int) -> None:
        total = 0
        start = now = perf_counter()
        for number, (codes, unitaries) in enumerate(batches, 1):
            touch(codes, unitaries)
            total += len(codes)
            now = perf_counter()
            if now - start > self.seconds and number % stride == 0:
                break
        self._note(way, total, now - start)

    def _single(self) -> None:
        order = np.random.default_rng(len(self.found.rates["single"]))
        total = 0
        start = now = perf_counter()
        while now - start < self.seconds:
            for index in order.integers(self.found.records, size=100).tolist():
                one = self.library.single(index)
                if one is None:
                    return
                touch(*one)
                total += 1
                now = perf_counter()
                if now - start > self.seconds:
                    break
        self._note("single", total, now - start)


def touch(codes: NDArray[Any], unitaries: NDArray[Any]) -> None:
    """Reads every byte: what is only mapped has not been read."""
    codes.max()
    unitaries.view(np.float64).sum()


def on_disk(directory: Path) -> tuple[int, int]:
    paths = [path for path in directory.rglob("*") if path.is_file()]
    return sum(512 * path.stat().st_blocks for path in paths), len(paths)


def report(found: list[Found], repeats: int) -> str:
    """The tables, and what is quicker than qframe, with the reason."""
    lines = [f"{repeats} repeats of each in turns; median (min to max)."]
    head = ("records/s", "records", *WAYS.values())
    rows = [head]
    for one in found:
        cells = [_cell(one.rates[way]) for way in WAYS]
        rows.append((one.library.name, f"{one.records:,}", *cells))
    lines.append(table(rows))
    disk: list[tuple[str, ...]] = [("on the disk", "bytes a record", "files", "how")]
    for one in found:
        each = f"{one.bytes / one.records:,.1f}"
        disk.append((one.library.name, each, f"{one.files:,}", one.library.how))
    lines.append(table(disk))
    lines.append("## Where something is quicker than qframe's default, by 5% or more")
    ours = found[0]
    for one in found[1:]:
        quicker = [
            f"{name} {median(one.rates[way]) / median(ours.rates[way]):.1f}x"
            for way, name in WAYS.items()
            if one.rates[way] and median(one.rates[way]) > CLEARLY * median(ours.rates[way])
        ]
        if quicker:
            why = f" Why: {one.library.why}." if one.library.why else ""
            lines.append(f"- **{one.library.name}**: {', '.join(quicker)}.{why}")
    if lines[-1].startswith("##"):
        lines.append("Nowhere in this run.")
    return "\n\n".join(lines)


def _cell(values: list[float]) -> str:
    if not values:
        return "-"
    return f"{median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="each way of reading")
    parser.add_argument("--quick", action="store_true", help="few records, two repeats")
    parser.add_argument("--output", type=Path, help="directory on the disk to measure")
    parser.add_argument("--save", action="store_true", help=f"write {RESULT.name} and .svg too")
    given = parser.parse_args()
    if given.quick:
        given.records, given.repeats, given.seconds = 400_000, 2, 0.2

    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="qframe-benchmark-", dir=given.output) as name:
        directory = Path(name)
        about = describe(directory)
        header, blocks = make_records(given.records, directory)
        QframeBlocks.header = header
        found = []
        for library in installed_libraries():
            whole = max(2, round(library.share * given.records / BLOCK))
            found.append(Found(library, min(given.records, whole * BLOCK)))
        for repeat in range(given.repeats):
            os.sync()
            for one in found:
                place = directory / "turn"
                place.mkdir()
                Turn(one, blocks[: -(-one.records // BLOCK)], place, given.seconds).take()
                shutil.rmtree(place)
            print(f"{repeat + 1}/{given.repeats}", file=sys.stderr)
    text = report(found, given.repeats)
    about |= {one.library.name: _version(one.library) for one in found if one.library.distribution}
    about.pop("SQLite of the seed")
    facts = "\n".join(f"- {key}: {value}" for key, value in about.items())
    print(f"{text}\n\n{facts}")
    if given.save:
        save(found, text, facts, about, given.repeats)


def save(found: list[Found], text: str, facts: str, about: dict[str, str], repeats: int) -> None:
    from picture import draw

    RESULT.parent.mkdir(exist_ok=True)
    picture = RESULT.with_suffix(".svg")
    order = sorted(found, key=lambda one: -median(one.rates["write"]))
    heads = ("written", "read in order", "in shuffled batches", "one by one at random")
    panels = [
        (head, [one.rates[way] for one in order], True)
        for way, head in zip(WAYS, heads, strict=True)
    ]
    sizes = [[one.bytes / one.records] for one in order]
    panels.append(("bytes a record", sizes, False))
    draw(
        picture,
        "The same records in qframe and in what people would use instead",
        f"records/s, one process, {repeats} repeats in turns (line: min to max); one-qubit "
        f"circuits of 20 gates, 84 bytes a record; orange: better than qframe's default; "
        f"{about['CPU']}; {about['date']}",
        [one.library.name for one in order],
        [issubclass(one.library, QframeBlocks) for one in order],
        panels,
    )
    RESULT.write_text(
        f"# qframe against other ways to keep records\n\n![]({picture.name})\n\n"
        f"One-qubit Clifford+T circuits of 20 gates with their complex128 unitaries. One process "
        f"writes records that are in memory, then reads them from the page cache.\n\n"
        f"{text}\n\n{facts}\n"
    )
    print(f"Saved: {RESULT}, {picture}")


def _version(library: type[Library]) -> str:
    try:
        return version(library.distribution or "")
    except PackageNotFoundError:
        return "?"


if __name__ == "__main__":
    main()
