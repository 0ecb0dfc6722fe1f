"""A writer's file goes to the disk as it grows, each byte once, and never late by much."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from queue import Queue
from time import sleep

import pytest

import qframe
from qframe_plugins.storages._sqlite import wal, write_back
from qframe_plugins.storages._sqlite.write_back import SYNC_FILE_RANGE_WRITE, WriteBack

SOON_S = 120


def started(act: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=act)
    thread.start()
    return thread


def ends(thread: threading.Thread) -> bool:
    thread.join(SOON_S)
    return not thread.is_alive()


class Disk:
    """Notes what is sent to it; each call waits until it is let through."""

    def __init__(self, *, stuck: bool = False) -> None:
        self.calls: Queue[tuple[int, int]] = Queue()
        self.files: set[str] = set()
        self.free = threading.Event()
        if not stuck:
            self.free.set()

    def send(self, file: int, start: int, size: int, flags: int) -> int:
        assert flags == SYNC_FILE_RANGE_WRITE
        self.files.add(str(Path(f"/proc/self/fd/{file}").readlink()) if file >= 0 else "none")
        self.calls.put((start, size))
        self.free.wait(SOON_S)
        return 0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    path.write_bytes(bytes(100))
    return path


def test_what_the_file_has_grown_by_is_sent_once_and_in_pieces(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_back, "PIECE_BYTES", 400)
    disk = Disk()
    follower = WriteBack(file, disk.send)
    for size in (1000, 1000, 1300):
        os.truncate(file, size)
        follower.grown()
    sent = [disk.calls.get(timeout=SOON_S)]
    while sum(sent[-1]) < 1300:
        sent.append(disk.calls.get(timeout=SOON_S))
    follower.close()
    assert [start for start, _ in sent] == [100, *(sum(call) for call in sent[:-1])]
    assert max(size for _, size in sent) <= 400
    assert disk.calls.empty()


def test_a_writer_waits_for_a_disk_that_is_too_far_behind(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_back, "MOST_BEHIND", 500)
    disk = Disk(stuck=True)
    follower = WriteBack(file, disk.send)
    os.truncate(file, 600)
    follower.grown()  # 500 behind, no more
    os.truncate(file, 601)
    writer = started(follower.grown)
    writer.join(0.2)
    assert writer.is_alive()
    disk.free.set()
    assert ends(writer)
    follower.close()


def test_closing_sends_no_more_than_the_piece_at_hand(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_back, "PIECE_BYTES", 10)
    disk = Disk(stuck=True)
    follower = WriteBack(file, disk.send)
    os.truncate(file, 1000)
    follower.grown()
    assert disk.calls.get(timeout=SOON_S) == (100, 10)
    closing = started(follower.close)
    while not follower.closed:
        sleep(0.001)
    disk.free.set()
    assert ends(closing)
    assert disk.calls.empty()


def test_where_the_system_has_no_such_call_nothing_is_started(file: Path) -> None:
    before = threading.enumerate()
    follower = WriteBack(file, None)
    os.truncate(file, 1000)
    follower.grown()
    assert set(threading.enumerate()) <= set(before)
    follower.close()


@pytest.mark.skipif(sys.platform != "linux", reason="sync_file_range is Linux's")
def test_a_run_sends_its_dataset_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    disk = Disk()
    monkeypatch.setattr(wal, "WriteBack", partial(WriteBack, send=disk.send))
    config = tmp_path / "run.yaml"
    config.write_text(
        "records: 100_000\n"
        "seed: 1\n"
        "gate_set: {plugin: clifford_t, qubits: 1}\n"
        "sampler: {plugin: uniform, length: 20}\n"
        "task_blocks: 2\n"
        "storage: {plugin: sqlite, wal_autocheckpoint: 20}\n"
        "executor: serial\n"
        "output: data.db\n"
    )
    qframe.run(config)
    assert disk.files == {str(tmp_path / "data.db")}
    sent = [disk.calls.get_nowait() for _ in range(disk.calls.qsize())]
    assert sent
    assert all(sum(one) == two[0] for one, two in pairwise(sent))
