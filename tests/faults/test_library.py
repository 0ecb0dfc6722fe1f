"""The SQLite library and the machine: known, shown, and refused where they lose data."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from qframe_plugins.storages._sqlite.library import is_affected

Config = Callable[..., Path]
Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ("3.6.23", False),  # there was no WAL yet
        ("3.7.0", True),
        ("3.40.1", True),
        ("3.44.5", True),
        ("3.44.6", False),
        ("3.45.0", True),
        ("3.50.6", True),
        ("3.50.7", False),
        ("3.51.0", True),
        ("3.51.2", True),
        ("3.51.3", False),
        ("3.52.0", False),
        ("4.0.0", False),
    ],
)
def test_affected_versions_are_told_from_mended_ones(version: str, affected: bool) -> None:
    """https://sqlite.org/wal.html: 3.7.0 to 3.51.2, mended in 3.51.3, 3.50.7 and 3.44.6."""
    assert is_affected(version) is affected


def test_a_run_with_an_affected_library_is_refused(
    config: Config, qframe_main: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = config(records=10)
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    done = qframe_main("run", path)
    assert done.returncode == 4
    assert "SQLite 3.51.2 can lose transactions" in done.stderr
    assert "sqlite-rollback" in done.stderr
    assert not (tmp_path / "small.db").exists()
    assert qframe_main("run", path, "--storage", "sqlite-rollback").returncode == 0
    doctor = qframe_main("doctor")
    assert doctor.returncode == 4
    assert "! SQLite WAL, several writers  has the WAL-reset bug" in doctor.stdout


def test_doctor_says_what_the_machine_offers(qframe_main: Cli, tmp_path: Path) -> None:
    done = qframe_main("doctor", tmp_path, "--json")
    facts = {fact["name"]: fact for fact in json.loads(done.stdout)}
    assert done.returncode == (0 if all(fact["ok"] for fact in facts.values()) else 4)
    assert facts["SQLite"]["value"].startswith(apsw.sqlite_lib_version())
    assert facts["SQLite source"]["value"] == apsw.sqlite3_sourceid()
    assert facts["Python's own sqlite3"]["value"].startswith(sqlite3.sqlite_version)
    assert facts["directory"]["value"] == str(tmp_path)
    assert {"qframe", "cores", "memory", "file system", "free", "writable"} <= facts.keys()


def test_doctor_wants_a_directory(qframe_main: Cli, tmp_path: Path) -> None:
    done = qframe_main("doctor", tmp_path / "none")
    assert done.returncode == 4
    assert "is not a directory" in done.stderr


def test_the_library_that_we_use_is_mended() -> None:
    assert not is_affected(apsw.sqlite_lib_version())
