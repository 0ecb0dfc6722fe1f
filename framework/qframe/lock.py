"""One run at a time on one output: a lock on a file beside it.

Never on the dataset itself: closing a plain file handle would drop SQLite's locks on that file.
The kernel frees the lock when its holder dies, however it dies, so that nothing is ever stale.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from qframe.errors import OutputInUse, StorageError


@contextmanager
def output_lock(output: Path) -> Iterator[None]:
    """Holds the output for this process.

    Raises:
        OutputInUse: another run holds it; names its pid, host and start.
        StorageError: the lock file cannot be made.
    """
    path = output.with_name(f".{output.name}.lock")
    try:
        handle = _acquire(path)
    except OSError as cause:
        if isinstance(cause, StorageError):
            raise
        raise StorageError(f"{path} cannot be made: {cause.strerror}") from cause
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is still held: the next run makes a new one
        os.close(handle)


def _acquire(path: Path) -> int:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 4096).decode(errors="replace")
            os.close(handle)
            raise OutputInUse(
                f"{path.parent / path.name[1:-5]} is being written by {_words(holder)}",
                hint="wait for that run to end, or write to another --output",
            ) from None
        except OSError:
            os.close(handle)
            raise
        # The holder before us may have removed the file between our open and our lock.
        try:
            same = os.path.samestat(os.fstat(handle), path.stat())
        except FileNotFoundError:
            same = False
        if same:
            break
        os.close(handle)
    os.ftruncate(handle, 0)
    me = {"pid": os.getpid(), "host": socket.gethostname(), "since": _now()}
    os.write(handle, json.dumps(me).encode())
    return handle


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _words(holder: str) -> str:
    try:
        who = json.loads(holder)
        return f"process {who['pid']} on {who['host']} since {who['since']}"
    except (ValueError, KeyError, TypeError):
        return "another run"
