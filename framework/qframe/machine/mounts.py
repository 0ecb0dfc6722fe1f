"""The type of the file system that holds a path, from the kernel's table of mounts."""

from __future__ import annotations

from pathlib import Path

MOUNTS = Path("/proc/mounts")
"""The kernel's table of mounted file systems."""


def file_system_type(path: Path) -> str:
    """The type of the file system that holds `path` (`ext4`, `nfs4`), or an empty string.

    The path need not exist. The answer is the empty string where there is no `/proc/mounts`, as on
    all systems but Linux.
    """
    try:
        table = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    resolved, best = path.resolve(), ("", "")
    for line in table:
        _, where, kind, *_ = line.split(" ")
        where = where.encode().decode("unicode_escape")  # spaces are written \040
        # The longest mount point holds the path; of equal ones, the one that was mounted last.
        if resolved.is_relative_to(where) and len(where) >= len(best[0]):
            best = (where, kind)
    return best[1]
