"""The lock of an output: one holder at a time, and nothing of it is left."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
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


def test_links_lead_to_one_lock(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x.db").touch()
    (tmp_path / "link.db").symlink_to("real/x.db")
    (tmp_path / "directory").symlink_to("real")
    names = ["real/x.db", "link.db", "directory/x.db", "real/../directory/x.db"]
    for held in names:
        with output_lock(tmp_path / held):
            for other in names:
                with pytest.raises(qframe.OutputInUse), output_lock(tmp_path / other):
                    pass
    assert [p.name for p in (tmp_path / "real").iterdir()] == ["x.db"]


@pytest.mark.parametrize("kind", ["link", "hard link", "pipe", "directory"])
def test_a_lock_file_that_is_something_else_is_left_as_it_is(kind: str, tmp_path: Path) -> None:
    secret, lock = tmp_path / "secret", tmp_path / ".x.db.lock"
    secret.write_text("precious")
    make: dict[str, Callable[[], object]] = {
        "link": lambda: lock.symlink_to("secret"),
        "hard link": lambda: os.link(secret, lock),
        "pipe": lambda: os.mkfifo(lock),
        "directory": lock.mkdir,
    }
    make[kind]()
    before = lock.lstat()
    with pytest.raises(qframe.StorageError) as caught, output_lock(tmp_path / "x.db"):
        pass
    assert "precious" not in str(caught.value)
    assert caught.value.hint
    remove_leftover(tmp_path / "x.db")
    assert os.path.samestat(lock.lstat(), before)
    assert secret.read_text() == "precious"


def test_a_file_system_without_locks_is_one_line_and_no_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite takes ENOLCK for a lock that is held, and would wait."""

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.lockf", no_locks)
    with (
        pytest.raises(qframe.StorageError, match="cannot be locked: No locks available"),
        output_lock(tmp_path / "x.db"),
    ):
        pass
