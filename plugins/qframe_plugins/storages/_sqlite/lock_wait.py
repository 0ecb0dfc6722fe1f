"""LockWait: waits for the lock of another program in short steps, and says whom for."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

from qframe import stop_requested

LONGEST_WAIT_S = 600.0
"""Seconds that a connection waits for a lock. qframe's own writers queue, and hold it shortly."""

TELL_AFTER_S = 2.0
"""Seconds of waiting after which the log says whom for."""

STEPS_S = (0.001, 0.002, 0.005, 0.01, 0.015, 0.02)
"""Seconds before each further try; the last one again and again.

Short at first, as in SQLite's own waiting: another writer mostly holds the lock for milliseconds.
With 20 ms from the start, two writers took a tenth longer (measured).
"""

READ_LOCKS = range(123, 128)
"""Bytes of the `-shm` file for read locks; a reader locks one of them while it reads.

https://sqlite.org/walformat.html#wal_locks
"""

_log = logging.getLogger(__name__)


class LockWait:
    """SQLite's busy handler of a connection: called again and again while the file is locked.

    Between two tries Python handles signals, which SQLite's own waiting does not let it do. Once
    the run has been asked to stop, waiting ends.

    Args:
        path: the dataset file.
        longest_s: seconds after which waiting ends.
    """

    def __init__(self, path: Path, longest_s: float = LONGEST_WAIT_S) -> None:
        self._path = path
        self._longest_s = longest_s
        self._start = 0.0
        self._told = False

    def __call__(self, calls: int) -> bool:
        """Whether to try again.

        Args:
            calls: how often SQLite has called it before, for the same lock.
        """
        now = monotonic()
        if calls == 0:
            self._start, self._told = now, False
        waited = now - self._start
        if stop_requested() or waited > self._longest_s:
            return False
        if waited > TELL_AFTER_S and not self._told:
            self._told = True
            _log.warning("%s: waiting for %s", self._path, holders_in_words(self._path))
        sleep(STEPS_S[min(calls, len(STEPS_S) - 1)])
        return True


def holders_in_words(path: Path) -> str:
    """The processes that have a dataset file locked, in words."""
    found = sorted(set(_holders(path)))
    return ", ".join(map(described, found)) or "another program, which has it open"


def _holders(path: Path) -> Iterator[int]:
    """Processes outside this run with a lock on a file or its `-shm`."""
    for locked in (path, path.with_name(f"{path.name}-shm")):
        for pid, _ in _locks(locked):
            yield pid


def readers_of(path: Path) -> Iterator[int]:
    """Processes outside this run with a read lock on the WAL of a file."""
    for pid, place in _locks(path.with_name(f"{path.name}-shm")):
        if place in READ_LOCKS:
            yield pid


def _locks(path: Path) -> Iterator[tuple[int, int]]:
    """Process and first byte of each lock that others have on a file, by the kernel's list."""
    try:
        found = path.stat()
        table = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return
    inode = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    for line in table:
        _, kind, _, _, pid, where, first, last = line.replace("-> ", "").split()[:8]
        if kind == "POSIX" and where == inode and last != "EOF" and not _is_ours(int(pid)):
            yield int(pid), int(first) if first == last else -1


def _is_ours(pid: int) -> bool:
    """Whether a process is this one or a worker of it; those hold locks only for moments."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True  # gone
    return os.getpid() in (pid, int(stat.rpartition(")")[2].split()[1]))


def described(pid: int) -> str:
    """A process by number and command line."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except (OSError, UnicodeDecodeError):
        command = ""
    short = command if len(command) <= 80 else f"{command[:77]}..."
    return f"process {pid}{f' ({short})' if short else ''}"
