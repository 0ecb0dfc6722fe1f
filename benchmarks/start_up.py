"""CPU seconds of `qframe --help` and of `qframe run` of 1,000 records: start-up and little else.

All processes of a command count. The two take turns.

    python benchmarks/start_up.py --save
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from crew import planned
from machine import describe
from report import Result, Row, Table, arguments, finish

QFRAME = str(Path(sys.executable).with_name("qframe"))


def cost(*words: str) -> tuple[float, float]:
    """CPU and wall seconds of a command, and of all that it starts."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    subprocess.run([QFRAME, *words], check=True, stdout=subprocess.DEVNULL)
    wall, after = perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, wall


def main() -> None:
    parser = arguments(__doc__)
    given = parser.parse_args()
    repeats = 2 if given.quick else 2 * given.repeats
    cpu: dict[str, list[float]] = {"`qframe --help`": [], "`qframe run`, 1,000 records": []}
    wall: dict[str, list[float]] = {what: [] for what in cpu}
    with tempfile.TemporaryDirectory(prefix="qframe-benchmark-", dir=given.output) as name:
        directory = Path(name)
        about = describe(directory)
        run = planned(directory, 1_000)
        commands = (("--help",), ("run", str(directory / "benchmark.yaml"), "--quiet"))
        cost("--help")  # so that Python's files are in the page cache
        for _ in range(repeats):
            for what, words in zip(cpu, commands, strict=True):
                run.output.unlink(missing_ok=True)
                seconds = cost(*words)
                cpu[what].append(seconds[0])
                wall[what].append(seconds[1])
    result = Result(
        name="start_up",
        title="Start-up",
        intro=f"{repeats} runs of each in turns; CPU time of all processes, user and system, with "
        f"{run.executor.workers} workers.",
        tables=[
            Table("CPU seconds", [Row(what, values) for what, values in cpu.items()], 2),
            Table("seconds until it is over", [Row(what, v) for what, v in wall.items()], 2),
        ],
        measured={
            key: Row("", values).median
            for key, values in zip(("start_help", "start_run"), cpu.values(), strict=True)
        },
        about=about,
    )
    finish(result, given)


if __name__ == "__main__":
    main()
