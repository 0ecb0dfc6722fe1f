"""Network file systems: a write-ahead log needs memory that all writers share."""

from __future__ import annotations

from pathlib import Path

from qframe import StorageError, file_system_type

NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "afs", "ceph", "glusterfs")
"""And everything that begins with `fuse`, sshfs among it."""


def is_network(kind: str) -> bool:
    """Whether other hosts may write there, so that no memory is shared by all writers."""
    return kind in NETWORK or kind.startswith("fuse")


def refuse_network_file_system(path: Path) -> None:
    """Raises StorageError where a write-ahead log is known not to work.

    Where the type is not known nothing is known, and nothing is refused.
    """
    kind = file_system_type(path)
    if is_network(kind):
        raise StorageError(
            f"{path} is on {kind}: SQLite's write-ahead log needs shared memory on one host",
            hint="write to a local disk, or use storage: sqlite-rollback, "
            "or --set storage.any_file_system=true",
        )
