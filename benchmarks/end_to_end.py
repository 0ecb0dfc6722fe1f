"""`qframe run` against the seed recipe, side by side on this machine.

Both write circuits of 20 one-qubit Clifford+T gates and their complex128 unitaries into one SQLite
file on the same disk, with a process a core. The runs take turns (seed, qframe, seed, qframe, ...).
qframe is timed as the whole command, start of Python included; the seed from its first statement
on, imports left out.

Before each run nothing is left to write back, and as much memory as qframe will need has just been
used for files. A virtual machine pays about ten times what a write costs for memory that it
touches first, and loses the memory again when idle. `--cold` leaves that out.

    python benchmarks/end_to_end.py            prints the tables
    python benchmarks/end_to_end.py --save     and writes benchmarks/results/end_to_end.*
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter

import seed_recipe
from machine import describe
from report import Result, Row, Table, arguments, finish

BYTES_A_RECORD = 100
"""What both write: enough to see whether the disk has room."""

CONFIG = """\
records: {records}
seed: 1
gate_set: {{plugin: clifford_t, qubits: 1, gates: [h, s, sdg, t, tdg, x]}}
sampler: {{plugin: uniform, length: 20}}
dtype: complex128
storage: sqlite
executor: {{plugin: processes, workers: {processes}}}
output: {output}
"""


@dataclass(frozen=True)
class Timing:
    """One run.

    Attributes:
        records: records written.
        seconds: wall time; the data may still be in the kernel's hands.
        landed_s: wall time until the file is on the disk (`fsync`).
        own_rate: records/s as the program itself reports it, if it does.
        cpu_s: CPU time, all processes.
    """

    records: int
    seconds: float
    landed_s: float
    own_rate: float
    cpu_s: float

    @property
    def rate(self) -> float:
        return self.records / self.seconds

    @property
    def landed_rate(self) -> float:
        return self.records / self.landed_s

    @property
    def cpu_rate(self) -> float:
        return self.records / self.cpu_s


def time_seed(records: int, processes: int, directory: Path) -> Timing:
    """Runs the seed recipe and removes what it wrote."""
    output = directory / "seed.db"
    before = _cpu_of_children()
    seconds = seed_recipe.run(records, processes, output)
    cpu = _cpu_of_children() - before
    return Timing(records, seconds, seconds + _land(output), records / seconds, cpu)


def time_qframe(records: int, processes: int, directory: Path) -> Timing:
    """Runs `qframe run` as a user would and removes what it wrote."""
    output = directory / "qframe.db"
    config = directory / "qframe.yaml"
    config.write_text(CONFIG.format(records=records, processes=processes, output=output))
    command = [str(Path(sys.executable).with_name("qframe")), "run", str(config), "--json"]
    before = _cpu_of_children()
    start = perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds = perf_counter() - start
    cpu = _cpu_of_children() - before
    summary = json.loads(done.stdout)
    if summary["stored"] != records:
        raise SystemExit(f"qframe stored {summary['stored']:,} records, want {records:,}")
    own_rate = records / summary["seconds"]
    return Timing(records, seconds, seconds + _land(output), own_rate, cpu)


def settle(directory: Path, size: int) -> None:
    """Nothing left to write back; `size` bytes of memory that the page cache has just used."""
    path = directory / "settle"
    piece = bytes(6 << 20)
    with path.open("wb", buffering=0) as file:
        for _ in range(size // len(piece)):
            file.write(piece)
    path.unlink()
    os.sync()


def _land(path: Path) -> float:
    """Seconds until the file is on the disk; then removes it."""
    start = perf_counter()
    with path.open("rb") as file:
        os.fsync(file.fileno())
    seconds = perf_counter() - start
    path.unlink()
    return seconds


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def spread(values: Sequence[float], digits: int = 0) -> tuple[str, str, str]:
    """Minimum, median and maximum as text."""
    return tuple(f"{v:,.{digits}f}" for v in (min(values), median(values), max(values)))  # type: ignore[return-value]  # three in, three out


def report(seed: list[Timing], qframe: list[Timing], start: list[Timing]) -> Result:
    """What was found."""
    whole = "`qframe run`, whole command"
    rates = [
        Row("seed recipe", [s.rate for s in seed]),
        Row(whole, [q.rate for q in qframe]),
        Row("`qframe run`, as it reports itself", [q.own_rate for q in qframe]),
        Row("`qframe run`, until `fsync` returns", [q.landed_rate for q in qframe]),
    ]
    work = [
        Row("seed recipe", [s.cpu_rate for s in seed]),
        Row(whole, [q.cpu_rate for q in qframe]),
    ]
    costs = [Row("wall", [s.seconds for s in start]), Row("CPU", [s.cpu_s for s in start])]
    pairs = [ours.rate / theirs.rate for ours, theirs in zip(qframe, seed, strict=True)]
    of_medians = rates[1].median / rates[0].median
    return Result(
        name="end_to_end",
        title="`qframe run` against the seed recipe",
        intro=f"{len(seed)} runs of each, in turns: {seed[0].records:,} records by the seed "
        f"recipe, {qframe[0].records:,} by qframe.",
        tables=[
            Table("records/s", rates),
            Table("records a CPU second, all processes", work),
            Table(f"seconds, start-up: a run of {start[0].records:,} records", costs, 2),
        ],
        measured={"end_to_end": of_medians},
        about={},
        remarks=[
            f"**Ratio of the medians: {of_medians:,.0f}x** (pair by pair {min(pairs):,.0f}x to "
            f"{max(pairs):,.0f}x). Of records a CPU second: {work[1].median / work[0].median:,.0f}x"
            ", which depends less on what else the machine does."
        ],
    )


def check_space(directory: Path, records: int) -> None:
    need = round(1.2 * BYTES_A_RECORD * records) + (1 << 28)
    free = shutil.disk_usage(directory).free
    if need > free:
        raise SystemExit(f"{directory}: {free:,} bytes free, want {need:,}; fewer --records?")


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--records", type=int, default=20_000_000, help="by qframe, a run")
    parser.add_argument("--seed-records", type=int, default=20_000, help="by the seed, a run")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--cold", action="store_true", help="do not use memory before each run")
    given = parser.parse_args()
    if given.quick:
        given.repeats, given.records, given.seed_records = 2, 500_000, 2_000

    with tempfile.TemporaryDirectory(prefix="qframe-benchmark-", dir=given.output) as name:
        directory = Path(name)
        check_space(directory, given.records)
        about = describe(directory)
        seed, qframe, start = [], [], []
        warm = 0 if given.cold else BYTES_A_RECORD * given.records
        for repeat in range(given.repeats):
            settle(directory, warm)
            seed.append(time_seed(given.seed_records, given.processes, directory))
            settle(directory, warm)
            qframe.append(time_qframe(given.records, given.processes, directory))
            start.append(time_qframe(1_000, given.processes, directory))
            rates = f"seed {seed[-1].rate:,.0f}, qframe {qframe[-1].rate:,.0f} records/s"
            print(f"{repeat + 1}/{given.repeats}: {rates}", file=sys.stderr)
    about["memory before each run"] = "as it is" if given.cold else "just used for files"
    finish(replace(report(seed, qframe, start), about=about), given)


if __name__ == "__main__":
    main()
