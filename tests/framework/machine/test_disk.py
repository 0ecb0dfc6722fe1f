"""Disks: the space that files take, and what a file system allows."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from qframe.machine.disk import (
    FileSystem,
    disk_bytes,
    disk_usage,
    exhausted,
    ext_directory_bytes,
    ext_entry_bytes,
    file_system,
)


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


def test_disk_usage_counts_files_directories_and_blocks(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for k in range(7):
        (tmp_path / "a" / "b" / str(k)).write_bytes(bytes(5000))
    (tmp_path / "a" / "link").symlink_to("nowhere")
    found = disk_usage(tmp_path)
    assert (found.files, found.inodes, found.directory_entries) == (8, 10, 7)
    paths = [tmp_path / "a", *(tmp_path / "a").rglob("*")]
    assert found.bytes + found.directory_bytes == sum(
        512 * path.lstat().st_blocks for path in paths
    )
    assert found.bytes >= 7 * 5000


def test_nothing_takes_no_space_and_a_file_takes_its_blocks(tmp_path: Path) -> None:
    assert disk_usage(tmp_path / "nonesuch") == disk_usage(tmp_path)
    assert disk_bytes(tmp_path / "nonesuch") == 0
    path = tmp_path / "x"
    path.write_bytes(bytes(5000))
    found = disk_usage(path)
    assert found.bytes == disk_bytes(path) == 512 * path.stat().st_blocks
    assert (found.files, found.directories, found.name_bytes) == (1, 0, 1)


def test_an_ext4_directory_holds_33_million_names_of_16_characters() -> None:
    # An entry has 8 bytes and the name, padded to 4 (kernel.org, ext4 data structures, 4.3).
    assert [ext_entry_bytes(n) for n in (1, 4, 5, 16)] == [12, 12, 16, 24]
    assert ext_directory_bytes(4096) // ext_entry_bytes(16) == pytest.approx(33.2e6, rel=1e-3)


def test_the_limit_that_stops_a_file_from_growing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite says only `disk I/O error`, or that it cannot open a file."""
    path = tmp_path / "x.db"
    assert exhausted(path) is None
    assert list(tmp_path.iterdir()) == []

    def disk(**facts: int | None) -> None:
        whole = {"free": 1 << 40, "inodes": 10, "file_bytes": None, "directory_bytes": None}
        found = FileSystem(kind="ext4", **{**whole, **facts})  # type: ignore[arg-type]
        monkeypatch.setattr("qframe.machine.disk.file_system", lambda _directory: found)

    disk(inodes=0)
    assert "no inodes left" in str(exhausted(path))
    disk(free=4096)
    assert "4,096 bytes are free" in str(exhausted(path))
    disk(file_bytes=5_000_000)
    assert exhausted(path, 3_000_000) is None
    assert "at most 5,000,000 bytes" in str(exhausted(path, 4_900_000))
    disk()

    def no_quota(**_: object) -> None:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr("tempfile.TemporaryFile", no_quota)
    assert "Disk quota exceeded" in str(exhausted(path))
