"""What fills up, and at which record."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qframe.forecast.limits import limit_of
from qframe.machine.disk import disk_usage, file_system


@given(st.integers(1, 10**6), st.integers(0, 10**9), st.integers(0, 10**15))
def test_the_last_record_that_fits_is_found(each: int, fixed: int, most: int) -> None:
    found = limit_of("room", most, lambda n: fixed + each * n, 10)
    assert found.used == fixed + 10 * each
    if fixed <= most:
        assert found.records == (most - fixed) // each
        assert found.hit == (found.records < 10)


def test_what_does_not_grow_never_fills_up() -> None:
    assert limit_of("files", 5, lambda n: 1, 10**12).records is None


@pytest.mark.parametrize("page", [512, 4096, 65536])
def test_the_page_size_is_read_from_the_file(page: int, tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA page_size = {page}")
        db.execute("CREATE TABLE t(x)")
    assert disk_usage(path).page_size == page


def test_disk_usage_counts_files_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for k in range(5):
        (tmp_path / "a" / "b" / f"file{k}").write_bytes(bytes(100 * k))
    (tmp_path / "a" / "x").write_bytes(b"SQLite?")
    found = disk_usage(tmp_path)
    assert (found.files, found.largest_file, found.directory_entries, found.name_bytes) == (
        6,
        400,
        5,
        5,
    )
    assert found.page_size is None


def test_the_file_system_is_that_of_the_longest_mount(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    here = str(tmp_path).replace(" ", "\\040")
    mounts.write_text(f"a / xfs rw 0 0\nb {here} vfat rw 0 0\nc {here}/no ext4 rw 0 0\n")
    monkeypatch.setattr("qframe.machine.mounts.MOUNTS", mounts)
    found = file_system(tmp_path)
    assert found.kind == "vfat"
    assert found.file_bytes == 2**32 - 1  # what fits in FAT's 32 bits
    assert found.directory_bytes is None
