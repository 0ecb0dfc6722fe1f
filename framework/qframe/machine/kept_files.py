"""KeptFiles: notices that files which a run writes were moved, replaced, cut or deleted."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from qframe.errors import StorageError

LEAST_BYTES = 100
"""Bytes below which a file counts as cut: as many as the header of a SQLite file."""


class FileId(NamedTuple):
    """A file or directory, whatever its name.

    Attributes:
        path: where it was.
        device, inode: numbers that only this one has while it exists.
    """

    path: str
    device: int
    inode: int


class KeptFiles:
    """Files that have to stay where they are.

    Args:
        ids: the files as they were.
    """

    def __init__(self, ids: Iterable[FileId]) -> None:
        self.ids = tuple(ids)

    @classmethod
    def at(cls, paths: Iterable[Path]) -> KeptFiles:
        """The files that are at these paths now.

        Raises:
            StorageError: one is not there.
        """
        try:
            found = [(path, path.stat()) for path in paths]
        except OSError as cause:
            raise StorageError(
                f"{cause.filename} was moved or deleted while a run wrote it", hint="run it again"
            ) from cause
        return cls(FileId(str(path), stat.st_dev, stat.st_ino) for path, stat in found)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within it, no new file gets the number of one of these, not even if that is deleted.

        A handle that only names a file (O_PATH) drops no lock of SQLite when it is closed. Where
        there are none, numbers may be used again.
        """
        with ExitStack() as stack:
            for path, _, _ in self.ids if hasattr(os, "O_PATH") else ():
                with suppress(OSError):
                    stack.callback(os.close, os.open(path, os.O_PATH | os.O_CLOEXEC))
            yield

    def changed(self) -> str | None:
        """What happened to the first file that is no longer there; None if all are.

        It only asks for the files' numbers, and takes some microseconds.
        """
        for path, device, inode in self.ids:
            try:
                now = Path(path).stat()
            except (FileNotFoundError, NotADirectoryError):
                return f"{path} was moved or deleted"
            if (now.st_dev, now.st_ino) != (device, inode):
                return f"{path} was replaced by another file"
            if now.st_size < LEAST_BYTES and Path(path).is_file():
                return f"{path} was cut to {now.st_size} bytes"
        return None

    def check(self) -> None:
        """Refuses to go on if a file is no longer where it was.

        Raises:
            StorageError: names the file, and what happened to it.
        """
        problem = self.changed()
        if problem is not None:
            raise StorageError(f"{problem} while a run wrote it", hint="run it again")
