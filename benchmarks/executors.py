"""Executor `threads` against `processes` and `serial`, on the same records.

One-qubit circuits of 20 gates of six and their unitaries into one SQLite file. Times are those of
`qframe.run` in this process, which has imported everything by then: processes pay for the start of
their workers, threads do not. So a short run and a long one are measured, in turns.

    python benchmarks/executors.py            prints the table
    python benchmarks/executors.py --save     and writes benchmarks/results/executors.md
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from machine import cpu_seconds, describe, table

import qframe

RESULT = Path(__file__).parent / "results" / "executors.md"

CONFIG = """\
records: {records}
seed: 1
gate_set: {{plugin: clifford_t, qubits: 1, gates: [h, s, sdg, t, tdg, x]}}
sampler: {{plugin: uniform, length: 20}}
engine: {engine}
executor: {executor}
output: {output}
"""


def measure(executor: str, engine: str, records: int, directory: Path) -> tuple[float, float]:
    """Records/s of one run and CPU nanoseconds a record; its dataset is then removed."""
    place = directory / "run"
    place.mkdir()
    config = place / "run.yaml"
    config.write_text(
        CONFIG.format(records=records, engine=engine, executor=executor, output=place / "data.db")
    )
    cpu = cpu_seconds()
    summary = qframe.run(config)
    cpu = cpu_seconds() - cpu
    shutil.rmtree(place)
    return summary.stored / summary.seconds, 1e9 * cpu / summary.stored


def spread(values: list[float], digits: int = 0) -> str:
    """Median, minimum and maximum."""
    middle, low, high = (f"{v:,.{digits}f}" for v in (median(values), min(values), max(values)))
    return f"{middle} ({low} to {high})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=5_000_000, help="of the long run")
    parser.add_argument("--short", type=int, default=100_000, help="records of the short run")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--engines", nargs="+", default=["numpy"])
    parser.add_argument("--output", type=Path, help="directory on the disk to measure")
    parser.add_argument("--save", action="store_true", help=f"write {RESULT.name} too")
    given = parser.parse_args()
    executors = {
        "serial": "serial",
        **{
            f"{name}, {count}": f"{{plugin: {name}, workers: {count}}}"
            for count in sorted({1, given.workers})
            for name in ("processes", "threads")
        },
    }
    rates: dict[tuple[str, str, int], list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="qframe-benchmark-", dir=given.output) as name:
        about = describe(Path(name))
        for turn in range(given.repeats):
            for records in (given.short, given.records):
                for engine in given.engines:
                    for label, section in executors.items():
                        rate = measure(section, engine, records, Path(name))
                        rates.setdefault((label, engine, records), []).append(rate)
            print(f"{turn + 1}/{given.repeats}", file=sys.stderr)
    best = f"processes, {given.workers}"
    rows: list[tuple[str, ...]] = [
        ("executor, workers", "engine", "records", "records/s", f"against {best}", "CPU ns")
    ]
    for (label, engine, records), own in rates.items():
        pairs = [a[0] / b[0] for a, b in zip(own, rates[best, engine, records], strict=True)]
        speed, cost = spread([a[0] for a in own]), spread([a[1] for a in own])
        rows.append((label, engine, f"{records:,}", speed, spread(pairs, 2), cost))
    facts = "\n".join(f"- {key}: {value}" for key, value in about.items())
    text = f"{given.repeats} turns, median (min to max).\n\n{table(rows)}\n\n{facts}\n"
    print(text)
    if given.save:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(f"# Executors\n\n{text}")


if __name__ == "__main__":
    main()
