"""Paths of the files of a savetxt dataset, and writing a file completely or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from qframe import CannotOpen, DiskFull, NotADataset, StorageError, open_regular

HEADER = "qframe.json"
"""The file that describes the dataset."""

WRITING = ".writing-"
"""Prefix of a temporary file, which is moved into place once it is written."""

LEVELS = 4
"""Levels of directories; four levels of at most 1,000 entries hold 10**12 files."""

_ADVICE = {
    errno.ENOSPC: "free space or inodes (`df -i`), and run the same command again",
    errno.EDQUOT: "your quota is used up; free space and run the same command again",
    errno.EMFILE: "raise the limit of open files (`ulimit -n`)",
    errno.EROFS: "the file system is read-only; name another --output",
}


@dataclass(frozen=True)
class Files:
    """Paths in a dataset directory.

    Attributes:
        root: the directory.
        flat: whether all matrices are in the directory itself.
    """

    root: Path
    flat: bool

    @property
    def header(self) -> Path:
        return self.root / HEADER

    def matrix(self, record: int) -> Path:
        """The file of a matrix: `matrices/000/000/012/000000012345.txt`, or in the root if flat."""
        if self.flat:
            return self.root / f"{record:012d}.txt"
        return self.root / "matrices" / _nested(record)

    def ledger(self, block: int) -> Path:
        """The file whose existence says that a block is stored."""
        return self.root / "ledger" / _nested(block)

    def temporary(self) -> Path:
        """A new name for a temporary file."""
        return self.root / f"{WRITING}{uuid4().hex}"

    def half_written(self) -> Iterator[Path]:
        """Temporary files that a killed process left."""
        return self.root.glob(f"{WRITING}*")

    def ledger_blocks(self) -> Iterator[int]:
        """The stored blocks, in ascending order."""
        for path in _sorted_files(self.root / "ledger"):
            if path.suffix == ".txt":
                yield int(path.stem)


def _nested(number: int) -> str:
    digits = f"{number:012d}"
    parents = [digits[i : i + 3] for i in range(0, 3 * (LEVELS - 1), 3)]
    return "/".join([*parents, f"{digits}.txt"])


def _sorted_files(directory: Path) -> Iterator[Path]:
    if not directory.is_dir():
        return
    with os.scandir(directory) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _sorted_files(Path(entry.path))
        else:
            yield Path(entry.path)


def write_whole(path: Path, text: str, temporary: Path) -> None:
    """Writes a small file completely or not at all."""
    with new_file(temporary) as file:
        file.write(text.encode())
    temporary.replace(path)


def new_file(path: Path) -> BinaryIO:
    """A file to write, in place of a half-written one. What has that name is never written into."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        handle = open_regular(path, flags, 0o666)
    except FileExistsError:
        path.unlink()
        handle = open_regular(path, flags, 0o666)
    return os.fdopen(handle, "wb")


def make_directory(path: Path, root: Path) -> None:
    """Makes a directory of the dataset, and those above it.

    Raises:
        StorageError: a symbolic link leads out of the dataset.
    """
    path.mkdir(parents=True, exist_ok=True)
    if path.resolve() != root.resolve() / path.relative_to(root):
        raise StorageError(
            f"{path} leads out of the dataset through a symbolic link", hint="remove the link"
        )


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns the operating system's errors into qframe's, which name the path and what to do."""
    try:
        yield
    except StorageError:
        raise
    except OSError as cause:
        kinds = {errno.ENOSPC: DiskFull, errno.EDQUOT: DiskFull, errno.EIO: NotADataset}
        raise kinds.get(cause.errno or 0, CannotOpen)(
            f"{cause.filename or path}: {cause.strerror or cause}",
            hint=_ADVICE.get(cause.errno or 0, "check the path and its permissions"),
        ) from cause
