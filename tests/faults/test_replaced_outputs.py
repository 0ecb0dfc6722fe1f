"""The output is moved, replaced, cut or deleted during a run: nobody's data are touched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

import qframe
from qframe.dataset.storages import storage_at
from qframe.integrity.verify import verify
from qframe_plugins.storages._sqlite.database import Database
from tests.faults.hooks import AfterTask

Config = Callable[..., Path]
Run = Callable[..., Any]

BLOCKS = 12

STORAGES: dict[str, dict[str, Any]] = {
    # A checkpoint after each task: the log starts over, and second connections are opened.
    "log copied": {"plugin": "sqlite", "wal_autocheckpoint": 2},
    "much in the log": {"plugin": "sqlite"},
    "shards": {"plugin": "sqlite", "shards": 2},
    "rollback": {"plugin": "sqlite-rollback"},
}


class AtStart:
    """A life-cycle hook that does something when the dataset is made and nothing is stored yet."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act = act

    @qframe.hookimpl
    def qframe_run_started(self) -> None:
        self.act()


def put_over(stranger: Path, output: Path) -> None:
    stranger.replace(output)


def put_over_a_copy_of_itself(_stranger: Path, output: Path) -> None:
    shutil.copy(output, output.with_name("copy"))
    output.with_name("copy").replace(output)


def write_into(_stranger: Path, output: Path) -> None:
    output.write_text("mine now\n")


def copy_into(stranger: Path, output: Path) -> None:
    """As `cp` does: device and inode stay."""
    shutil.copyfile(stranger, output)


def write_much_into(_stranger: Path, output: Path) -> None:
    output.write_text("mine now, and long enough for a header\n" * 99)


def put_text_over(_stranger: Path, output: Path) -> None:
    output.with_name("text").write_text("mine now, and long enough for a header\n" * 9)
    output.with_name("text").replace(output)


def cut(_stranger: Path, output: Path) -> None:
    os.truncate(output, 0)


def delete(_stranger: Path, output: Path) -> None:
    output.unlink()


def move_away(_stranger: Path, output: Path) -> None:
    output.rename(output.with_name("elsewhere.db"))


CHANGES = [
    put_over,
    put_over_a_copy_of_itself,
    copy_into,
    write_into,
    write_much_into,
    put_text_over,
    cut,
    delete,
    move_away,
]


@pytest.fixture(scope="module")
def finished(write_config: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished dataset of somebody else."""
    directory = tmp_path_factory.mktemp("stranger")
    output = directory / "finished.db"
    path = write_config(directory, records=6000, seed=99, output=output)
    qframe.run(path, ["executor=serial"])
    return output


def live_config(config: Config, storage: str, output: Path) -> Path:
    """A config of twelve tasks, which one process does."""
    return config(
        records=4096 * BLOCKS,
        task_blocks=1,
        storage=STORAGES[storage],
        executor="serial",
        output=output,
    )


@pytest.mark.parametrize("tasks", [1, 7])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("storage", STORAGES)
def test_the_run_stops_and_touches_nothing(
    storage: str,
    change: Callable[[Path, Path], None],
    tasks: int,
    config: Config,
    tmp_path: Path,
    finished: Path,
) -> None:
    output = tmp_path / "live.db"
    path = live_config(config, storage, output)
    stranger = tmp_path / "stranger.db"
    shutil.copy(finished, stranger)
    changed: list[bytes | None] = []

    def act() -> None:
        change(stranger, output)
        changed.append(output.read_bytes() if output.exists() else None)

    with pytest.raises(
        qframe.StorageError, match=r"live\.db was .* while a run wrote it"
    ) as caught:
        qframe.run(path, hooks=[AfterTask(act, tasks)])
    assert len(caught.value.message.splitlines()) == 1
    assert (output.read_bytes() if output.exists() else None) == changed[0]
    left = {p.name for p in tmp_path.iterdir()}
    assert not left & {"live.db-wal", "live.db-shm", "live.db-journal"}
    if change in (put_over, copy_into):
        assert verify(storage_at(output, None)).ok


@pytest.mark.parametrize("change", ["put over", "deleted and made again", "copied into"])
def test_a_directory_of_matrices_that_is_replaced_stops_the_run(
    change: str, config: Config, tmp_path: Path
) -> None:
    """A directory that is deleted gives its inode to the next one that is made."""
    output, stranger = tmp_path / "live", tmp_path / "stranger"
    keys: dict[str, Any] = {"records": 60, "storage": "savetxt", "executor": "serial"}
    qframe.run(config("stranger.yaml", **keys, seed=99, output=stranger))
    path = config("live.yaml", **keys, output=output)
    whole = {p.relative_to(stranger): p.read_bytes() for p in stranger.rglob("*") if p.is_file()}

    def act() -> None:
        if change == "put over":
            output.rename(tmp_path / "elsewhere")
            stranger.rename(output)
        else:
            if change == "deleted and made again":
                shutil.rmtree(output)
            shutil.copytree(stranger, output, dirs_exist_ok=True)

    with pytest.raises(qframe.StorageError, match="while a run wrote it"):
        qframe.run(path, hooks=[AtStart(act)])
    if change != "copied into":  # then both are in it, and nobody can tell
        left = {p.relative_to(output): p.read_bytes() for p in output.rglob("*") if p.is_file()}
        assert left == whole


@pytest.mark.parametrize("how", [put_over, copy_into])
def test_one_shard_that_is_replaced_stops_the_run(
    how: Callable[[Path, Path], None], config: Config, tmp_path: Path, finished: Path
) -> None:
    output = tmp_path / "live.db"
    storage = {"plugin": "sqlite", "shards": 2, "shard_blocks": 1}
    path = config(records=4096 * 8, task_blocks=1, storage=storage, output=output)
    shard = tmp_path / "live.db.shards" / "01.db"
    stranger = tmp_path / "stranger.db"
    shutil.copy(finished, stranger)
    with pytest.raises(qframe.StorageError, match=r"01\.db was .* while a run wrote it"):
        qframe.run(path, hooks=[AfterTask(lambda: how(stranger, shard), 4)])
    assert shard.read_bytes() == finished.read_bytes()
    assert not shard.with_name("01.db-wal").exists()
    own = storage_at(shard.with_name("00.db"), None)
    own.finish()  # its log stayed beside it
    with closing(own.reader()) as reader:
        assert [run.first for run in reader.stored()][:2] == [0, 2]


@pytest.mark.parametrize("tasks", [1, 7])
def test_a_log_that_came_with_another_directory_stays(
    tasks: int, config: Config, tmp_path: Path, killed: Path
) -> None:
    """Somebody puts a directory with an unfinished dataset in the place of the one written to."""
    there, other = tmp_path / "there", tmp_path / "other"
    there.mkdir()
    other.mkdir()
    for part in tmp_path.glob("killed.db*"):
        shutil.copy(part, other / part.name.replace("killed", "live"))
    before = {p.name: p.read_bytes() for p in other.iterdir() if not p.name.endswith("-shm")}
    assert before["live.db-wal"]
    output = there / "live.db"
    path = config("live.yaml", records=4096 * BLOCKS, task_blocks=1, output=output)

    def act() -> None:
        there.rename(tmp_path / "elsewhere")
        other.rename(there)

    with pytest.raises(qframe.StorageError, match="was replaced"):
        qframe.run(path, hooks=[AfterTask(act, tasks)])
    after = {p.name: p.read_bytes() for p in there.iterdir() if not p.name.endswith("-shm")}
    assert after == before
    moved = storage_at(tmp_path / "elsewhere" / "live.db", None)
    with closing(moved.reader()) as reader:
        assert sum(run.records for run in reader.stored()) >= 4096 * tasks


@pytest.mark.parametrize("change", [put_over, put_over_a_copy_of_itself, copy_into, move_away])
@pytest.mark.parametrize("storage", STORAGES)
def test_a_file_that_is_replaced_while_the_run_finishes_is_not_written(
    storage: str,
    change: Callable[[Path, Path], None],
    config: Config,
    tmp_path: Path,
    finished: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After the run has looked whether its files are there, and before SQLite opens them."""
    output, stranger = tmp_path / "live.db", tmp_path / "stranger.db"
    shutil.copy(finished, stranger)
    path = config(
        records=4096 * 4, task_blocks=1, storage=STORAGES[storage], executor="serial", output=output
    )
    connect = Database.connect
    changed: list[bytes | None] = []

    def late(self: Database, *arguments: Any, **keys: Any) -> Any:
        if self.path == output and ending and not changed:
            change(stranger, output)
            changed.append(output.read_bytes() if output.exists() else None)
        return connect(self, *arguments, **keys)

    ending: list[bool] = []
    monkeypatch.setattr(Database, "connect", late)
    with pytest.raises(qframe.StorageError):
        qframe.run(path, hooks=[AfterTask(lambda: ending.append(True), 4)])
    assert (output.read_bytes() if output.exists() else None) == changed[0]
    assert not (tmp_path / "live.db-wal").exists()


@pytest.mark.parametrize("change", [put_over, copy_into, move_away])
@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("exists", [False, True], ids=["new", "continued"])
def test_a_file_that_is_replaced_before_the_run_has_claimed_it_is_not_written(
    exists: bool,
    storage: str,
    change: Callable[[Path, Path], None],
    config: Config,
    tmp_path: Path,
    finished: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output, stranger = tmp_path / "live.db", tmp_path / "stranger.db"
    path = config(storage=STORAGES[storage], executor="serial", output=output)
    if exists:
        qframe.run(path)
    shutil.copy(finished, stranger)
    claim = Database.claim
    changed: list[bytes | None] = []

    def late(self: Database, number: int | None = None) -> None:
        if self.path == output and not changed:
            change(stranger, output)
            changed.append(output.read_bytes() if output.exists() else None)
        claim(self, number)

    monkeypatch.setattr(Database, "claim", late)
    with pytest.raises(qframe.StorageError):
        qframe.run(path, ["records=9000"])
    assert (output.read_bytes() if output.exists() else None) == changed[0]
    assert not (tmp_path / "live.db-wal").exists()


@pytest.mark.parametrize("storage", ["much in the log", "rollback"])
def test_a_moved_output_and_its_log_make_a_dataset_again(
    storage: str, config: Config, tmp_path: Path
) -> None:
    output = tmp_path / "live.db"
    path = live_config(config, storage, output)
    with pytest.raises(qframe.StorageError):
        qframe.run(path, hooks=[AfterTask(lambda: move_away(output, output), 7)])
    back = output.with_name("elsewhere.db")
    for log in tmp_path.glob("live.db.left-1-*"):
        log.rename(tmp_path / f"elsewhere.db{log.name.removeprefix('live.db.left-1')}")
    with closing(storage_at(back, None).reader()) as reader:
        assert sum(run.records for run in reader.stored()) >= 4096 * 7
    done = qframe.run(path, [f"output={back}"])
    assert done.complete
    with qframe.open(path) as computed, qframe.open(back) as ds:
        assert ds.content_hash() == computed.content_hash()


@pytest.fixture
def killed(config: Config, tmp_path: Path) -> Path:
    """The output of a run that was killed: a log with blocks stands beside it."""
    output = tmp_path / "killed.db"
    path = config(records=4096 * 4, task_blocks=1, executor="serial", output=output)

    class Killed(BaseException):
        pass

    def kill() -> None:
        saved = {p.name: p.read_bytes() for p in tmp_path.glob("killed.db*")}
        raise Killed(saved)

    with pytest.raises(BaseException) as caught:
        qframe.run(path, hooks=[AfterTask(kill, 3)])
    cause: BaseException | None = caught.value
    while not isinstance(cause, Killed):
        assert cause is not None
        cause = cause.__cause__
    for old in tmp_path.glob("killed.db*"):
        old.unlink()
    for name, data in cause.args[0].items():
        (tmp_path / name).write_bytes(data)
    return output


def test_no_connection_copies_the_log_of_a_killed_run_into_a_stranger(
    killed: Path, finished: Path, config: Config, tmp_path: Path, qframe_main: Any
) -> None:
    """Whoever opens the path next: another run, a finish, a repair."""
    wal = killed.with_name("killed.db-wal")
    assert wal.stat().st_size > 0
    shutil.copy(finished, killed)
    want, log = killed.read_bytes(), wal.read_bytes()
    storage = storage_at(killed, None, damaged=True)
    for act in (storage.finish, storage.recover, lambda: qframe.run(tmp_path / "small.yaml")):
        with pytest.raises(qframe.StorageError):
            act()
        assert killed.read_bytes() == want
        assert wal.read_bytes() == log
    for command in (("info", killed), ("verify", killed), ("hash", killed)):
        assert qframe_main(*command).returncode != 0
        assert killed.read_bytes() == want


def test_the_journal_of_a_killed_transaction_is_not_played_into_a_stranger(
    config: Config, finished: Path, tmp_path: Path
) -> None:
    output = tmp_path / "live.db"
    path = config(records=4096 * 2, storage={"plugin": "sqlite-rollback"}, output=output)
    qframe.run(path, ["executor=serial"])
    with closing(apsw.Connection(str(output))) as db:
        db.execute("BEGIN IMMEDIATE")
        db.pragma("user_version", db.pragma("user_version"))
        db.execute("UPDATE ledger SET records = 1")
        db.cache_flush()
        journal = output.with_name("live.db-journal").read_bytes()
        half = output.read_bytes()
        db.execute("ROLLBACK")
    assert any(journal[:8])
    left = output.with_name("live.db-journal")
    for data, played in ((finished.read_bytes(), False), (half, True)):
        output.write_bytes(data)
        left.write_bytes(journal)
        storage = storage_at(output, None, damaged=True)
        if played:
            storage.recover()
            assert verify(storage_at(output, None)).ok
        else:
            with pytest.raises(qframe.StorageError, match="was written for another file"):
                storage.recover()
            assert output.read_bytes() == data
            assert left.read_bytes() == journal


def test_a_ledger_that_lost_rows_is_not_called_done(config: Config, tmp_path: Path) -> None:
    output = tmp_path / "live.db"
    path = config(records=4096 * 4, task_blocks=1, executor="serial", output=output)

    def change() -> None:
        with closing(apsw.Connection(str(output))) as db:
            db.execute("DELETE FROM ledger WHERE block = 0")

    with pytest.raises(qframe.StorageError, match="another program has changed the dataset"):
        qframe.run(path, hooks=[AfterTask(change, 2)])
    assert qframe.run(path).complete
