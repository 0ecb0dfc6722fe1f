"""Scratch directories: gone at the end, also those of processes that were killed."""

from __future__ import annotations

from pathlib import Path

import pytest

import qframe
from qframe.machine.scratch import scratch_directory


def test_it_is_removed_whatever_happens(tmp_path: Path) -> None:
    def work() -> None:
        with scratch_directory(tmp_path, ".x-") as directory:
            assert directory.parent == tmp_path
            (directory / "file").write_text("data")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    assert not list(tmp_path.iterdir())


def test_leftovers_are_removed_and_what_is_in_use_stays(tmp_path: Path) -> None:
    for name in (".x-left", ".y-other"):
        (tmp_path / name).mkdir()
    with scratch_directory(tmp_path, ".x-") as one, scratch_directory(tmp_path, ".x-") as two:
        assert one != two
        assert {path.name for path in tmp_path.iterdir()} == {one.name, two.name, ".y-other"}


def test_a_prefix_is_no_pattern(tmp_path: Path) -> None:
    (tmp_path / ".ab-left").mkdir()
    with scratch_directory(tmp_path, ".[a]b-"):
        assert (tmp_path / ".ab-left").exists()


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(qframe.StorageError, match="cannot be written: No such file"),
        scratch_directory(tmp_path / "none", ".x-"),
    ):
        pass
