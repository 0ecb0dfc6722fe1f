"""The write-ahead log: short in normal use, and who is in the way where it grows."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

import qframe
from qframe.config.load import load_config
from qframe.runs.plan import RunPlan, plan
from qframe.runs.worker import Worker
from qframe_plugins.storages._sqlite import lock_wait, wal

Config = Callable[..., Path]

PAGES = 50
LIMIT = PAGES * 4096


@pytest.fixture
def running(config: Config) -> RunPlan:
    """A dataset that is being written, with a log of at most a few hundred kilobytes."""
    path = config(
        records=100 * 4096,
        storage={"plugin": "sqlite", "page_size": 4096, "wal_autocheckpoint": PAGES},
    )
    planned = plan(load_config(path))
    planned.storage.create(planned.header)
    return planned


def wal_bytes(planned: RunPlan) -> int:
    return planned.output.with_name(f"{planned.output.name}-wal").stat().st_size


def do(worker: Worker, planned: RunPlan, blocks: range) -> None:
    for block in blocks:
        worker.do(qframe.Task(block, 1, planned.header.records))


def test_the_log_stays_short_where_writers_never_pause(running: RunPlan) -> None:
    """Two connections take turns, so that one transaction is always young: no checkpoint of
    SQLite's own would come to the log's end."""
    task = 4096 * 84
    with Worker(running.job()) as one, Worker(running.job()) as two:
        for block in range(0, 60, 2):
            do(one, running, range(block, block + 1))
            do(two, running, range(block + 1, block + 2))
    assert wal_bytes(running) < 2 * LIMIT + 3 * task


def test_a_log_that_another_writer_is_copying_is_started_over_all_the_same(
    running: RunPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a checkpoint after the commit, as where somebody else is always at it."""

    def only_look(keeper: Any, _db: apsw.Connection, _name: str, pages: int) -> int:
        keeper.log_pages = pages
        return apsw.SQLITE_OK

    monkeypatch.setattr(wal.WalKeeper, "after_commit", only_look)
    with Worker(running.job()) as worker:
        do(worker, running, range(60))
    assert wal_bytes(running) < 2 * LIMIT + 3 * 4096 * 84
    running.storage.finish()
    with qframe.open(running.output) as dataset:
        assert dataset.stored() == 60 * 4096


@pytest.mark.parametrize(("synchronous", "number"), [("off", 0), ("normal", 1), ("full", 2)])
def test_starting_the_log_over_waits_for_the_disk_only_where_that_was_asked_for(
    synchronous: str, number: int, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = {"plugin": "sqlite", "page_size": 4096, "wal_autocheckpoint": PAGES}
    path = config(records=20 * 4096, storage=storage | {"synchronous": synchronous})
    planned = plan(load_config(path))
    planned.storage.create(planned.header)
    seen = []
    copy_log = wal.copy_log

    def watched(db: apsw.Connection) -> None:
        seen.append(db.pragma("synchronous"))
        copy_log(db)

    monkeypatch.setattr(wal, "copy_log", watched)
    with Worker(planned.job()) as one, Worker(planned.job()) as two:
        for block in range(0, 20, 2):
            do(one, planned, range(block, block + 1))
            do(two, planned, range(block + 1, block + 2))
    assert set(seen) == {number}


@contextmanager
def pinned(output: Path) -> Iterator[int]:
    """Another program that began to read and does not end; gives its process id."""
    code = (
        "import apsw, sys\n"
        "db = apsw.Connection(sys.argv[1], flags=apsw.SQLITE_OPEN_READONLY)\n"
        "db.execute('BEGIN'); db.execute('SELECT count(*) FROM ledger').fetchall()\n"
        "print('reading', flush=True); sys.stdin.read()\n"
    )
    # sh stands between, so that the reader is no child of ours, as a worker would be
    process = subprocess.Popen(
        ["sh", "-c", '"$@"; true', "sh", sys.executable, "-c", code, str(output)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "reading\n"
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        yield int(children.split()[0])
    finally:
        process.communicate(timeout=120)


def test_a_reader_that_stays_is_named_and_writing_goes_on(
    running: RunPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qframe_plugins.storages._sqlite.wal.TASKS_IN_FLIGHT", 0)
    with Worker(running.job()) as worker:
        do(worker, running, range(1))
        with pinned(running.output) as reader:
            do(worker, running, range(1, 20))
            said = running.storage.hindered()
            assert wal_bytes(running) > 10 * LIMIT
        assert said is not None
        assert f"process {reader} (" in said
        assert f"{wal_bytes(running):,} bytes" in said
        assert str(os.getpid()) not in said
        grown = wal_bytes(running)
        do(worker, running, range(20, 60))
        assert wal_bytes(running) == grown  # the log starts over once the reader has gone
    running.storage.finish()
    with qframe.open(running.output) as dataset:
        assert dataset.stored() == 60 * 4096


def test_a_reader_of_our_own_kind_pins_nothing(running: RunPlan) -> None:
    with Worker(running.job()) as worker:
        do(worker, running, range(1))
        with closing(running.storage.reader()) as reader:
            list(reader.stored())
            do(worker, running, range(1, 40))
            assert wal_bytes(running) < 2 * LIMIT + 3 * 4096 * 84
    assert running.storage.hindered() is None


def test_a_reader_at_the_very_end_of_a_run_does_not_make_it_fail(
    running: RunPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as another run of the same config, which looks at the file before it is refused."""
    with Worker(running.job()) as worker:
        do(worker, running, range(1))
    reader = apsw.Connection(str(running.output), apsw.SQLITE_OPEN_READONLY)
    reader.execute("SELECT count(*) FROM ledger").fetchall()
    waited = []

    def reader_ends(seconds: float) -> None:
        waited.append(seconds)
        reader.close()

    monkeypatch.setattr(lock_wait, "sleep", reader_ends)
    running.storage.finish()
    assert len(waited) == 1
    assert running.storage.finished()
