"""What a dataset can run into: room, inodes, sizes of files, entries of directories, pages."""

from __future__ import annotations

import os
import resource
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from qframe.machine.mounts import file_system_type

MOST_RECORDS = 1 << 62
"""Beyond this no limit is looked for."""

SQLITE_MAGIC = b"SQLite format 3\x00"
SQLITE_PAGES = 2**32 - 2
"""SQLite's largest page number, `SQLITE_MAX_PAGE_COUNT` (sqlite.org/limits.html, 14)."""

TIB = 1 << 40
MOST_BYTES_OF_A_FILE = {"ext2": 2 * TIB, "ext3": 2 * TIB, "vfat": (4 << 30) - 1, "msdos": 2 << 30}
"""Of file systems with a fixed limit; ext4 has 2**32 blocks; others have none that matters."""

EXT_LEAVES = 508 * 511
"""Leaf blocks that the two levels of an ext4 directory's hash tree can name (no `large_dir`)."""

EXT_FILL = 0.75
"""How full those leaves are: blocks that were split are half full, and fill again."""


@dataclass(frozen=True)
class Census:
    """What a dataset of a known number of records consists of.

    Attributes:
        files: how many.
        bytes: room that they take on the disk.
        largest: bytes of the largest file.
        crowd: entries of the directory that holds most of them.
        name_bytes: of the longest file name.
        page_size: of the SQLite files among them, else None.
    """

    files: int
    bytes: int
    largest: int
    crowd: int
    name_bytes: int
    page_size: int | None


def census(path: Path) -> Census:
    """Counts what is at `path`, a file or a directory of any depth."""
    files = room = largest = crowd = longest = 0
    page_size = None
    for directory, found in _by_directory(path):
        crowd = max(crowd, len(found))
        for name, facts in found:
            files += 1
            room += facts.st_blocks * 512
            longest = max(longest, len(os.fsencode(name)))
            if facts.st_size > largest:
                largest = facts.st_size
                page_size = _page_size(directory / name)
    return Census(files, room, largest, crowd, longest, page_size)


def _by_directory(path: Path) -> Iterator[tuple[Path, list[tuple[str, os.stat_result]]]]:
    if not path.is_dir():
        yield path.parent, [(path.name, path.stat())]
        return
    for directory, _, names in os.walk(path):
        there = [(name, (Path(directory) / name).lstat()) for name in names]
        yield Path(directory), [(n, facts) for n, facts in there if stat.S_ISREG(facts.st_mode)]


def _page_size(path: Path) -> int | None:
    """Of a SQLite file that nobody has open (sqlite.org/fileformat.html, 1.3), else None."""
    with path.open("rb") as file:
        head = file.read(18)
    if not head.startswith(SQLITE_MAGIC):
        return None
    size = int.from_bytes(head[16:18])
    return 65536 if size == 1 else size


@dataclass(frozen=True)
class FileSystem:
    """The file system of a directory.

    Attributes:
        kind: as the system calls it (`ext4`), empty where it does not say.
        free: bytes that this user may still write.
        inodes: files that may still be made; None where the file system makes inodes as it goes.
        file_bytes: largest file, where there is a limit.
        directory_bytes: room for the entries of one directory, where there is a limit.
    """

    kind: str
    free: int
    inodes: int | None
    file_bytes: int | None
    directory_bytes: int | None


def file_system(directory: Path) -> FileSystem:
    """Looks at the file system that holds `directory`, which exists."""
    facts = os.statvfs(directory)
    kind = file_system_type(directory)
    file_bytes = facts.f_bsize * (2**32 - 1) if kind == "ext4" else MOST_BYTES_OF_A_FILE.get(kind)
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if limit != resource.RLIM_INFINITY:
        file_bytes = min(limit, file_bytes or limit)
    leaves = round(EXT_LEAVES * facts.f_bsize * EXT_FILL) if kind in ("ext3", "ext4") else None
    return FileSystem(
        kind,
        facts.f_bavail * facts.f_frsize,
        facts.f_favail if facts.f_files else None,
        file_bytes,
        leaves,
    )


@dataclass(frozen=True)
class Limit:
    """Something that fills up.

    Attributes:
        what: in words.
        most: how much there is.
        used: how much of it the dataset takes.
        records: the largest dataset that stays within it; None if that is beyond any number.
    """

    what: str
    most: int
    used: int
    records: int | None

    @property
    def hit(self) -> bool:
        return self.used > self.most


def limit_of(what: str, most: int, use: Callable[[int], int], records: int) -> Limit:
    """The limit `most` for something of which a dataset of `n` records takes `use(n)`.

    `use` does not decrease.
    """
    low, high = 0, MOST_RECORDS
    if use(high) <= most:
        return Limit(what, most, use(records), None)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if use(middle) <= most else (low, middle)
    return Limit(what, most, use(records), low)
