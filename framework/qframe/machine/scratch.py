"""A directory for the moment, beside an output: gone afterwards, also after a `kill -9`."""

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
    """A new directory `{prefix}*` in `beside`, removed at the end.

    It is locked while it is in use. The kernel frees the lock of a process that dies, however it
    dies, so that the next call with this prefix finds what such a process left, and removes it.

    Raises:
        StorageError: nothing can be written there.
    """
    for left in beside.glob(f"{glob.escape(prefix)}*"):
        handle = _locked(left)
        if handle is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(handle)
    handle = None
    while handle is None:  # None: another call took it for a leftover before it was locked
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
    """A handle that holds the directory; None if it is held, or gone."""
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
