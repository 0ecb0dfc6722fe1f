"""Which processes hold a SQLite file open or locked, by the kernel's list of locks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

READ_LOCKS = range(123, 128)
"""Bytes of the `-shm` file for read locks; a reader locks one of them while it reads.

https://sqlite.org/walformat.html#wal_locks
"""

LONGEST_COMMAND = 80
"""Characters of a command line that are shown."""


class Lock(NamedTuple):
    """A lock of another process.

    Attributes:
        pid: the process.
        shm: whether the lock is on the `-shm` file, not on the file itself.
        exclusive: whether nobody else may have a lock on the same bytes.
        first, last: the bytes.
    """

    pid: int
    shm: bool
    exclusive: bool
    first: int
    last: int

    @property
    def reads_log(self) -> bool:
        """Whether it keeps a state of the log that it reads. SQLite locks single bytes."""
        return self.shm and self.first == self.last and self.first in READ_LOCKS


def locks(path: Path) -> Iterator[Lock]:
    """The locks of other processes on a SQLite file. None where the system does not list them."""
    files = {}
    for shm, name in ((False, path.name), (True, f"{path.name}-shm")):
        try:
            found = path.with_name(name).stat()
        except OSError:
            continue
        inode = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
        files[inode] = shm
    try:
        table = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return
    for line in table:
        _, kind, _, mode, pid, where, first, last = line.replace("-> ", "").split()[:8]
        if kind == "POSIX" and where in files and int(pid) not in (0, os.getpid()):
            end = -1 if last == "EOF" else int(last)
            yield Lock(int(pid), files[where], mode == "WRITE", int(first), end)


def in_the_way(path: Path) -> str | None:
    """The processes for which a connection waits, in words; None if none is seen.

    Those with an exclusive lock come alone: the others only read, or wait too.
    """
    found = list(locks(path))
    pids = {lock.pid for lock in found if lock.exclusive} or {lock.pid for lock in found}
    return ", ".join(map(described, sorted(pids))) or None


def parent_of(pid: int) -> int | None:
    """The parent of a process; None if the process has ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def described(pid: int) -> str:
    """A process by number and command line."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except (OSError, UnicodeDecodeError):
        command = ""
    command = "".join(c if c.isprintable() else "?" for c in command)
    short = command if len(command) <= LONGEST_COMMAND else f"{command[: LONGEST_COMMAND - 3]}..."
    return f"process {pid}{f' ({short})' if short else ''}"
