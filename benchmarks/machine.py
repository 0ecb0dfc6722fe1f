"""On what a benchmark ran."""

from __future__ import annotations

import os
import platform
import resource
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

import apsw
import numpy as np


def describe(directory: Path) -> dict[str, str]:
    """Date, machine and versions; `directory` is where the data goes."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "CPU": f"{_cpu_model()}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB",
        "file system": _file_system(directory),
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version()
        + (", compiles what it imports each time" if sys.dont_write_bytecode else ""),
        "NumPy": np.__version__,
        "SQLite of qframe": f"{apsw.sqlite_lib_version()} (apsw {apsw.apsw_version()})",
        "SQLite of the seed": f"{sqlite3.sqlite_version} (stdlib)",
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(directory: Path) -> str:
    """Type of the file system that holds `directory`: the mount with the longest matching path."""
    mounts = [line.split()[:3] for line in Path("/proc/mounts").read_text().splitlines()]
    holding = [m for m in mounts if directory.resolve().is_relative_to(m[1])]
    device, point, kind = max(holding, key=lambda mount: len(mount[1]))
    return f"{kind} ({device} on {point})"


def cpu_seconds() -> float:
    """CPU time that this process and the children that have ended have used."""
    own = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in own)


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows as a markdown table; the first is the head, numbers stand to the right."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = [
        "| "
        + " | ".join(
            cell.rjust(width) if k else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in rows
    ]
    rule = ["-" * width if k == 0 else "-" * (width - 1) + ":" for k, width in enumerate(widths)]
    lines.insert(1, "| " + " | ".join(rule) + " |")
    return "\n".join(lines)
