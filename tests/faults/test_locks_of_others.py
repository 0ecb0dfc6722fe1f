"""Another program holds the file: qframe says who, hears signals, and finishes what it can."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import qframe
from qframe.config.load import load_config
from qframe.dataset.storages import storage_at
from qframe.integrity.verify import verify
from qframe_plugins.storages._sqlite import file
from qframe_plugins.storages._sqlite import lock_wait as waiting
from tests.faults.hooks import AfterTask

Config = Callable[..., Path]
Hold = Callable[[Path, str], subprocess.Popen[str]]

HOLDER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
if sys.argv[2] == "read":
    cursor = db.execute("SELECT * FROM meta")
    cursor.fetchone()
else:
    db.execute(f"BEGIN {sys.argv[2]}")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Starts a program that reads a file without end, or holds a lock on it: `hold(path, how)`."""
    started: list[subprocess.Popen[str]] = []

    def start(path: Path, how: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(path), how],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.communicate()


def let_go(process: subprocess.Popen[str]) -> None:
    process.communicate()


class SignalOnceWaiting(logging.Handler):
    """Sends this process a signal, or does something else, once a wait is announced."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self.act: Callable[[], object] | None = act
        self.said = ""

    def emit(self, record: logging.LogRecord) -> None:
        act, self.act = self.act, None
        if act is not None:
            self.said = record.getMessage()
            act()


@pytest.fixture
def once_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., SignalOnceWaiting]]:
    handlers = []

    def listen(act: Callable[[], object]) -> SignalOnceWaiting:
        monkeypatch.setattr(waiting, "TELL_AFTER_S", 0.05)
        handlers.append(SignalOnceWaiting(act))
        logging.getLogger(waiting.__name__).addHandler(handlers[-1])
        return handlers[-1]

    yield listen
    for handler in handlers:
        logging.getLogger(waiting.__name__).removeHandler(handler)


STORAGES: dict[str, dict[str, Any]] = {
    "log": {"plugin": "sqlite"},
    "shards": {"plugin": "sqlite", "shards": 2, "shard_blocks": 1},
    "rollback": {"plugin": "sqlite-rollback"},
}


def held_file(output: Path) -> Path:
    """The file that others hold: of shards one of them."""
    shard = output.with_name(f"{output.name}.shards") / "01.db"
    return shard if shard.exists() else output


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("storage", ["log", "shards"])
def test_complete_data_are_called_complete_though_somebody_reads_them(
    storage: str,
    config: Config,
    tmp_path: Path,
    hold: Hold,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(file, "FINISH_S", 0.2)
    output = tmp_path / "small.db"
    path = config(records=9000, task_blocks=1, storage=STORAGES[storage], output=output)
    readers: list[subprocess.Popen[str]] = []
    at_end = AfterTask(lambda: readers.append(hold(held_file(output), "read")), 3)
    assert qframe.run(path, hooks=[at_end]).complete
    [said] = [r.getMessage() for r in caplog.records if "tidies up" in r.getMessage()]
    assert re.search(rf"process {readers[0].pid} \(.*python", said)
    assert "\n" not in said
    assert not storage_at(output, None).finished()
    assert verify(storage_at(output, None)).ok
    let_go(readers[0])
    done = qframe.run(path)
    assert done.complete
    assert storage_at(output, None).finished()
    with qframe.open(path) as computed, qframe.open(output) as stored:
        assert stored.content_hash() == computed.content_hash()


@pytest.mark.parametrize(
    ("storage", "how"),
    [
        ("log", "read"),
        ("log", "EXCLUSIVE"),
        ("shards", "IMMEDIATE"),
        ("rollback", "EXCLUSIVE"),
    ],
)
def test_a_run_that_waits_to_begin_says_for_whom_and_hears_ctrl_c(
    storage: str,
    how: str,
    config: Config,
    tmp_path: Path,
    hold: Hold,
    once_waiting: Callable[..., SignalOnceWaiting],
) -> None:
    output = tmp_path / "small.db"
    path = config(records=5000, storage=STORAGES[storage], output=output)
    qframe.run(path)
    before = held_file(output).read_bytes()
    holder = hold(held_file(output), how)
    heard = once_waiting(interrupt)
    with pytest.raises(KeyboardInterrupt):
        qframe.run(path, ["records=9000"])
    assert f"waiting for process {holder.pid} (" in heard.said
    assert held_file(output).read_bytes() == before
    let_go(holder)
    assert qframe.run(path, ["records=9000"]).complete


@pytest.mark.parametrize("executor", ["serial", "threads"])
@pytest.mark.parametrize("storage", STORAGES)
def test_a_run_whose_workers_wait_hears_ctrl_c(
    storage: str,
    executor: str,
    config: Config,
    tmp_path: Path,
    hold: Hold,
    once_waiting: Callable[..., SignalOnceWaiting],
) -> None:
    output = tmp_path / "small.db"
    path = config(
        records=4096 * 8,
        task_blocks=1,
        storage=STORAGES[storage],
        executor={"plugin": executor, **({} if executor == "serial" else {"workers": 2})},
        output=output,
    )
    holders: list[subprocess.Popen[str]] = []
    heard = once_waiting(interrupt)
    in_the_middle = AfterTask(lambda: holders.append(hold(held_file(output), "IMMEDIATE")), 1)
    with pytest.raises(KeyboardInterrupt):
        qframe.run(path, hooks=[in_the_middle])
    assert f"waiting for process {holders[0].pid} (" in heard.said
    let_go(holders[0])
    assert qframe.run(path).complete
    with qframe.open(path) as computed, qframe.open(output) as stored:
        assert stored.content_hash() == computed.content_hash()


@pytest.mark.parametrize(
    "sign", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)]
)
def test_worker_processes_that_wait_end_with_their_run(
    sign: signal.Signals,
    config: Config,
    tmp_path: Path,
    hold: Hold,
    start_qframe: Any,
    lingering_engine: Any,
    wait_until: Any,
    qframe_main: Any,
) -> None:
    output = tmp_path / "small.db"
    path = config(
        records=4096 * 8,
        task_blocks=1,
        executor={"plugin": "processes", "workers": 2},
        engine=lingering_engine.stopping(after=1),
        output=output,
    )
    process = start_qframe("run", path)
    wait_until(lambda: lingering_engine.stopped() == 2, process)
    holder = hold(output, "IMMEDIATE")
    lingering_engine.let_go()
    line = next(line for line in process.stderr if "waiting for" in line)
    assert f": waiting for process {holder.pid} (" in line  # and for no other worker
    process.send_signal(sign)
    process.communicate(timeout=60)  # without the signal it would be ten minutes
    assert process.returncode == 128 + sign
    let_go(holder)
    assert qframe_main("run", path).returncode == 0


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize(
    "act",
    [
        lambda path: qframe.open(path).content_hash(),
        lambda path: verify(storage_at(path, None)),
        lambda path: storage_at(path, None).resume(storage_at(path, None).reader().header),
    ],
    ids=["open", "verify", "resume"],
)
def test_whoever_waits_for_a_lock_hears_ctrl_c(
    act: Callable[[Path], object],
    storage: str,
    config: Config,
    tmp_path: Path,
    hold: Hold,
    once_waiting: Callable[..., SignalOnceWaiting],
) -> None:
    output = tmp_path / "small.db"
    qframe.run(config(records=5000, storage=STORAGES[storage], output=output))
    holder = hold(held_file(output), "EXCLUSIVE")
    heard = once_waiting(interrupt)
    with pytest.raises(KeyboardInterrupt):
        act(output)
    assert f"waiting for process {holder.pid} (" in heard.said
    let_go(holder)
    act(output)


def test_a_wait_ends_when_the_other_program_does(
    config: Config, tmp_path: Path, hold: Hold, once_waiting: Callable[..., SignalOnceWaiting]
) -> None:
    output = tmp_path / "small.db"
    path = config(records=5000, output=output)
    qframe.run(path)
    holder = hold(output, "read")
    once_waiting(lambda: let_go(holder))
    assert qframe.run(path, ["records=9000"]).complete
    assert storage_at(output, None).finished()


def test_a_lock_that_lasts_too_long_is_busy_and_names_its_holder(
    config: Config, tmp_path: Path, hold: Hold
) -> None:
    output = tmp_path / "small.db"
    path = config(
        records=5000, storage={"plugin": "sqlite-rollback", "timeout": 0.01}, output=output
    )
    qframe.run(path)
    storage = load_config(path).plugins["storage"].make(output)
    with closing(storage.reader()) as reader:
        header = reader.header
    with closing(storage.writer(header)) as writer, closing(storage.reader()) as reader:
        blocks = [qframe.Block(0, 4096, reader.read(0))]
        holder = hold(output, "IMMEDIATE")
        with pytest.raises(qframe.StorageBusy, match=f"process {holder.pid}") as caught:
            writer.write(blocks)
        assert "storage.timeout" in str(caught.value.hint)
        let_go(holder)
        writer.write(blocks)


def test_a_program_that_holds_a_new_dataset_does_not_make_dedup_lose_it(
    config: Config, tmp_path: Path, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "FINISH_S", 0.1)
    path = config(records=5000)
    output = tmp_path / "unique.db"
    finish = file.SqliteFile.finish_after

    def held(self: Any, wait: Any) -> None:
        hold(self.path, "read")
        finish(self, wait)

    monkeypatch.setattr(file.SqliteFile, "finish_after", held)
    with pytest.raises(qframe.StorageBusy, match="has it open"):
        qframe.dedup(path, output)
    assert not output.exists()
    monkeypatch.setattr(file.SqliteFile, "finish_after", finish)
    qframe.dedup(path, output)
    assert storage_at(output, None).finished()
