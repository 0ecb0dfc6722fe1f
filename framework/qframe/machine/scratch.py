"""Temporary directories beside an output.

A directory is removed when it is no longer used. After a `kill -9` the next call removes it.
"""

from __future__ import annotations

import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qframe.errors import StorageError


@contextmanager
def scratch_directory(beside: Path, prefix: str) -> Iterator[Path]:
    """A new directory `{prefix}*` in `beside`, which is removed at the end.

    The directory is locked while it is in use. The kernel frees the lock when the process ends,
    however it ends. So the next call with this prefix finds the directories that killed processes
    left, and removes them.

    Raises:
        StorageError: no directory can be made in `beside`.
    """
    for left in beside.glob(f"{glob.escape(prefix)}*"):
        handle = _locked(left)
        if handle is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(handle)
    handle = None
    while handle is None:  # None: another call removed the directory before it was locked
        try:
            directory = Path(tempfile.mkdtemp(prefix=prefix, dir=beside))
        except OSError as cause:
            raise StorageError(
                f"{beside} cannot be written: {cause.strerror}", hint="name another --output"
            ) from cause
        handle = _locked(directory)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)
        os.close(handle)


def _locked(directory: Path) -> int | None:
    """A handle that locks the directory; None if another process locks it, or it is gone."""
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), directory.stat()):
            return handle
    except OSError:
        pass
    os.close(handle)
    return None
