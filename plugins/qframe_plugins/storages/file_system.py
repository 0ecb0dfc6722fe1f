"""Which file system a path is on: WAL needs memory that all writers share."""

from __future__ import annotations

from pathlib import Path

from qframe import StorageError

MOUNTS = Path("/proc/mounts")
"""What the kernel says of mounted file systems."""

NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "afs", "ceph", "glusterfs")
"""And everything that begins with `fuse`, sshfs among it."""


def is_network(kind: str) -> bool:
    """Whether other hosts may write there, so that no memory is shared by all writers."""
    return kind in NETWORK or kind.startswith("fuse")


def refuse_network_file_system(path: Path) -> None:
    """Raises StorageError where a write-ahead log is known not to work.

    Where there is no `/proc/mounts` nothing is known, and nothing is refused.
    """
    kind = file_system(path)
    if is_network(kind):
        raise StorageError(
            f"{path} is on {kind}: SQLite's write-ahead log needs shared memory on one host",
            hint="write to a local disk, or use storage: sqlite-rollback, "
            "or --set storage.any_file_system=true",
        )


def file_system(path: Path) -> str:
    """The type of the file system that holds `path` (`ext4`, `nfs4`), or an empty string."""
    try:
        table = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
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
