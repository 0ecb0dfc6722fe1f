"""The output of a live run is replaced at random moments: what stands there is never changed."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import yaml

import qframe
from qframe.dataset.storages import storage_at
from qframe.integrity.verify import verify
from tests.torture.results import Result

STORAGES: list[Any] = [
    "sqlite",
    {"plugin": "sqlite", "page_size": 4096, "wal_autocheckpoint": 50},
    "sqlite-rollback",
]
CHANGES = ("put over", "a copy of itself put over", "text put over", "moved away", "deleted")


def replacements(seeds: int, until: float) -> Result:
    """One run a seed: its output is replaced, and looked at once the run has ended."""
    start = time.monotonic()
    outcomes: Counter[str] = Counter()
    failures = []
    done = 0
    directory = Path(mkdtemp(prefix="qframe-replace-"))
    try:
        finished = directory / "finished.db"
        qframe.run(_config(directory / "finished.yaml", finished, "sqlite", 40_000))
        for seed in range(seeds):
            if time.monotonic() > until:
                break
            place = directory / str(seed)
            place.mkdir()
            try:
                outcomes[_one(random.Random(f"replace {seed}"), place, finished)] += 1
            except Exception as error:
                failures.append(f"seed {seed}: {type(error).__name__}: {str(error)[-700:]}")
            shutil.rmtree(place)
            done += 1
    finally:
        shutil.rmtree(directory)
    found = ", ".join(f"{count} {word}" for word, count in outcomes.most_common())
    took = time.monotonic() - start
    return Result("output replaced", f"{done} of {seeds} seeds", took, found, failures)


def _config(path: Path, output: Path, storage: Any, records: int, workers: int = 0) -> Path:
    data = {
        "records": records,
        "seed": workers,
        "output": str(output),
        "task_blocks": 1,
        "gate_set": {"plugin": "clifford_t", "qubits": 1},
        "sampler": {"plugin": "uniform", "length": {"min": 5, "max": 30}},
        "storage": storage,
        "executor": {"plugin": "processes", "workers": workers} if workers else "serial",
    }
    path.write_text(yaml.safe_dump(data))
    return path


def _one(rng: random.Random, place: Path, finished: Path) -> str:
    output, change = place / "out.db", rng.choice(CHANGES)
    config = _config(
        place / "c.yaml", output, rng.choice(STORAGES), 20_000_000, rng.choice((1, 2, 4))
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "qframe", "run", str(config), "--quiet"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not output.exists() and process.poll() is None:
        time.sleep(0.001)
    time.sleep(rng.choice((0.0, rng.uniform(0, 0.3), rng.uniform(0, 3))))
    want = _change(change, output, finished)
    _, err = process.communicate(timeout=300)
    now = output.read_bytes() if output.exists() else None
    if change == "a copy of itself put over":
        if process.returncode == 0 and verify(storage_at(output, None)).ok:
            return f"{change} before anything was written"
    elif now != want:
        raise AssertionError(f"{change}: what stands there was changed: {err}")
    if "Traceback" in err or process.returncode != 4:
        raise AssertionError(f"{change}: exit code {process.returncode}: {err}")
    if change == "put over" and not verify(storage_at(output, None)).ok:
        raise AssertionError(f"{change}: the stranger's dataset was destroyed: {err}")
    left = {p.name for p in place.glob("out.db-*")}
    if change != "a copy of itself put over" and left:
        raise AssertionError(f"{change}: left beside it: {left}")
    return change


def _change(change: str, output: Path, finished: Path) -> bytes | None:
    """Does what somebody might do; returns what stands at the output then."""
    new = output.with_name("new")
    if change == "deleted":
        output.unlink()
        return None
    if change == "moved away":
        output.rename(output.with_name("elsewhere"))
        return None
    if change == "text put over":
        new.write_text("mine now, and long enough for a header\n" * 9)
    else:
        shutil.copy(finished if change == "put over" else output, new)
    want = new.read_bytes()
    new.replace(output)
    return want
