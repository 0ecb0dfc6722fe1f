"""The linked SQLite library: whether it has the WAL-reset bug, and what `qframe doctor` says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw

from qframe import StorageError, file_system_type, is_network


def is_affected(version: str) -> bool:
    """Whether a SQLite version has the WAL-reset bug, which can lose a committed transaction.

    Versions 3.7.0 to 3.51.2 have it, except 3.50.7 and later 3.50 versions, and 3.44.6 and later
    3.44 versions (https://sqlite.org/wal.html#walresetbug).
    """
    numbers = tuple(int(part) for part in version.split(".")[:3])
    fixed = numbers >= (3, 51, 3) or any(
        numbers[:2] == branch[:2] and numbers >= branch for branch in ((3, 50, 7), (3, 44, 6))
    )
    return numbers >= (3, 7, 0) and not fixed


def refuse_affected_library(version: str) -> None:
    """Raises StorageError for a SQLite library with the WAL-reset bug."""
    if is_affected(version):
        raise StorageError(
            f"SQLite {version} can lose transactions with several WAL writers (WAL-reset bug)",
            hint="pip install -U apsw, or use storage: sqlite-rollback",
        )


def diagnosis(path: Path) -> Iterator[tuple[str, str, bool]]:
    """What `qframe doctor` shows: name, value, and whether it is good enough.

    Args:
        path: the directory whose file system is shown.
    """
    version = apsw.sqlite_lib_version()
    home = "bundled with apsw" if apsw.using_amalgamation else "the system's"
    yield "SQLite", f"{version}, {home} {apsw.apsw_version()}", True
    yield "SQLite source", apsw.sqlite3_sourceid(), True
    words = "has the WAL-reset bug: can lose transactions" if is_affected(version) else "safe"
    yield "SQLite WAL, several writers", words, not is_affected(version)
    own = _own_version()
    words = "has the WAL-reset bug; " if own is not None and is_affected(own) else ""
    yield "Python's own sqlite3", f"{own or 'not there'} ({words}qframe never uses it)", True
    kind = file_system_type(path)
    words = "no write-ahead log here: use storage: sqlite-rollback" if is_network(kind) else "local"
    yield "file system", f"{kind or 'unknown'} ({words})", not is_network(kind)


def _own_version() -> str | None:
    """Version of the SQLite library of Python's module `sqlite3`; None if there is none.

    It is asked only here: two SQLite libraries must never open one file.
    """
    try:
        import sqlite3
    except ImportError:  # Python may be built without it
        return None
    return sqlite3.sqlite_version
