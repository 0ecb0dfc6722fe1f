"""The lock of an output: at most one run at a time writes to it.

The lock is on a file beside the dataset, `.NAME.lock`, and never on the dataset itself: a process
that closes a plain file handle on a SQLite file drops all of SQLite's locks on it. Symbolic links
are followed first, so that a dataset has one lock, whatever name it is called by.
The kernel frees the lock when the lock holder ends, however it ends: a lock is never stale.
"""

from __future__ import annotations

import errno
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
from qframe.machine.files import open_regular
from qframe.printable import printable

_ADVICE = {
    errno.EINVAL: "the lock file must be a file of its own: move away what is in its place",
    errno.ENOSPC: "free space or inodes (`df -i`)",
    errno.EDQUOT: "your quota is used up: free space",
    errno.EMFILE: "raise the limit of open files (`ulimit -n`)",
    errno.EROFS: "the file system is read-only: name another --output",
    errno.EACCES: "change the permissions of its directory, or name another --output",
}


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
        if cause.errno == errno.ENOLCK:
            raise StorageError(
                f"{path} cannot be locked: {cause.strerror}",
                hint="the file system, or its server, gives no file locks: name another --output",
            ) from cause
        raise StorageError(
            f"{path} cannot be made: {cause.strerror}", hint=_ADVICE.get(cause.errno or 0)
        ) from cause
    try:
        yield previous
    finally:
        path.unlink(missing_ok=True)  # while the lock is held: the next run makes a new file
        os.close(handle)


def remove_leftover(output: Path) -> None:
    """Removes the lock file of a run that was killed after it had stored everything.

    A lock file whose holder still runs stays.
    """
    if os.path.lexists(_lock_file(output)):
        with suppress(OSError), output_lock(output):
            pass


def _lock_file(output: Path) -> Path:
    """The lock file, which lies beside the file itself, whatever links lead to it."""
    real = Path(os.path.realpath(output))
    return real.with_name(f".{real.name}.lock")


def _acquire(path: Path) -> tuple[int, PreviousHolder]:
    while True:
        handle = open_regular(path, os.O_RDWR | os.O_CREAT)
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
        _refuse_shared(handle, path)
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


def _refuse_shared(handle: int, path: Path) -> None:
    """Refuses a lock file that is not ours alone, or a file system without record locks.

    SQLite waits for record locks as long as it is told to, also where they can never be had. A
    second name of the lock file is somebody else's file, which must not be overwritten.
    """
    try:
        if os.fstat(handle).st_nlink > 1:
            raise StorageError(
                f"{path} is the lock file, and has another name (a hard link)",
                hint="move it away if no run is going on",
            )
        _probe_record_lock(handle)
    except OSError:
        os.close(handle)
        raise


def _probe_record_lock(handle: int) -> None:
    """Raises OSError (ENOLCK) where record locks, which SQLite needs, cannot be had."""
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(handle, fcntl.LOCK_UN)
    except OSError as cause:
        if cause.errno == errno.ENOLCK:
            raise


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
        return printable(f"process {who['pid']} on {who['host']} since {who['since']}"[:200])
    except (ValueError, KeyError, TypeError):
        return "another run"
