"""process_mark: names a process, so that others on its machine can tell whether it still runs."""

from __future__ import annotations

import os
import socket
from pathlib import Path

PROC = Path("/proc")


def process_mark(pid: int) -> str:
    """A name of the running process `pid`. On Linux no other process ever has the same one."""
    return f"{_table()} {pid} {_start(pid)}"


def has_ended(mark: str) -> bool:
    """Whether the process with this mark has ended. False if that cannot be seen from here."""
    table, pid, start, *_ = [*mark.split(" "), "", "", ""]
    return table == _table() and pid.isdigit() and _start(int(pid)) != start


def _table() -> str:
    """Names the table of processes that this process sees: of which kernel, and of which namespace.

    Where there is no `/proc`, it is the name of the host.
    """
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{(PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()


def _start(pid: int) -> str:
    """When a process started, in clock ticks since the machine did; empty if it has ended.

    `?` where there is no `/proc` and the process runs.
    """
    try:
        _, _, facts = (PROC / str(pid) / "stat").read_text().rpartition(") ")
        state, *numbers = facts.split()
        return "" if state in "ZX" else numbers[18]
    except (FileNotFoundError, ProcessLookupError):
        return "" if PROC.joinpath("self").exists() else _running(pid)
    except OSError:
        return _running(pid)


def _running(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "?"
