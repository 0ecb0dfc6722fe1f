"""A `-wal` that is lost, cut, or another file's: never spliced in silence."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

import qframe
from qframe.config.load import load_config
from qframe.dataset.storages import storage_at
from qframe.integrity.verify import verify

Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]
Cli = Callable[..., subprocess.CompletedProcess[str]]
RECORDS = 30 * 4096 - 7


def content(path: Path) -> str:
    with qframe.open(path) as dataset:
        return dataset.content_hash()


@pytest.fixture
def killed(
    config: Config, start_qframe: Any, lingering_engine: Any, wait_until: Any, tmp_path: Path
) -> Any:
    """A run that was killed with `kill -9` after 8 of its 30 blocks; gives config and file."""

    def make(name: str, checkpoint: int = 1000, **keys: Any) -> tuple[Path, Path]:
        data = tmp_path / f"{name}.db"
        path = config(
            f"{name}.yaml",
            output=data,
            records=RECORDS,
            task_blocks=1,
            storage={"plugin": "sqlite", "page_size": 4096, "wal_autocheckpoint": checkpoint},
            engine=lingering_engine.stopping(after=8),
            **keys,
        )
        process = start_qframe("run", path)
        wait_until(lingering_engine.stopped, process)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        lingering_engine.let_go()
        assert wal(data).exists()
        return path, data

    return make


def wal(data: Path) -> Path:
    return data.with_name(f"{data.name}-wal")


def shm(data: Path) -> Path:
    return data.with_name(f"{data.name}-shm")


@pytest.mark.parametrize(
    ("checkpoint", "how"),
    [
        (1000, "deleted"),
        pytest.param(100, "deleted", marks=pytest.mark.long),
        (1, "cut to nothing"),
        (100, "cut"),
        pytest.param(1000, "cut", marks=pytest.mark.long),
    ],
)
def test_the_wal_of_a_killed_run_is_lost(
    checkpoint: int, how: str, killed: Any, run_qframe: Run, qframe_main: Cli
) -> None:
    """The file is then as of the last checkpoint; the ledger lacks the rest; run makes it."""
    config, data = killed("a", checkpoint)
    shm(data).unlink(missing_ok=True)
    if how == "deleted":
        wal(data).unlink()
    else:
        os.truncate(wal(data), 0 if how == "cut to nothing" else wal(data).stat().st_size * 2 // 3)
    verdict = verify(storage_at(data, load_config(config), damaged=True))
    done = qframe_main("run", config)
    if not verdict.ok:
        # a checkpoint had been cut in two
        assert done.returncode == 4, done.stderr
        assert "verify" in done.stderr
        assert qframe_main("verify", data, "--repair", "--config", config).returncode == 0
        done = qframe_main("run", config)
    assert done.returncode == 0, done.stderr
    assert verify(storage_at(data, None)).ok
    assert content(data) == content(config)
    assert not wal(data).exists()


def test_a_file_that_a_cut_checkpoint_left_is_not_continued(
    killed: Any, qframe_main: Cli, tmp_path: Path
) -> None:
    config, data = killed("a")
    with closing(apsw.Connection(str(data))) as db:
        assert db.execute("PRAGMA wal_checkpoint(full)").fetchall()[0][0] == 0
        db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    wal(data).unlink()
    shm(data).unlink(missing_ok=True)
    size = data.stat().st_size
    with data.open("r+b") as file:  # pages that never arrived
        file.seek(size // 4096 // 2 * 4096)
        file.write(bytes(2 * 4096))
    raw = data.read_bytes()
    done = qframe_main("run", config)
    assert done.returncode == 4
    assert "lost its -wal" in done.stderr
    assert data.read_bytes() == raw
    assert not verify(storage_at(data, None)).ok
    assert qframe_main("verify", data, "--repair").returncode == 0
    assert qframe_main("run", config).returncode == 0
    assert content(data) == content(config)


def test_sqlite_itself_splices_a_foreign_wal_into_a_finished_file(
    killed: Any, config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    """Why we check: SQLite reads any valid -wal beside a file, whatever journal mode it names."""
    _, other = killed("b", seed=2)
    run_qframe(config("own.yaml", records=RECORDS, output=tmp_path / "own.db"))
    own = tmp_path / "own.db"
    before = content(own)
    raw = own.read_bytes()
    shutil.copy(wal(other), wal(own))
    with closing(apsw.Connection(str(own), apsw.SQLITE_OPEN_READONLY)) as db:
        assert db.execute("SELECT count(*) FROM ledger").get < 30  # b's, not ours
    shm(own).unlink(missing_ok=True)
    with pytest.raises(qframe.NotADataset, match=r"does not belong to own\.db"):
        qframe.open(own)
    assert not verify(storage_at(own, None)).ok
    with pytest.raises(qframe.NotADataset, match="does not belong"):
        run_qframe(tmp_path / "own.yaml")
    assert own.read_bytes() == raw
    wal(own).unlink()
    shm(own).unlink(missing_ok=True)
    assert content(own) == before


@pytest.mark.parametrize("seed", [1, 2], ids=["same recipe", "another seed"])
def test_the_wal_of_another_killed_run_is_refused(seed: int, killed: Any, qframe_main: Cli) -> None:
    config, data = killed("a", 100)
    _, other = killed("b", 100, seed=seed)
    shm(data).unlink(missing_ok=True)
    own = wal(data).read_bytes()
    raw = data.read_bytes()
    shutil.copy(wal(other), wal(data))
    for command in (("info", data), ("verify", data), ("run", config)):
        done = qframe_main(*command)
        assert done.returncode == 4
        assert "does not belong to a.db" in done.stdout + done.stderr
    assert data.read_bytes() == raw
    wal(data).write_bytes(own)
    shm(data).unlink(missing_ok=True)
    assert qframe_main("run", config).returncode == 0
    assert content(data) == content(config)


def test_a_reader_in_the_middle_of_the_ledger_pins_no_snapshot(killed: Any) -> None:
    """`verify` of a dataset that is being written must not make its WAL grow without bound."""
    _, data = killed("a")
    with closing(storage_at(data, None).reader()) as reader:
        rows = reader.checksums()
        next(rows)
        runs = reader.stored()
        next(runs)
        with closing(apsw.Connection(str(data))) as db:
            [(busy, _, _)] = db.execute("PRAGMA wal_checkpoint(truncate)").fetchall()
            assert busy == 0
            db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        assert wal(data).stat().st_size == 0


@pytest.mark.parametrize("table", ["blocks", "ledger"])
def test_pages_of_another_dataset_without_its_first_page_are_found(
    table: str, config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    """What a splice could leave at worst: rows and their checksums, but not the header."""
    for name, seed in (("own", 1), ("other", 2)):
        run_qframe(config(f"{name}.yaml", records=9000, seed=seed, output=tmp_path / f"{name}.db"))
    own = tmp_path / "own.db"
    with closing(apsw.Connection(str(own))) as db:
        db.execute("ATTACH ? AS o", (str(tmp_path / "other.db"),))
        db.execute("REPLACE INTO ledger SELECT * FROM o.ledger WHERE block = 1")
        if table == "blocks":
            db.execute("REPLACE INTO blocks SELECT * FROM o.blocks WHERE block = 1")
    assert [d.block for d in verify(storage_at(own, None)).damaged] == [1]
    with qframe.open(own) as dataset:
        assert dataset[0].unitary.shape == (2, 2)
        with pytest.raises(qframe.NotADataset, match="ledger row 1"):
            dataset[5000]
    with pytest.raises(qframe.NotADataset, match="ledger row 1"):
        run_qframe(tmp_path / "own.yaml")


def wal_pages(data: Path) -> list[int]:
    """Page numbers of the frames in a `-wal` (https://sqlite.org/fileformat2.html#walformat)."""
    raw = wal(data).read_bytes()
    size = int.from_bytes(raw[8:12], "big")
    return [int.from_bytes(raw[at : at + 4], "big") for at in range(32, len(raw) - size, 24 + size)]


def test_page_1_is_in_the_wal_also_where_a_transaction_does_not_make_the_file_longer(
    config: Config,
) -> None:
    """A growing file, and one with free pages, writes page 1 by itself; a short row does not."""
    from qframe.runs.plan import plan
    from qframe.runs.worker import Worker

    planned = plan(
        load_config(config(records=4096, storage={"plugin": "sqlite", "layout": "rows"}))
    )
    planned.storage.create(planned.header)
    with Worker(planned.job()) as worker:
        worker.do(qframe.Task(0, 1, 4096))
        with closing(apsw.Connection(str(planned.output))) as db:
            db.execute("PRAGMA wal_checkpoint(truncate)").fetchall()
            db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            pages = db.pragma("page_count")
        assert wal_pages(planned.output) == []
        worker.do(qframe.Task(0, 1, 4096))
    found = wal_pages(planned.output)
    assert max(found) <= pages
    assert 1 in found


@pytest.mark.parametrize("suffix", ["-wal", "-journal"])
def test_a_log_without_its_file_is_never_taken_for_that_of_a_new_one(
    suffix: str, config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    """What a power loss, or somebody who moved only one of the two, leaves."""
    path, stray = config(), tmp_path / f"small.db{suffix}"
    stray.write_bytes(b"committed, and not yet in the file")
    for command in ("check", "run"):
        done = qframe_main(command, path)
        assert done.returncode == 4
        assert f"{stray} exists, but small.db, to which it belongs, does not" in done.stderr
        assert f"move {stray.name} away" in done.stderr
    assert sorted(p.name for p in tmp_path.glob("*small.db*")) == [stray.name]
    stray.rename(tmp_path / "elsewhere")
    assert qframe_main("run", path).returncode == 0
