"""Layout `rows`, one writer, against a C loop of one prepared INSERT per record.

Both write the same records, made beforehand, into one SQLite file: one row a record, WAL,
synchronous off, 64 KiB pages, as many records a transaction, as many pages between checkpoints.
qframe also computes a checksum a block and keeps the ledger; the C loop does neither. The C file
(`insert_loop.c`) is compiled here, against the system's libsqlite3; without a compiler or
`sqlite3.h` this benchmark says so and stops. The two take turns.

    python benchmarks/rows_layout.py --save
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from crew import Prepared, planned, timed_crew
from disk_share import MADE, into_sqlite, made
from machine import describe
from report import Result, Row, Table, arguments, finish, ratio
from settle import settle

from qframe import Job

SOURCE = Path(__file__).with_name("insert_loop.c")
CHECKPOINT_PAGES = 1000
ROWS: dict[str, Any] = {
    "storage": {
        "plugin": "sqlite",
        "layout": "rows",
        "page_size": 65536,
        "wal_autocheckpoint": CHECKPOINT_PAGES,
    }
}


def compiled(directory: Path) -> Path | None:
    """The C program, or None with a message where it cannot be made."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        print("Skipped: no C compiler (cc, gcc, clang) was found.", file=sys.stderr)
        return None
    program = directory / "insert_loop"
    command = [compiler, "-O2", str(SOURCE), "-o", str(program), "-lsqlite3"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["?"])[0]
        print(f"Skipped: {SOURCE.name} does not compile (libsqlite3-dev?): {why}", file=sys.stderr)
        return None
    return program


def write_records(job: Job, task_blocks: int, path: Path) -> tuple[int, int, int]:
    """The records that qframe writes too, row by row; how many, and bytes of codes and unitary."""
    header, ready = made(job, 0, task_blocks)
    lengths, codes, unitaries = (
        np.concatenate([block.arrays[c.name] for blocks in ready for block in blocks])
        for c in header.schema
    )
    parts = [a.reshape(len(lengths), -1).view(np.uint8) for a in (lengths, codes, unitaries)]
    np.concatenate(parts, axis=1).tofile(path)
    return len(lengths), parts[1].shape[1], parts[2].shape[1]


def qframe_once(k: int, job: Job, task_blocks: int, tasks: int) -> Prepared:
    return into_sqlite(k, job, task_blocks, tasks, 1)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--records", type=int, default=4_000_000)
    given = parser.parse_args()
    repeats = 2 if given.quick else given.repeats
    wanted = 300_000 if given.quick else given.records
    c_loop, ours = Row("C loop, one prepared INSERT per record", []), Row("layout `rows`", [])
    with tempfile.TemporaryDirectory(prefix="qframe-benchmark-", dir=given.output) as name:
        directory = Path(name)
        program = compiled(directory)
        if program is None:
            return
        about = describe(directory)
        version = subprocess.run([program, "v"], check=True, capture_output=True, text=True).stdout
        about["SQLite of the C loop"] = version.strip()
        run = planned(directory, wanted, **ROWS)
        transaction = run.recipe.block * run.task_blocks
        tasks = -(-wanted // transaction)
        records = tasks * transaction
        sizes = write_records(run.job(), run.task_blocks, directory / "records.bin")
        for repeat in range(repeats):
            settle(directory)
            database = directory / "c.db"
            words = (database, directory / "records.bin", records, sizes[0], transaction)
            command = [program, *words, *sizes[1:], CHECKPOINT_PAGES]
            done = subprocess.run([*map(str, command)], check=True, capture_output=True, text=True)
            c_loop.values.append(records / float(done.stdout))
            for path in directory.glob("c.db*"):
                path.unlink()
            settle(directory)
            run.storage.create(run.header)
            seconds = timed_crew(1, qframe_once, run.job(), run.task_blocks, tasks).wall
            run.storage.finish()
            run.output.unlink()
            ours.values.append(records / seconds)
            print(f"{repeat + 1}/{repeats}", file=sys.stderr)
    result = Result(
        name="rows_layout",
        title="One row a record: qframe's layout `rows` against a C loop",
        intro=f"{repeats} runs of each in turns, {records:,} one-qubit records (length 20, "
        f"`complex128`; {MADE} tasks of different ones, made before the clock starts), "
        f"{transaction:,} a transaction. WAL, synchronous off, 64 KiB pages, a checkpoint after "
        f"{CHECKPOINT_PAGES:,}. qframe's time has checksums and ledger in it.",
        tables=[Table("records/s, one writer", [c_loop, ours])],
        measured={"rows_layout": ratio(ours, c_loop)},
        about=about,
    )
    finish(result, given)


if __name__ == "__main__":
    main()
