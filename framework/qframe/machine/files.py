"""Regular files: opened, read and moved so that nothing else is ever touched.

A name beside a dataset may be anything: a pipe that blocks who opens it, a device without an end, a
link to a file of somebody else. So each file is opened without waiting, and looked at before it is
read or written; what is read is bounded; and no move replaces what appeared at the target.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

MOST_BYTES = 64 << 20
"""Bytes of the largest file that `read_regular` reads, unless the caller says otherwise."""

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_regular(path: Path, most: int = MOST_BYTES, *, follow: bool = True) -> bytes:
    """The content of a regular file.

    Args:
        path: the file.
        most: bytes of the largest file that is read.
        follow: whether `path` may be a symbolic link.

    Raises:
        OSError: the file cannot be opened, is no regular file, or is larger than `most` bytes. The
            `strerror` says which, and never quotes the content.
    """
    handle = open_regular(path, os.O_RDONLY, follow=follow)
    with os.fdopen(handle, "rb") as file:
        size = os.fstat(handle).st_size
        content = file.read(most + 1) if size <= most else b""
    if max(size, len(content)) > most:
        size = max(size, len(content))
        raise OSError(errno.EFBIG, f"has {size:,} bytes, want at most {most:,}", str(path))
    return content


def open_regular(path: Path, flags: int, mode: int = 0o644, *, follow: bool = False) -> int:
    """A file descriptor of a regular file, which no other process inherits. It never waits.

    Args:
        path: the file.
        flags: as for `os.open`, without `O_TRUNC`: truncate only what has been looked at.
        mode: permissions of a file that is made.
        follow: whether `path` may be a symbolic link.

    Raises:
        OSError: the file cannot be opened, or is no regular file.
    """
    more = os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY | (0 if follow else os.O_NOFOLLOW)
    try:
        handle = os.open(path, flags | more, mode)
    except FileExistsError:  # O_EXCL: whatever it is
        raise
    except OSError as cause:
        kind = irregular(path, follow=follow)
        if kind is None:
            raise
        raise OSError(errno.EINVAL, f"is {kind}, want a regular file", str(path)) from cause
    found = _kind(os.fstat(handle).st_mode)
    if found is not None:
        os.close(handle)
        raise OSError(errno.EINVAL, f"is {found}, want a regular file", str(path))
    return handle


def irregular(path: Path, *, follow: bool = False) -> str | None:
    """What is at `path` if it is no regular file, in words: `a pipe`; None: a file, or nothing.

    It opens nothing, so that it may be asked about a SQLite file that this process has open.
    """
    try:
        return _kind(path.stat(follow_symlinks=follow).st_mode)
    except OSError:
        return None


def _kind(mode: int) -> str | None:
    return next((words for is_kind, words in _KINDS if is_kind(mode)), None)


def handles_left() -> bool:
    """Whether this process may open another file."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def move_new(path: Path, to: Path, companions: Iterable[Path] = ()) -> None:
    """Moves a file or directory and its companions. What is at the target is never replaced.

    The main file moves last, because it is what makes a dataset visible.

    Args:
        path: the file or directory.
        to: where it goes, on the same file system.
        companions: files and directories beside `path` whose names begin with its name. The rest
            of the name stays.

    Raises:
        FileExistsError: there is something at a target.
        OSError: the move is not possible.
    """
    for part in list(companions):
        _move_one(part, part.with_name(to.name + part.name.removeprefix(path.name)))
    _move_one(path, to)


def _move_one(path: Path, to: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        to.mkdir()  # fails if there is anything; the rename replaces only an empty directory
        try:
            path.rename(to)
        except OSError:
            to.rmdir()
            raise
        return
    try:
        os.link(path, to, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as cause:
        # File systems without hard links: FAT, some FUSE and network file systems.
        if cause.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
            raise
        if os.path.lexists(to):
            raise FileExistsError(errno.EEXIST, "File exists", str(to)) from None
        path.rename(to)
        return
    path.unlink()


def forget_half_moved(path: Path, former: Iterable[Path]) -> None:
    """Removes a former name of the file at `path`, which a move that was killed left.

    Args:
        path: the file.
        former: names that it may have had.
    """
    for name in former:
        if name.exists() and not name.is_dir() and path.exists() and name.samefile(path):
            name.unlink()
