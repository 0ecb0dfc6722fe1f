"""Two writers against one, into the same file.

While generation is the bottleneck: workers as `qframe run` has them, on three-qubit circuits, of
which a core makes far fewer than a writer can take. While the writer is: the same with blocks that
were made beforehand, of one qubit. Clocks start when all processes are ready. Runs of one and of
two take turns.

    python benchmarks/writers.py --save
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from crew import Prepared, planned, timed_crew
from disk_share import into_sqlite
from machine import describe
from report import Result, Row, Table, arguments, finish, ratio
from settle import settle

from qframe import Job, Task, Worker

COUNTS = (1, 2)

THREE_QUBITS: dict[str, Any] = {
    "gate_set": {"plugin": "clifford_t", "qubits": 3},
    "sampler": {"plugin": "uniform", "length": 60},
}


def generating(k: int, job: Job, task_blocks: int, tasks: int, count: int) -> Prepared:
    """Makes and stores tasks `k`, `k + count`, ... of `tasks`."""
    worker = Worker(job)
    records = job.records

    def act() -> None:
        with worker:
            for task in range(k, tasks, count):
                worker.do(Task(task * task_blocks, task_blocks, records))

    return act


def rate(directory: Path, count: int, records: int, prepare: Any, keys: dict[str, Any]) -> float:
    """Records/s of `count` processes, start-up left out, the last checkpoint too."""
    run = planned(directory, records, **keys)
    each = run.recipe.block * run.task_blocks
    tasks = max(2, records // each)
    tasks -= tasks % 2
    settle(directory)
    run.storage.create(run.header)
    seconds = timed_crew(count, prepare, run.job(), run.task_blocks, tasks, count).wall
    run.storage.finish()
    run.output.unlink()
    return tasks * each / seconds


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--records", type=int, default=12_000_000, help="for the writer-bound")
    parser.add_argument("--made", type=int, default=200_000, help="for the generation-bound")
    given = parser.parse_args()
    repeats = 2 if given.quick else given.repeats
    made, records = (50_000, 400_000) if given.quick else (given.made, given.records)
    cases = {
        "generation-bound (3 qubits)": (made, generating, THREE_QUBITS),
        "writer-bound (1 qubit, blocks made before)": (records, into_sqlite, {}),
    }
    found: dict[str, list[list[float]]] = {what: [[] for _ in COUNTS] for what in cases}
    with tempfile.TemporaryDirectory(prefix="qframe-benchmark-", dir=given.output) as name:
        directory = Path(name)
        about = describe(directory)
        for repeat in range(repeats):
            for what, (count, prepare, keys) in cases.items():
                for values, writers in zip(found[what], COUNTS, strict=True):
                    values.append(rate(directory, writers, count, prepare, keys))
            print(f"{repeat + 1}/{repeats}")
    tables = [
        Table(
            f"records/s, {what}",
            [
                Row(f"{n} writer{'s' * (n > 1)}", v)
                for n, v in zip(COUNTS, found[what], strict=True)
            ],
        )
        for what in cases
    ]
    gains = [ratio(table.rows[1], table.rows[0]) for table in tables]
    result = Result(
        name="writers",
        title="Two writers against one, into the same file",
        intro=f"{repeats} runs of each in turns. Generation-bound: workers as `qframe run` has "
        "them, Clifford+T on three qubits, engine `numpy`, length 60. Writer-bound: blocks of "
        "one-qubit records made before the clock starts.",
        tables=tables,
        measured={"writers_generating": gains[0], "writers_writing": gains[1]},
        about=about,
    )
    finish(result, given)


if __name__ == "__main__":
    main()
