"""Network file systems, on which a write-ahead log does not work."""

from __future__ import annotations

from pathlib import Path

from qframe import StorageError, file_system_type

NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "afs", "ceph", "glusterfs")
"""Types of network file systems; so is each type that begins with `fuse`, such as sshfs."""


def is_network(kind: str) -> bool:
    """Whether other hosts may write to a file system of this type.

    A write-ahead log needs memory that all writers share, so they must be on one host.
    """
    return kind in NETWORK or kind.startswith("fuse")


def refuse_network_file_system(path: Path) -> None:
    """Raises StorageError if a write-ahead log is known not to work at `path`.

    An unknown type of file system is not refused.
    """
    kind = file_system_type(path)
    if is_network(kind):
        raise StorageError(
            f"{path} is on {kind}: SQLite's write-ahead log needs shared memory on one host",
            hint="write to a local disk, or use storage: sqlite-rollback, "
            "or --set storage.any_file_system=true",
        )
