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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from qframe.errors import OutputInUse, StorageError


@dataclass(frozen=True)
class Held:
    """What the lock file said when it was taken.

    Attributes:
        same_boot: whether a run that was killed left it, and the machine has not been down since:
            what that run wrote is then what can be read, power or no power.
    """

    same_boot: bool


@contextmanager
def output_lock(output: Path) -> Iterator[Held]:
    """Holds the output for this process.

    Raises:
        OutputInUse: another run holds it; names its pid, host and start.
        StorageError: the lock file cannot be made.
    """
    path = _lock_file(output)
    try:
        handle, held = _acquire(path)
    except OSError as cause:
        if isinstance(cause, StorageError):
            raise
        raise StorageError(f"{path} cannot be made: {cause.strerror}") from cause
    try:
        yield held
    finally:
        path.unlink(missing_ok=True)  # while it is still held: the next run makes a new one
        os.close(handle)


def remove_leftover(output: Path) -> None:
    """Removes the lock file of a run that was killed when all was stored; not a living run's."""
    if _lock_file(output).exists():
        with suppress(OSError), output_lock(output):
            pass


def _lock_file(output: Path) -> Path:
    return output.with_name(f".{output.name}.lock")


def _acquire(path: Path) -> tuple[int, Held]:
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
    boot = _boot()
    before = os.read(handle, 4096).decode(errors="replace")
    os.ftruncate(handle, 0)
    me = {"pid": os.getpid(), "host": socket.gethostname(), "since": _now(), "boot": boot}
    os.pwrite(handle, json.dumps(me).encode(), 0)
    return handle, Held(same_boot=f'"boot": {json.dumps(boot)}' in before)


def _boot() -> str | None:
    """What the kernel drew when it started; None where it does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _words(holder: str) -> str:
    try:
        who = json.loads(holder)
        return f"process {who['pid']} on {who['host']} since {who['since']}"
    except (ValueError, KeyError, TypeError):
        return "another run"
