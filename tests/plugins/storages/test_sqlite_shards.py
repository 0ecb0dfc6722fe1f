"""`shards: N`: several files, one dataset."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

import qframe
from qframe.config.load import load_config
from qframe.dataset.storages import storage_at
from qframe.integrity.regenerate import generator_of
from qframe.integrity.repair import repair
from qframe.integrity.verify import verify

Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]
Main = Callable[..., subprocess.CompletedProcess[str]]

RECORDS = 6 * 4096 + 700
SHARDS = {"plugin": "sqlite", "shards": 3, "shard_blocks": 2}


def content(path: Path) -> str:
    with qframe.open(path) as dataset:
        return dataset.content_hash()


@pytest.fixture
def path(config: Config) -> Path:
    return config(records=RECORDS, storage=SHARDS)


@pytest.fixture
def output(path: Path, run_qframe: Run) -> Path:
    """Seven blocks: 0, 1 and 6 in shard 0; 2, 3 in shard 1; 4, 5 in shard 2."""
    return run_qframe(path).output


def shard(output: Path, number: int) -> Path:
    return output.with_name(f"{output.name}.shards") / f"{number:02d}.db"


def files(output: Path) -> list[str]:
    found = (p for p in output.parent.rglob("*") if p.is_file() and "small.db" in str(p))
    return sorted(str(p.relative_to(output.parent)) for p in found)


PLAIN = ["small.db", *(f"small.db.shards/0{n}.db" for n in range(3))]


def test_a_finished_dataset_is_a_catalogue_and_plain_files(output: Path, path: Path) -> None:
    assert files(output) == PLAIN
    held = []
    for number in range(3):
        with qframe.open(shard(output, number)) as part:  # each is an ordinary dataset file
            held.append([row[0] for row in part.reader.checksums()])
            first = held[-1][0] * 4096
            with qframe.open(path) as computed:
                assert part[first].circuit == computed[first].circuit
    assert held == [[0, 1, 6], [2, 3], [4, 5]]


def test_it_reads_as_one_dataset(output: Path, path: Path, qframe_main: Main) -> None:
    assert content(output) == content(path)
    with qframe.open(output) as stored, qframe.open(path) as computed:
        assert stored.stored() == len(stored) == RECORDS
        assert stored[8000:20_000].codes.tolist() == computed[8000:20_000].codes.tolist()
        got = next(stored.batches(999, shuffle=3))
        assert got.unitaries.tobytes() == computed[got.index].unitaries.tobytes()
        assert len(set((got.index // 8192).tolist())) == 4  # records of all stripes are mixed
    facts = json.loads(qframe_main("info", output, "--json").stdout)
    assert facts["stored_shards"] == "3"
    assert facts["bytes_on_disk"] == sum(
        (output.parent / name).stat().st_blocks * 512 for name in PLAIN
    )
    assert verify(storage_at(output, None), generator_of).recomputed == 7


def test_it_grows_and_another_number_of_shards_is_refused(
    output: Path, path: Path, config: Config, qframe_main: Main
) -> None:
    more = 12 * 4096 + 5
    done = qframe_main("run", path, "--records", more, "--set", "storage.shards=2")
    assert done.returncode == 4
    assert "shards: 3" in done.stderr
    assert "shards: 2" in done.stderr
    done = qframe_main("run", path, "--records", more, "--storage", "sqlite")
    assert done.returncode == 0, done.stderr
    assert files(output) == PLAIN
    assert content(output) == content(config("more.yaml", records=more))


def test_one_file_is_not_continued_in_shards(config: Config, run_qframe: Run) -> None:
    run_qframe(config(records=100))
    with pytest.raises(qframe.StorageError, match="made with shards: 1, the config says shards: 3"):
        run_qframe(config(records=RECORDS, storage=SHARDS))


@pytest.mark.parametrize("how", ["lost", "cut", "block", "ledger", "another's", "catalogue"])
def test_damage_is_found_and_repaired(
    how: str, output: Path, path: Path, config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    want = content(output)
    loaded = None
    if how == "lost":
        shard(output, 1).unlink()
    elif how == "cut":
        os.truncate(shard(output, 1), shard(output, 1).stat().st_size // 2)
    elif how == "another's":
        run_qframe(config("other.yaml", output=tmp_path / "other.db", storage=SHARDS, seed=2))
        shutil.copy(shard(tmp_path / "other.db", 1), shard(output, 1))
    elif how == "catalogue":
        output.write_bytes(bytes(5000))
        loaded = load_config(path)
    else:
        table = "ledger SET drawn" if how == "ledger" else "blocks SET codes"
        with closing(apsw.Connection(str(shard(output, 1)))) as db:
            db.execute(f"UPDATE {table} = zeroblob(32) WHERE block = 3")
    if how in ("lost", "another's", "cut"):
        with qframe.open(output) as dataset:
            assert dataset[0].unitary.shape == (2, 2)  # shard 0 is there
            with pytest.raises(qframe.StorageError, match=r"shard|damaged"):
                dataset[2 * 4096 : 4 * 4096]
    storage = storage_at(output, loaded, damaged=True)
    verdict = verify(storage)
    assert not verdict.ok
    if how in ("block", "ledger"):
        assert [d.block for d in verdict.damaged] == [3]
    done = repair(storage, verdict, loaded)
    assert done.copied >= (0 if how in ("block", "ledger") else 5)
    assert verify(storage_at(output, None)).ok
    assert content(output) == want
    if done.aside is not None:  # the damaged one went aside as a whole
        assert shard(done.aside, 0).exists()


def test_shards_without_their_catalogue_are_never_overwritten(
    output: Path, path: Path, run_qframe: Run
) -> None:
    output.unlink()
    before = shard(output, 0).read_bytes()
    with pytest.raises(qframe.StorageError, match=r"small\.db\.shards exists, but not"):
        run_qframe(path)
    assert shard(output, 0).read_bytes() == before


def test_what_a_killed_create_left_is_cleared(path: Path, run_qframe: Run) -> None:
    output = path.parent / "small.db"
    run_qframe(path, "records=1", "storage.shard_blocks=5")
    with closing(apsw.Connection(str(shard(output, 0)))) as db:
        db.execute("DELETE FROM ledger")
        db.execute("DELETE FROM blocks")
    output.unlink()  # empty shards, and no catalogue
    (output.parent / ".small.db.new.shards").mkdir()
    run_qframe(path)
    assert content(output) == content(path)
    assert files(output) == PLAIN


def test_a_catalogue_that_lies_is_refused_in_one_line(output: Path) -> None:
    raw = output.read_bytes()
    for sql in (
        "UPDATE meta SET value = 4 WHERE key = 'shards'",
        "UPDATE meta SET value = 0 WHERE key = 'shard_blocks'",
        "DELETE FROM shards WHERE shard = 1",
        "UPDATE shards SET shard = 70 WHERE shard = 1",
        "DROP TABLE shards",
    ):
        output.write_bytes(raw)
        with closing(apsw.Connection(str(output))) as db:
            db.execute(sql)
        with pytest.raises(qframe.NotADataset) as error:
            qframe.open(output)
        assert len(error.value.message.splitlines()) == 1
    output.write_bytes(raw)
    with closing(apsw.Connection(str(output))) as db:
        db.execute("UPDATE shards SET dataset_id = 5 WHERE shard = 1")
    with qframe.open(output) as dataset, pytest.raises(qframe.NotADataset, match="another"):
        dataset[2 * 4096]


@pytest.mark.parametrize("executor", ["processes", "threads"])
def test_kill_9_in_the_middle(
    executor: str,
    config: Config,
    run_qframe: Run,
    start_qframe: Any,
    lingering_engine: Any,
    wait_until: Any,
) -> None:
    path = config(
        records=40 * 4096 - 7,
        storage=SHARDS,
        task_blocks=2,
        executor={"plugin": executor, "workers": 2},
        engine=lingering_engine.stopping(after=4),
    )
    process = start_qframe("run", path)
    wait_until(lingering_engine.stopped, process)  # the other worker is anywhere
    os.killpg(process.pid, signal.SIGKILL)
    lingering_engine.let_go()
    is_sound_and_finished_by_the_next(process, path, run_qframe)


@pytest.mark.long
@pytest.mark.parametrize("repetition", range(6))
@pytest.mark.parametrize("executor", ["processes", "threads"])
def test_kill_9_at_any_moment(
    repetition: int,
    executor: str,
    config: Config,
    run_qframe: Run,
    start_qframe: Any,
    lingering_engine: Any,
    wait_until: Any,
) -> None:
    path = config(
        records=40 * 4096 - 7,
        storage=SHARDS,
        task_blocks=2,
        executor={"plugin": executor, "workers": 2},
        engine={"plugin": str(lingering_engine), "seconds": 0.05},
    )
    process = start_qframe("run", path)
    wait_until((path.parent / "small.db").exists, process)
    time.sleep(random.uniform(0.0, 1.0))
    os.killpg(process.pid, signal.SIGKILL)
    is_sound_and_finished_by_the_next(process, path, run_qframe)


def is_sound_and_finished_by_the_next(
    killed: subprocess.Popen[str], path: Path, run_qframe: Run
) -> None:
    killed.wait(120)
    output = path.parent / "small.db"
    verdict = verify(storage_at(output, None))
    assert verdict.ok, (verdict.structure, verdict.damaged)
    assert run_qframe(path, "engine=numpy", "executor=serial").complete
    assert files(output)[-4:] == PLAIN
    assert content(output) == content(path)


def test_a_full_disk_says_so(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qframe_plugins.storages._sqlite.tables import Tables

    def full(*_: object, **__: object) -> None:
        raise apsw.FullError("database or disk is full")

    storage: Any = storage_at(output, None)
    with closing(storage.reader()) as reader:
        header, arrays = reader.header, reader.read(2)
    with storage.writer(header) as writer:
        monkeypatch.setattr(Tables, "insert", full)
        with pytest.raises(qframe.StorageError, match=r"01\.db: the disk is full"):
            writer.write([qframe.Block(2, 4096, arrays)])


def test_one_damaged_byte_of_the_catalogue_is_repaired_at_every_offset(
    config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    """The header to the byte where it matters, and places all over the file."""
    path = config(records=100, storage={"plugin": "sqlite", "shards": 2}, output=tmp_path / "x.db")
    output = run_qframe(path).output
    loaded = load_config(path)
    with qframe.open(path) as computed:
        want = computed.content_hash()
    whole = output.read_bytes()
    random_places = random.Random(1).sample(range(100, len(whole)), 3)
    for place in (0, 18, 24, 47, 60, 70, *random_places):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        output.write_bytes(damaged)
        storage = storage_at(output, loaded, damaged=True)
        verdict = verify(storage)
        if not verdict.ok:
            repair(storage, verdict, loaded)
        assert verify(storage_at(output, None)).ok, place
        with qframe.open(output) as ds:
            assert ds.content_hash() == want, place
        for aside in tmp_path.glob("x.db.damaged-*"):
            shutil.rmtree(aside) if aside.is_dir() else aside.unlink()
