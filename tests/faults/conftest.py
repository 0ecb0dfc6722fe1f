"""Disks of their own kind: small, without inodes, read-only."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts a tmpfs in `tmp_path`: `mount("disk", "size=12m")`; unmounted with the test."""
    mounted: list[Path] = []

    def make(name: str, options: str) -> Path:
        disk = tmp_path / name
        disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
        if os.geteuid() or subprocess.run(command, capture_output=True, timeout=120).returncode:
            pytest.skip("mounting a tmpfs needs root")
        mounted.append(disk)
        return disk

    yield make
    for disk in mounted:
        subprocess.run(["umount", str(disk)], check=True, timeout=120)
