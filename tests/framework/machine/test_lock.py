"""The lock of an output: one holder at a time, and nothing of it is left."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import qframe
from qframe.machine.lock import output_lock, remove_leftover

OTHER = '{"pid": 1, "host": "elsewhere", "since": "2020-01-01T00:00:00+00:00", "boot": "other"}'


def test_the_second_one_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    output, lock = tmp_path / "x.db", tmp_path / ".x.db.lock"
    with output_lock(output) as previous:
        assert not previous.same_boot, "there was no lock file"
        assert json.loads(lock.read_text())["pid"] == os.getpid()
        said = f"^{output} is being written by process {os.getpid()} on "
        with pytest.raises(qframe.OutputInUse, match=said), output_lock(output):
            pass
    assert not list(tmp_path.iterdir())


def test_a_file_of_a_killed_run_says_whether_the_machine_restarted(tmp_path: Path) -> None:
    output, lock = tmp_path / "x.db", tmp_path / ".x.db.lock"
    with output_lock(output):
        left = lock.read_text()
    for text, same in ((left, True), (OTHER, False), ("", False), ("no JSON", False)):
        lock.write_text(text)
        with output_lock(output) as previous:
            assert previous.same_boot is same


def test_a_leftover_is_removed_and_the_file_of_a_holder_stays(tmp_path: Path) -> None:
    output, lock = tmp_path / "x.db", tmp_path / ".x.db.lock"
    lock.write_text(OTHER)
    remove_leftover(output)
    assert not lock.exists()
    with output_lock(output):
        remove_leftover(output)
        assert lock.exists()


def test_a_directory_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(qframe.StorageError, match=r"\.x\.db\.lock cannot be made: No such file"),
        output_lock(tmp_path / "none" / "x.db"),
    ):
        pass
