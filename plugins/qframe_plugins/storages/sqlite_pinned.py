"""A reader that stays on an old snapshot keeps the write-ahead log from starting over."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

READ_LOCKS = range(123, 128)
"""Bytes of the `-shm` file that a reader locks, one of them for as long as it reads.

https://sqlite.org/walformat.html#wal_locks
"""

TASKS_IN_FLIGHT = 8
"""Transactions that may pile up behind a checkpoint on a slow disk."""


def pinned_wal(path: Path, checkpoint_bytes: int, task_bytes: int) -> str | None:
    """One line if the `-wal` of `path` is far larger than checkpoints would let it become."""
    wal = path.with_name(f"{path.name}-wal")
    try:
        size = wal.stat().st_size
    except FileNotFoundError:
        return None
    if size <= 4 * checkpoint_bytes + TASKS_IN_FLIGHT * task_bytes:
        return None
    who = ", ".join(_words(pid) for pid in sorted(set(_readers(path)))) or "a process"
    return (
        f"{wal} has grown to {size:,} bytes: {who} keeps reading an old state of the dataset, "
        "so that the log cannot start over. End that read: it goes on growing until then"
    )


def _readers(path: Path) -> Iterator[int]:
    """Processes outside this run that hold a read lock on the WAL, as the kernel lists locks."""
    try:
        found = path.with_name(f"{path.name}-shm").stat()
        table = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return
    inode = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    for line in table:
        _, kind, _, _, pid, where, first, last = line.replace("-> ", "").split()[:8]
        reads = kind == "POSIX" and where == inode and last != "EOF"
        # SQLite locks single bytes; a span belongs to somebody else.
        if reads and first == last and int(first) in READ_LOCKS and not _is_ours(int(pid)):
            yield int(pid)


def _is_ours(pid: int) -> bool:
    """This process or a worker of it, which reads for moments only."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True  # gone
    return os.getpid() in (pid, int(stat.rpartition(")")[2].split()[1]))


def _words(pid: int) -> str:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except (OSError, UnicodeDecodeError):
        command = ""
    short = command if len(command) <= 80 else f"{command[:77]}..."
    return f"process {pid}{f' ({short})' if short else ''}"
