"""`qframe dedup`: the right records, within its memory, whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qframe
from qframe.deduplication.smallest_per_key import SmallestPerKey
from qframe_plugins.storages.sqlite import Sqlite, SqliteOptions

Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]
Cli = Callable[..., subprocess.CompletedProcess[str]]

SHORT = {"plugin": "uniform", "length": {"min": 1, "max": 12}}


def by_brute_force(ds: qframe.Dataset) -> list[int]:
    """Indices to keep, by comparing every unitary with every one that is kept."""
    batch = ds[:]
    flat = batch.unitaries.reshape(len(batch), -1)
    best: list[int] = []
    kept = np.empty((0, flat.shape[1]), dtype=np.complex128)
    for i in np.lexsort((batch.index, batch.lengths)).tolist():
        overlap = kept.conj() @ flat[i]
        near = np.abs(overlap) > len(batch.unitaries[0]) - 1e-6
        phase = overlap[near] / np.abs(overlap[near])
        if not (np.abs(kept[near] * phase[:, None] - flat[i]).max(axis=1) < 1e-10).any():
            best.append(i)
            kept = np.concatenate([kept, flat[i : i + 1]])
    return sorted(best)


@pytest.mark.parametrize("gate_set", ["clifford_t", "hrc", "fibonacci", "rotations"])
@pytest.mark.parametrize("key", [False, True])
def test_what_is_kept_is_what_brute_force_keeps(
    gate_set: str, key: bool, config: Config, tmp_path: Path
) -> None:
    records = 4200 if gate_set == "clifford_t" else 1200
    path = config(gate_set=gate_set, sampler=SHORT, records=records, key=key)
    found = qframe.dedup(path, tmp_path / "out.db", memory=1)
    with qframe.open(path) as source, qframe.open(tmp_path / "out.db") as kept:
        want = by_brute_force(source)
        assert kept[:].extra["source"].tolist() == want
        assert found.records == len(kept) == kept.stored() == len(want)
        same, batch = source[want], kept[:]
        assert batch.unitaries.tobytes() == same.unitaries.tobytes()
        assert batch.codes.tobytes() == same.codes.tobytes()
        assert found.by == ("tolerance" if gate_set == "rotations" else "exact")


def row_set(rows: np.ndarray[Any, Any]) -> dict[tuple[int, int], tuple[int, int]]:
    best: dict[tuple[int, int], tuple[int, int]] = {}
    for a, b, length, index in rows.tolist():
        best[a, b] = min(best.get((a, b), (length, index)), (length, index))
    return best


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000),
    count=st.integers(0, 4000),
    distinct=st.integers(1, 5000),
    memory=st.sampled_from([1, 1 << 17, 1 << 22]),
    expected=st.sampled_from([1, 4000, 10**9]),
)
def test_the_smallest_rows_are_the_same_however_little_memory_there_is(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    count: int,
    distinct: int,
    memory: int,
    expected: int,
) -> None:
    """Also where the number of rows was wrong, and where files must be split again and again."""
    random = np.random.default_rng(seed)
    keys = random.integers(0, 2**64 - 1, size=(distinct, 2), dtype=np.uint64)
    rows = np.empty((count, 4), dtype=np.uint64)
    rows[:, :2] = keys[random.integers(distinct, size=count)]
    rows[:, 2] = random.integers(20, size=count)
    rows[:, 3] = np.arange(count)
    place = tmp_path_factory.mktemp("rows")
    found = SmallestPerKey(place, expected, memory)
    for part in np.array_split(rows, 7):
        found.add(part)
    got = sorted(int(i) for part in found.indices() for i in part)
    assert got == sorted(index for _, index in row_set(rows).values())
    assert not list(place.iterdir())


def peak_memory(place: Path, distinct: int, memory: int) -> tuple[int, int]:
    """Number of keys in 120,000 rows, and the bytes that finding their smallest rows took."""
    random = np.random.default_rng(0)
    keys = random.integers(0, 2**64 - 1, size=(distinct, 2), dtype=np.uint64)
    smallest = SmallestPerKey(place, 120_000, memory)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        found = 0
        for start in range(0, 120_000, 1000):
            rows = np.empty((1000, 4), dtype=np.uint64)
            rows[:, :2] = keys[random.integers(distinct, size=1000)]
            rows[:, 2:] = np.arange(start, start + 1000)[:, None]
            smallest.add(rows)
        for part in smallest.indices():
            found += len(part)
        return found, tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("distinct", [5, 60_000])
def test_memory_stays_within_what_was_given(distinct: int, tmp_path: Path) -> None:
    """3.8 MB of rows in 1 MB: of few keys, and of half as many keys as rows."""
    # Twice, for what other threads of the process happen to ask for is counted too.
    tries = [peak_memory(tmp_path, distinct, 1 << 20) for _ in range(2)]
    assert all(distinct * 0.8 < found <= distinct for found, _ in tries)
    assert min(peak for _, peak in tries) < 1 << 20


def test_the_command_says_what_it_kept_and_a_second_one_has_nothing_to_do(
    config: Config, run_qframe: Run, qframe_main: Cli, tmp_path: Path
) -> None:
    data = run_qframe(config(sampler=SHORT)).output
    first = qframe_main("dedup", data, "out.db")
    assert first.returncode == 0, first.stderr
    assert "Done: out.db" in first.stdout
    assert "circuits per unitary" in first.stdout
    assert "exact keys" in first.stdout
    before = (tmp_path / "out.db").read_bytes()
    second = qframe_main("dedup", data, "out.db", "--json")
    facts = json.loads(second.stdout)
    assert facts["done"] is False
    assert facts["source_records"] == 5000
    assert (tmp_path / "out.db").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.db", "small.db", "small.yaml"]


def test_the_other_verbs_say_what_a_derived_dataset_is(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config(sampler=SHORT, arithmetic="exact")
    assert qframe_main("dedup", path, "out.db").returncode == 0
    info = json.loads(qframe_main("info", "out.db", "--json").stdout)
    assert info["derived"]["operation"] == "dedup"
    assert info["derived"]["records"] == 5000
    with qframe.open(path) as source, qframe.open(tmp_path / "out.db") as out:
        assert info["source_recipe_id"] == source.recipe.id
        assert info["recipe_id"] == out.recipe.id != source.recipe.id
        assert qframe_main("hash", "out.db").stdout.strip() == out.content_hash()
        train, test = out.split(0.3)
        assert len(train) + len(test) == len(out)
        blob = out[3].unitary.tobytes()
    done = qframe_main("verify", "out.db", "--recompute")
    assert done.returncode == 0
    assert "recomputed" in done.stdout
    assert qframe_main("verify", "out.db", "--recompute", "--config", path).returncode == 0
    again = qframe_main("run", path, "--output", "out.db")
    assert again.returncode == 4
    assert "another recipe: derived: stored has" in again.stderr
    assert "one record per unitary already" in qframe_main("dedup", "out.db", "b.db").stderr
    data = bytearray((tmp_path / "out.db").read_bytes())
    data[data.index(blob)] ^= 1
    (tmp_path / "out.db").write_bytes(data)
    assert qframe_main("verify", "out.db").returncode == 4
    mend = qframe_main("verify", "out.db", "--repair")
    assert mend.returncode == 4
    assert "choose them again: qframe dedup SOURCE OUTPUT" in mend.stderr


def test_records_that_are_not_those_of_their_source_are_found(
    config: Config, tmp_path: Path, qframe_main: Cli
) -> None:
    """A block whose checksum is right, and whose records are not what `source` says."""
    path = config(sampler=SHORT)
    qframe.dedup(path, tmp_path / "out.db")
    storage = Sqlite(SqliteOptions.model_validate({}), tmp_path / "out.db")
    with storage.reader() as reader:
        header, arrays = reader.header, {k: v.copy() for k, v in reader.read(0).items()}
    arrays["source"][0] += 1
    storage.resume(header)
    with storage.writer(header) as writer:
        writer.write([qframe.Block(0, len(arrays["source"]), arrays)])
    storage.finish()
    assert qframe_main("verify", "out.db").returncode == 0
    done = qframe_main("verify", "out.db", "--recompute")
    assert done.returncode == 4
    assert "block 0 is not what the recipe says" in done.stdout


@pytest.mark.parametrize("storage", ["savetxt", "sqlite-rollback"])
def test_any_storage_can_hold_the_result(storage: str, config: Config, tmp_path: Path) -> None:
    path = config(sampler=SHORT, records=600, key=True)
    qframe.dedup(path, tmp_path / "a.db")
    qframe.dedup(path, tmp_path / "b", storage=storage)
    with qframe.open(tmp_path / "a.db") as a, qframe.open(tmp_path / "b") as b:
        assert a.content_hash() == b.content_hash()


def test_an_unfinished_dataset_is_refused(
    config: Config, run_qframe: Run, qframe_main: Cli, tmp_path: Path
) -> None:
    output = run_qframe(config(records=5000)).output
    storage = Sqlite(SqliteOptions.model_validate({}), output)
    with storage.reader() as reader:
        header = reader.header
    storage.resume(qframe.Header(header.recipe, header.schema, 9000, header.about))
    storage.finish()
    done = qframe_main("dedup", output, "out.db")
    assert done.returncode == 4
    assert "5,000 of 9,000 records are stored" in done.stderr
    assert not (tmp_path / "out.db").exists()


def test_an_output_that_is_something_else_is_left_alone(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    (tmp_path / "out.db").write_text("mine")
    done = qframe_main("dedup", config(sampler=SHORT), "out.db")
    assert done.returncode == 4
    assert (tmp_path / "out.db").read_text() == "mine"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_dedup_that_is_stopped_leaves_no_output_and_the_next_one_works(
    how: signal.Signals,
    config: Config,
    start_qframe: Any,
    qframe_main: Cli,
    lingering_engine: Any,
    wait_until: Any,
    tmp_path: Path,
) -> None:
    path = config(sampler=SHORT, records=2_000_000, engine=lingering_engine.stopping(after=5))
    process = start_qframe("dedup", path, "out.db")
    work = tmp_path / ".out.db.dedup"
    wait_until(lingering_engine.stopped, process)
    assert work.exists()
    os.kill(process.pid, how)
    process.communicate(timeout=120)
    assert process.returncode == (130 if how == signal.SIGINT else -9)
    assert not (tmp_path / "out.db").exists()
    assert work.exists() == (how == signal.SIGKILL)
    done = qframe_main("dedup", config(sampler=SHORT, records=3000), "out.db")
    assert done.returncode == 0
    assert not work.exists()
    with qframe.open(tmp_path / "out.db") as ds:
        assert ds.stored() == len(ds)


TERMINATED = """
import os, signal, sys
import qframe

def progress(what, done, total):
    print(sorted(os.listdir()), flush=True)
    os.kill(os.getpid(), signal.SIGTERM)

qframe.dedup("small.yaml", "distinct.db", progress=progress)
"""


def test_sigterm_leaves_no_scratch_directory(config: Config, tmp_path: Path) -> None:
    """In a program that does not handle it; `kill` of the command does the same."""
    config()
    done = subprocess.run(
        [sys.executable, "-c", TERMINATED],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == -signal.SIGTERM, done.stderr
    assert ".distinct.db.dedup" in done.stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == ["small.yaml"]
