"""The lock of an output: at most one run at a time writes to it.

The lock is on a file beside the dataset, `.NAME.lock`, and never on the dataset itself: a process
that closes a plain file handle on a SQLite file drops all of SQLite's locks on it.
The kernel frees the lock when the lock holder ends, however it ends: a lock is never stale.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from qframe.errors import OutputInUse, StorageError


@dataclass(frozen=True)
class PreviousHolder:
    """What the lock file says of the run that held the lock before.

    Attributes:
        same_boot: True if that run was killed, and the machine has not restarted since. What the
            run wrote can then be read, also where nothing was synced to the disk.
    """

    same_boot: bool


@contextmanager
def output_lock(output: Path) -> Iterator[PreviousHolder]:
    """Makes this process the lock holder of an output.

    Raises:
        OutputInUse: another run holds the lock; names its process id, host and start.
        StorageError: the lock file cannot be made.
    """
    path = _lock_file(output)
    try:
        handle, previous = _acquire(path)
    except OSError as cause:
        if isinstance(cause, StorageError):
            raise
        raise StorageError(f"{path} cannot be made: {cause.strerror}") from cause
    try:
        yield previous
    finally:
        path.unlink(missing_ok=True)  # while the lock is held: the next run makes a new file
        os.close(handle)


def remove_leftover(output: Path) -> None:
    """Removes the lock file of a run that was killed after it had stored everything.

    A lock file whose holder still runs stays.
    """
    if _lock_file(output).exists():
        with suppress(OSError), output_lock(output):
            pass


def _lock_file(output: Path) -> Path:
    return output.with_name(f".{output.name}.lock")


def _acquire(path: Path) -> tuple[int, PreviousHolder]:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 4096).decode(errors="replace")
            os.close(handle)
            raise OutputInUse(
                f"{path.parent / path.name[1:-5]} is being written by {_described(holder)}",
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
    boot = _boot_id()
    before = os.read(handle, 4096).decode(errors="replace")
    os.ftruncate(handle, 0)
    own = {"pid": os.getpid(), "host": socket.gethostname(), "since": _now(), "boot": boot}
    os.pwrite(handle, json.dumps(own).encode(), 0)
    return handle, PreviousHolder(same_boot=f'"boot": {json.dumps(boot)}' in before)


def _boot_id() -> str | None:
    """The random id that the kernel drew when it started; None where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _described(holder: str) -> str:
    """The lock holder in words, from the text of the lock file."""
    try:
        who = json.loads(holder)
        return f"process {who['pid']} on {who['host']} since {who['since']}"
    except (ValueError, KeyError, TypeError):
        return "another run"
