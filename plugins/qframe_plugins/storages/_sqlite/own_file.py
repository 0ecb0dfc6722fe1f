"""OwnFile: tells the file that a run writes from whatever else comes to stand under its name."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import apsw

from qframe import CannotOpen, KeptFiles, StorageError, open_regular
from qframe_plugins.storages._sqlite.connection import (
    connect_unread,
    dataset_number,
    file_header,
    in_wal_mode,
    journal_user_version,
)

LEAST_PAGE = 512
"""Bytes of SQLite's smallest page."""


class OwnFile:
    """The file that is at a path now: its device and inode, and the random number in its header.

    The number alone does not tell a file from its copy. Device and inode alone do not tell it from
    a file whose bytes were copied into it.

    Args:
        path: the file.
        db: a connection to it.
        number: the random number that it must have, if that is known.
    """

    def __init__(self, path: Path, db: apsw.Connection, number: int | None = None) -> None:
        self._path = path
        self._place = KeptFiles.at([path])
        self._number = dataset_number(db)
        if number is not None and self._number[:4] != number.to_bytes(4, "big"):
            raise self._overwritten()

    def check(self, db: apsw.Connection) -> None:
        """Refuses to go on if a connection to the path is not one to this file, or no longer.

        It reads a hundred bytes of the file itself, and nothing of its log.

        Raises:
            StorageError: names the file, and what happened to it.
        """
        self._place.check()
        if dataset_number(db) != self._number:
            raise self._overwritten()

    def _overwritten(self) -> StorageError:
        return StorageError(
            f"{self._path} was overwritten while a run wrote it",
            hint="run again with another --output, or once the dataset is back",
        )

    def owns(self, companion: Path) -> bool:
        """Whether a log or journal was written for this file, not for the one that is there now.

        Every transaction of a run writes page 1, and the number in it, first. A log without page 1
        belongs to the file that is there, unless that has none.
        """
        log = companion.name.endswith("-wal")
        number = wal_number(companion) if log else journal_user_version(self._path)
        if number is not None or not log:
            return number == self._number[:4]
        try:
            with closing(connect_unread(self._path)) as db:
                return not in_wal_mode(file_header(db))
        except StorageError:
            return True

    def is_replaced(self) -> bool:
        """Whether something else is at its path, or nothing. False where that cannot be seen."""
        if self._place.changed() is not None:
            return True
        try:
            with closing(connect_unread(self._path)) as db:
                return dataset_number(db) != self._number
        except CannotOpen:  # such as without a file handle left
            return False


def wal_number(wal: Path) -> bytes | None:
    """The 4 bytes of the user version in the first page 1 of a `-wal`; None if it has none.

    https://sqlite.org/fileformat2.html#walformat
    """
    with os.fdopen(open_regular(wal, os.O_RDONLY), "rb") as file:
        page_size = int.from_bytes(file.read(32)[8:12], "big")
        while page_size >= LEAST_PAGE and len(frame := file.read(24 + 64)) == 24 + 64:
            if frame[:4] == b"\0\0\0\1":
                return frame[24 + 60 :]
            file.seek(page_size - 64, os.SEEK_CUR)
    return None
