"""Network file systems, on which a write-ahead log does not work."""

from __future__ import annotations

from pathlib import Path

from qframe import StorageError, file_system_type, is_network


def refuse_network_file_system(path: Path) -> None:
    """Raises StorageError if a write-ahead log is known not to work at `path`.

    A write-ahead log needs memory that all writers share, so they must be on one host. An unknown
    type of file system is not refused.
    """
    kind = file_system_type(path)
    if is_network(kind):
        raise StorageError(
            f"{path} is on {kind}: SQLite's write-ahead log needs shared memory on one host",
            hint="write to a local disk, or use storage: sqlite-rollback, "
            "or --set storage.any_file_system=true",
        )
