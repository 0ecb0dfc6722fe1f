"""`qframe run` against the seed recipe, side by side on this machine.

Both write circuits of 20 one-qubit Clifford+T gates and their complex128 unitaries into one SQLite
file on the same disk, with a process a core. The runs take turns (seed, qframe, seed, qframe, ...).
qframe is timed as the whole command, start of Python included; the seed from its first statement
on, imports left out.

Before each run nothing is left to write back, and memory is full of cached files, as in the middle
of a long run (`settle.py` says why). `--cold` leaves that out.

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
from settle import settle

BYTES_A_RECORD = 100
"""What both write: enough to see whether the disk has room."""

ENGINES = ("numpy", "auto")
"""The default, and the one that goes over to Numba in long runs."""

CONFIG = """\
records: {records}
seed: 1
gate_set: {{plugin: clifford_t, qubits: 1, gates: [h, s, sdg, t, tdg, x]}}
sampler: {{plugin: uniform, length: 20}}
engine: {engine}
dtype: complex128
storage: sqlite
executor: {{plugin: processes, workers: {processes}}}
output: {output}
"""


def config_text(records: int, processes: int, output: Path, engine: str = "numpy") -> str:
    """The YAML of a run; `numpy` is the default of qframe."""
    return CONFIG.format(records=records, processes=processes, output=output, engine=engine)


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


def time_qframe(records: int, processes: int, directory: Path, engine: str = "numpy") -> Timing:
    """Runs `qframe run` as a user would and removes what it wrote."""
    output = directory / "qframe.db"
    config = directory / "qframe.yaml"
    config.write_text(config_text(records, processes, output, engine))
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


def report(seed: list[Timing], qframe: dict[str, list[Timing]], start: list[Timing]) -> Result:
    """What was found; the last engine's is the ratio to look at."""
    names = {engine: f"`qframe run`, engine `{engine}`" for engine in qframe}
    rates = [Row("seed recipe", [s.rate for s in seed])]
    work = [Row("seed recipe", [s.cpu_rate for s in seed])]
    for engine, timings in qframe.items():
        rates += [
            Row(f"{names[engine]}, whole command", [q.rate for q in timings]),
            Row(f"{names[engine]}, as it reports itself", [q.own_rate for q in timings]),
            Row(f"{names[engine]}, until `fsync` returns", [q.landed_rate for q in timings]),
        ]
        work.append(Row(f"{names[engine]}, whole command", [q.cpu_rate for q in timings]))
    costs = [Row("wall", [s.seconds for s in start]), Row("CPU", [s.cpu_s for s in start])]
    remarks = [_ratio(names[engine], seed, timings) for engine, timings in qframe.items()]
    best = list(qframe.values())[-1]
    return Result(
        name="end_to_end",
        title="`qframe run` against the seed recipe",
        intro=f"{len(seed)} runs of each, in turns: {seed[0].records:,} records by the seed "
        f"recipe, {best[0].records:,} by qframe.",
        tables=[
            Table("records/s", rates),
            Table("records a CPU second, all processes", work),
            Table(f"seconds, start-up: a run of {start[0].records:,} records", costs, 2),
        ],
        measured={"end_to_end": _of_medians(seed, best)},
        about={},
        remarks=remarks,
    )


def _of_medians(seed: list[Timing], qframe: list[Timing]) -> float:
    return median(q.rate for q in qframe) / median(s.rate for s in seed)


def _ratio(name: str, seed: list[Timing], qframe: list[Timing]) -> str:
    pairs = [ours.rate / theirs.rate for ours, theirs in zip(qframe, seed, strict=True)]
    ratio = _of_medians(seed, qframe)
    work = median(q.cpu_rate for q in qframe) / median(s.cpu_rate for s in seed)
    return (
        f"{name}, ratio of the medians: **{ratio:,.0f}x** (pair by pair {min(pairs):,.0f}x to "
        f"{max(pairs):,.0f}x). Of records a CPU second: {work:,.0f}x, which depends less on what "
        "else the machine does."
    )


def check_space(directory: Path, records: int) -> None:
    need = round(1.2 * BYTES_A_RECORD * records) + (1 << 28)
    free = shutil.disk_usage(directory).free
    if need > free:
        raise SystemExit(f"{directory}: {free:,} bytes free, want {need:,}; fewer --records?")


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--records", type=int, default=100_000_000, help="by qframe, a run")
    parser.add_argument("--seed-records", type=int, default=20_000, help="by the seed, a run")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--cold", action="store_true", help="memory as it is, before each run")
    given = parser.parse_args()
    if given.quick:
        given.repeats, given.records, given.seed_records = 2, 500_000, 2_000

    with tempfile.TemporaryDirectory(prefix="qframe-benchmark-", dir=given.output) as name:
        directory = Path(name)
        check_space(directory, given.records)
        about = describe(directory)

        def prepared() -> None:
            if not given.cold:
                settle(directory)

        seed, start = [], []
        qframe: dict[str, list[Timing]] = {engine: [] for engine in ENGINES}
        for repeat in range(given.repeats):
            prepared()
            seed.append(time_seed(given.seed_records, given.processes, directory))
            said = [f"seed {seed[-1].rate:,.0f}"]
            for engine, timings in qframe.items():
                prepared()
                timings.append(time_qframe(given.records, given.processes, directory, engine))
                said.append(f"{engine} {timings[-1].rate:,.0f}")
            start.append(time_qframe(1_000, given.processes, directory))
            print(f"{repeat + 1}/{given.repeats}: {', '.join(said)} records/s", file=sys.stderr)
    about["memory before each run"] = "as it is" if given.cold else "full of cached files"
    finish(replace(report(seed, qframe, start), about=about), given)


if __name__ == "__main__":
    main()
