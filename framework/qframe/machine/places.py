"""Places of datasets: which texts name a local file, and which file a path names in the end."""

from __future__ import annotations

import os
import re
from pathlib import Path

from qframe.errors import NotADataset, StorageError
from qframe.machine.mounts import mount_point
from qframe.printable import shell_words

CONFIG_SUFFIXES = (".yaml", ".yml")
"""Endings of the names that are taken for configs."""

LONGEST_NAME = 255 - 32
"""Bytes of the longest name of an output. Its companion files have up to 32 bytes more, and most
file systems allow 255."""

_NOT_LOCAL = (
    # Two letters at least: one letter and a colon is a drive.
    (re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/"), "a URL or a place on another host"),
    (re.compile(r"(file|memory|sqlite|jdbc|data):", re.IGNORECASE), "a URL"),
    (re.compile(r"[^/@:]+@[^/:]+:"), "a place on another host"),
    (re.compile(r":\w+:\Z"), "a special name of SQLite"),
    (re.compile(r"[A-Za-z]:([\\/]|\Z)|\\\\"), "a path of Windows"),
    (re.compile(r"~\w*(/|\Z)|\$[A-Za-z_{]"), "a name that the shell did not expand"),
)


def local_problem(text: str) -> str | None:
    """Why a text does not name a local file, and what to write for one; None if it names one."""
    if not text.strip():
        return "is empty, want the name of a file"
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        return f"{text!r} holds a control character, want the name of a file"
    for pattern, what in _NOT_LOCAL:
        if pattern.match(text):
            return f"{text!r} looks like {what}, want a local path (or for such a name: ./{text})"
    return None


def output_problem(text: str) -> str | None:
    """Why a text cannot name a new dataset; None if it can."""
    problem = local_problem(text)
    if problem is not None:
        return problem
    name = Path(text).name
    if name in ("", "..") or text.endswith("/."):
        return f"{text!r} names a directory, want the name of a file"
    if Path(text).suffix in CONFIG_SUFFIXES:
        return f"{text!r} ends like a config, so that it could not be opened; want another ending"
    return None


def local_path(place: str | Path) -> Path:
    """The local path that a caller named.

    Raises:
        StorageError: it is a URL or a special name, or relative to a directory that is gone.
    """
    problem = local_problem(os.fspath(place))
    if problem is not None:
        raise StorageError(problem)
    path = Path(place)
    if not path.is_absolute():
        refuse_lost_directory()
    # A Path has lost the ./ that said what is meant.
    return path if local_problem(str(path)) is None else path.absolute()


def refuse_lost_directory() -> None:
    """Raises StorageError if the working directory does not exist any more."""
    try:
        Path.cwd()
    except OSError as cause:
        raise StorageError(
            f"the working directory is gone ({cause.strerror})", hint="cd to one that exists"
        ) from None


def real_file(path: Path) -> Path:
    """The file that `path` names: itself, or if it is a symbolic link, what that leads to.

    Companion files lie beside the file itself, whatever name it is opened by.

    Raises:
        NotADataset: a link leads to nothing.
    """
    try:
        if not path.is_symlink():
            return path
        real = Path(os.path.realpath(path))
        lost = real.is_symlink() or not (real.exists() or repaired_beside(real).exists())
    except OSError as cause:
        raise StorageError(f"{path}: {cause.strerror}") from cause
    if lost:
        raise NotADataset(
            f"{path} is a symbolic link, and what it leads to does not exist: {real}",
            hint="name the file itself, or remove the link",
        )
    return real


def refuse_long_name(path: Path) -> None:
    """Raises StorageError if the names of a new dataset's companion files would be too long."""
    length = len(os.fsencode(path.name))
    if length > LONGEST_NAME:
        raise StorageError(
            f"{path.name[:40]}... is a name of {length} bytes, want at most {LONGEST_NAME}, since "
            "the files beside it have longer names",
            hint="name another --output",
        )


def repaired_beside(path: Path) -> Path:
    """The name of the dataset that a repair makes before it takes the place of the damaged one."""
    return path.with_name(f".{path.name}.repaired")


def refuse_cut_repair(path: Path) -> None:
    """Refuses a dataset that a repair was about to put in its place when it was killed.

    Raises:
        StorageError: there is nothing at `path`, and a repaired dataset beside it.
    """
    if not os.path.lexists(path) and repaired_beside(path).exists():
        raise StorageError(
            f"{path} does not exist, but {repaired_beside(path)} does: a repair was cut off",
            hint=f"{shell_words('qframe', 'verify', path, '--repair')} puts it in its place",
        )


def refuse_second_names(path: Path) -> None:
    """Refuses a file that has several names, because each name would have a log of its own.

    Raises:
        StorageError: the file has hard links, or is mounted over another file.
    """
    try:
        status = path.lstat()
    except OSError:
        return
    if path.is_dir():
        return
    if status.st_nlink > 1:
        raise StorageError(
            f"{path} has {status.st_nlink} names (hard links): a run under each would not see the "
            "other's log",
            hint=f"find them with `find -samefile {path}`, remove all but one, or copy the file",
        )
    if mount_point(path) == os.fsencode(os.path.realpath(path)):
        raise StorageError(
            f"{path} is mounted over a file: its log would not lie beside the file itself",
            hint="write to the file under its own name, or mount the directory",
        )
