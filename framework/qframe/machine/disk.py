"""Disks: the space that a dataset takes, the space that a file system has left, and its limits."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qframe.errors import StorageError
from qframe.machine.files import open_regular
from qframe.machine.limits import soft_limit
from qframe.machine.mounts import file_system_type

BLOCK_UNIT = 512
"""Bytes that `st_blocks` counts in (POSIX)."""

SQLITE_MAGIC = b"SQLite format 3\x00"

TIB = 1 << 40
MOST_BYTES_OF_A_FILE = {"ext2": 2 * TIB, "ext3": 2 * TIB, "vfat": (4 << 30) - 1, "msdos": 2 << 30}
"""Bytes in the largest file of file systems with a fixed limit.

ext4 allows 2**32 - 1 blocks for a file, of a size that differs. Other limits are out of reach."""

EXT_LEAVES = 508 * 511
"""Most leaf blocks of an ext4 directory: its hash tree has two levels without `large_dir`."""

EXT_FILL = 0.75
"""Share of the leaf blocks that names fill: a full block is split into two half-full ones."""


@dataclass(frozen=True)
class DiskUsage:
    """The space that a file takes on the disk, or a directory with all that is below it.

    Attributes:
        bytes: bytes that the disk has given to the files. A disk gives whole blocks: a file of 500
            bytes takes 4,096 on most disks.
        directory_bytes: bytes that the disk has given to the directories below.
        files: number of files, links included.
        directories: number of directories below.
        largest_file: bytes in the largest regular file.
        directory_entries: number of entries of the directory with the most entries.
        name_bytes: length of the longest file name.
        page_size: bytes of a page if the largest file is a SQLite file, else None.
    """

    bytes: int = 0
    directory_bytes: int = 0
    files: int = 0
    directories: int = 0
    largest_file: int = 0
    directory_entries: int = 0
    name_bytes: int = 0
    page_size: int | None = None

    @property
    def all_bytes(self) -> int:
        """Bytes of the files and of the directories below."""
        return self.bytes + self.directory_bytes

    @property
    def inodes(self) -> int:
        """Number of files and directories."""
        return self.files + self.directories


def disk_usage(path: Path) -> DiskUsage:
    """The space that the file or directory at `path` takes; zero if there is nothing.

    Symbolic links below `path` are counted and not followed.
    """
    taken = directory_bytes = files = directories = most = longest = 0
    largest, largest_bytes = path, 0
    for entries in _listings(path):
        most = max(most, len(entries))
        for entry, status in entries:
            if stat.S_ISDIR(status.st_mode):
                directories += 1
                directory_bytes += status.st_blocks * BLOCK_UNIT
                continue
            files += 1
            taken += status.st_blocks * BLOCK_UNIT
            longest = max(longest, len(os.fsencode(entry.name)))
            if stat.S_ISREG(status.st_mode) and status.st_size > largest_bytes:
                largest, largest_bytes = entry, status.st_size
    page_size = _page_size(largest) if largest_bytes else None
    return DiskUsage(
        taken, directory_bytes, files, directories, largest_bytes, most, longest, page_size
    )


def disk_bytes(path: Path) -> int:
    """Bytes that the disk has given to the file at `path`, or to all files below that directory."""
    return disk_usage(path).bytes


def _listings(path: Path) -> Iterator[list[tuple[Path, os.stat_result]]]:
    """The entries of each directory at or below `path`, or of a file alone."""
    if not path.is_dir():
        yield [(path, path.stat())] if path.exists() else []
        return
    waiting = [path]
    while waiting:
        entries = [(entry, entry.lstat()) for entry in waiting.pop().iterdir()]
        waiting += [entry for entry, status in entries if stat.S_ISDIR(status.st_mode)]
        yield entries


def _page_size(path: Path) -> int | None:
    """Page size of a SQLite file, else None (sqlite.org/fileformat.html, 1.3).

    The file must not be open in this process: closing it here would drop SQLite's locks on it.
    """
    with os.fdopen(open_regular(path, os.O_RDONLY, follow=True), "rb") as file:
        head = file.read(18)
    if not head.startswith(SQLITE_MAGIC):
        return None
    size = int.from_bytes(head[16:18])
    return 65536 if size == 1 else size


@dataclass(frozen=True)
class FileSystem:
    """The file system of a directory.

    Attributes:
        kind: its type (`ext4`), or an empty string if the system does not say.
        free: bytes that this user may still write.
        inodes: number of files that may still be made; None if the file system makes inodes on
            demand.
        file_bytes: bytes of the largest file that it allows, or None.
        directory_bytes: bytes that the entries of one directory may take, or None.
    """

    kind: str
    free: int
    inodes: int | None
    file_bytes: int | None
    directory_bytes: int | None


def file_system(directory: Path) -> FileSystem:
    """The file system that holds `directory`, which must exist."""
    facts = os.statvfs(directory)
    kind = file_system_type(directory)
    file_bytes = facts.f_bsize * (2**32 - 1) if kind == "ext4" else MOST_BYTES_OF_A_FILE.get(kind)
    limit = soft_limit("FSIZE")
    if limit is not None:
        file_bytes = min(limit, file_bytes or limit)
    return FileSystem(
        kind=kind,
        free=facts.f_bavail * facts.f_frsize,
        inodes=facts.f_favail if facts.f_files else None,
        file_bytes=file_bytes,
        directory_bytes=ext_directory_bytes(facts.f_bsize) if kind in ("ext3", "ext4") else None,
    )


LEAST_FREE_BYTES = 1 << 20
"""Free bytes below which a disk counts as full."""


def exhausted(path: Path, size: int = 0) -> str | None:
    """The limit that stops the file at `path` from growing, in one line; None if none is known.

    For libraries that say only that a write failed. It looks at free bytes, inodes, the limit of
    file sizes, and the user's quota: the last by writing a small file beside `path`.

    Args:
        path: the file, which need not exist.
        size: bytes that it has, if it cannot be asked.
    """
    directory = path.absolute().parent
    try:
        disk = file_system(directory)
        size = max(size, path.stat().st_size if path.exists() else 0)
    except OSError:
        return None
    if disk.free < LEAST_FREE_BYTES:
        return f"the disk is full: {disk.free:,} bytes are free"
    if disk.inodes == 0:
        return "the disk has no inodes left (`df -i`): no file can be made there"
    if disk.file_bytes is not None and size + LEAST_FREE_BYTES > disk.file_bytes:
        return f"a file may have at most {disk.file_bytes:,} bytes here (`ulimit -f`, file system)"
    try:
        with tempfile.TemporaryFile(dir=directory) as probe:
            probe.write(bytes(1 << 16))
            probe.flush()
    except OSError as cause:
        if cause.errno in (errno.EDQUOT, errno.ENOSPC):
            return f"the disk gives no more space: {cause.strerror} (`quota`)"
    return None


def ext_directory_bytes(block: int) -> int:
    """Bytes that the entries of one ext3 or ext4 directory may take; `block`: bytes of a block."""
    return round(EXT_LEAVES * block * EXT_FILL)


def ext_entry_bytes(name_bytes: int) -> int:
    """Bytes of one entry of an ext3 or ext4 directory: 8, and the name padded to 4 bytes."""
    return 8 + -(-name_bytes // 4) * 4


def writable_ancestor(output: Path) -> Path:
    """The nearest directory above the output that exists.

    Raises:
        StorageError: if it is a file, or is not writable.
    """
    ancestor = output.absolute().parent
    try:
        while not ancestor.exists():
            ancestor = ancestor.parent
    except OSError as cause:  # a path that is too long, or a directory that is not to be entered
        raise StorageError(
            f"{output} cannot be made: {cause.strerror}", hint="name another --output"
        ) from cause
    if not ancestor.is_dir():
        raise StorageError(
            f"{output} cannot be made: {ancestor} is a file, want a directory",
            hint="name another --output",
        )
    if not os.access(ancestor, os.W_OK | os.X_OK) and not output.exists():
        raise StorageError(
            f"{output} cannot be made: {ancestor} is not writable",
            hint="name another --output, or change its permissions",
        )
    return ancestor
