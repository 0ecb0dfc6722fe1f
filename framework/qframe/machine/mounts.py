"""Which type of file system a path is on, as the kernel's table of mounts says."""

from __future__ import annotations

from pathlib import Path

MOUNTS = Path("/proc/mounts")
"""What the kernel says of mounted file systems."""


def file_system_type(path: Path) -> str:
    """The type of the file system that holds `path` (`ext4`, `nfs4`), or an empty string.

    The path need not exist. Without `/proc/mounts` (not Linux) nothing is known.
    """
    try:
        table = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    here, best = path.resolve(), ("", "")
    for line in table:
        _, where, kind, *_ = line.split(" ")
        where = where.encode().decode("unicode_escape")  # spaces are written \040
        # the longest mount point wins, and of equal ones the one mounted last
        if here.is_relative_to(where) and len(where) >= len(best[0]):
            best = (where, kind)
    return best[1]
