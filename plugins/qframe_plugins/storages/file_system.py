"""Which file system a path is on: WAL needs memory that all writers share."""

from __future__ import annotations

from pathlib import Path

from qframe import StorageError

NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "afs", "ceph", "glusterfs")
"""And everything that begins with `fuse`, sshfs among it."""


def refuse_network_file_system(path: Path, mounts: Path = Path("/proc/mounts")) -> None:
    """Raises StorageError where a write-ahead log is known not to work.

    Where there is no `/proc/mounts` nothing is known, and nothing is refused.
    """
    kind = file_system(path, mounts)
    if kind in NETWORK or kind.startswith("fuse"):
        raise StorageError(
            f"{path} is on {kind}: SQLite's write-ahead log needs shared memory on one host",
            hint="write to a local disk, or use storage: sqlite-rollback, "
            "or --set storage.any_file_system=true",
        )


def file_system(path: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """The type of the file system that holds `path` (`ext4`, `nfs4`), or an empty string."""
    try:
        table = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    here = path.absolute().resolve()
    found = ("", "")
    for line in table:
        _, where, kind, *_ = line.split(" ")
        where = where.encode().decode("unicode_escape")  # spaces are written \040
        # the longest mount point wins, and of equal ones the one mounted last
        if here.is_relative_to(where) and len(where) >= len(found[0]):
            found = (where, kind)
    return found[1]
