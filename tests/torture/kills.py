"""`kill -9` of a worker, the parent, or all of them, at random moments of a run."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import yaml

import qframe
from tests.conftest import LINGERING_ENGINE
from tests.torture.results import Result

STORAGES: list[Any] = [
    "sqlite",
    {"plugin": "sqlite", "layout": "rows"},
    {"plugin": "sqlite", "page_size": 4096, "wal_autocheckpoint": 50},
    "sqlite-rollback",
    "savetxt",
]
MARK = "QFRAME_TORTURE"


def kills(target: str, seeds: int, until: float) -> Result:
    """One run a seed: killed, looked at, run again, compared with the undisturbed dataset."""
    start = time.monotonic()
    outcomes: Counter[str] = Counter()
    failures = []
    done = 0
    for seed in range(seeds):
        if time.monotonic() > until:
            break
        directory = Path(mkdtemp(prefix="qframe-kill-"))
        try:
            outcomes[_one(target, random.Random(f"{target} {seed}"), directory)] += 1
        except Exception as error:
            failures.append(f"{target} seed {seed}: {type(error).__name__}: {error}")
        finally:
            shutil.rmtree(directory)
        done += 1
    found = ", ".join(f"{count} {word}" for word, count in outcomes.most_common())
    took = time.monotonic() - start
    return Result(f"kill -9 of {target}", f"{done} of {seeds} seeds", took, found, failures)


def _one(target: str, rng: random.Random, directory: Path) -> str:
    config, output = _config(rng, directory)
    environment = {**os.environ, MARK: str(directory)}
    process = subprocess.Popen(
        [sys.executable, "-m", "qframe", "run", str(config), "--quiet"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=environment,
        text=True,
    )
    word = _kill(target, rng, process, directory)
    _, err = process.communicate(timeout=120)
    _expect("Traceback" not in err, err)
    if target == "a worker" and word == "in the run":
        _expect(process.returncode == 0, f"the run did not go on: {err}")
    deadline = time.monotonic() + 2
    while found := list(_marked(directory)):
        _expect(time.monotonic() < deadline, f"orphans after 2 s: {found}")
        time.sleep(0.02)
    before = _ledger(output)
    summary = qframe.run(config, ["engine=numpy", "executor=serial"])
    _expect(summary.complete, "the second run did not finish")
    after = _ledger(output)
    lost = [block for block, row in before.items() if after.get(block) != row]
    _expect(not lost, f"committed blocks changed: {lost}")
    with qframe.open(output) as dataset, qframe.open(config) as computed:
        _expect(dataset.stored() == len(dataset) == len(computed), "doubled or lost records")
        _expect(dataset.content_hash() == computed.content_hash(), "another dataset")
    left = {p.name for p in directory.iterdir()} - {output.name, "c.yaml", "lingering.py"}
    _expect(not left, f"left behind: {left}")
    return word


def _config(rng: random.Random, directory: Path) -> tuple[Path, Path]:
    storage = rng.choice(STORAGES)
    output = directory / "out"
    (directory / "lingering.py").write_text(LINGERING_ENGINE)
    data = {
        "records": rng.randint(*((4_100, 9_000) if storage == "savetxt" else (100_000, 300_000))),
        "seed": rng.randrange(2**32),
        "output": str(output),
        "task_blocks": rng.choice((1, 2, 7)),
        "gate_set": {"plugin": "clifford_t", "qubits": 1},
        "sampler": {"plugin": "uniform", "length": {"min": 5, "max": 30}},
        "storage": storage,
        "engine": {"plugin": "./lingering.py", "seconds": rng.choice((0.0, 0.01, 0.05))},
        "executor": {"plugin": "processes", "workers": rng.choice((1, 2, 3, 5))},
    }
    path = directory / "c.yaml"
    path.write_text(yaml.safe_dump(data))
    return path, output


def _kill(target: str, rng: random.Random, process: subprocess.Popen[str], directory: Path) -> str:
    """Waits for the first worker or for a moment before it, and then for a random time."""
    early = rng.random() < 0.15
    deadline = time.monotonic() + 60
    while not early and len(workers := list(_workers(process.pid))) < 1:
        if process.poll() is not None:
            return "after the end"
        _expect(time.monotonic() < deadline, "no worker within 60 s")
        time.sleep(0.005)
    time.sleep(rng.uniform(0.0, 0.4 if early else 1.6))
    if process.poll() is not None:
        return "after the end"
    wrote = (directory / "out").exists()
    if target == "a worker":
        workers = list(_workers(process.pid))
        if not workers:
            return "before the first worker, or after the last"
        try:
            os.kill(rng.choice(workers), signal.SIGKILL)
        except ProcessLookupError:
            return "after the end"
    elif target == "the parent":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    return "in the run" if wrote else "before the dataset was made"


def _stat(entry: Path) -> list[str]:
    return (entry / "stat").read_text().rpartition(")")[2].split()


def _workers(parent: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        try:
            ours = entry.name.isdigit() and int(_stat(entry)[1]) == parent
            if ours and b"worker_main" in (entry / "cmdline").read_bytes():
                yield int(entry.name)
        except OSError:
            continue


def _marked(directory: Path) -> Iterator[int]:
    """Processes of a run that are still there, the kernel's leftovers apart."""
    wanted = f"{MARK}={directory}".encode()
    for entry in Path("/proc").iterdir():
        try:
            ours = entry.name.isdigit() and wanted in (entry / "environ").read_bytes()
            if ours and _stat(entry)[0] != "Z":
                yield int(entry.name)
        except OSError:
            continue


def _ledger(output: Path) -> dict[int, tuple[int, bytes]]:
    """Full blocks that are stored; none where the dataset was not made yet."""
    if not output.exists():
        return {}
    if not _journal(output).exists():
        return _rows(output)
    # A half-done rollback transaction, which only a writer may undo: looked at in a copy.
    copy = output.with_name("copy")
    for source, target in ((output, copy), (_journal(output), _journal(copy))):
        shutil.copy(source, target)
    with closing(sqlite3.connect(copy)) as db:
        db.execute("PRAGMA user_version").fetchall()
    rows = _rows(copy)
    copy.unlink()
    _journal(copy).unlink(missing_ok=True)
    return rows


def _journal(path: Path) -> Path:
    return path.with_name(f"{path.name}-journal")


def _rows(path: Path) -> dict[int, tuple[int, bytes]]:
    with qframe.open(path) as dataset, closing(dataset.reader) as reader:
        return {block: (records, checksum) for block, records, checksum in reader.checksums()}


def _expect(holds: bool, words: str) -> None:
    if not holds:
        raise AssertionError(words)
