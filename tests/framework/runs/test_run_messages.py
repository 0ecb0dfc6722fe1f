"""A run is not hurt by its own messages: stderr that is full, closed, or read by nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import qframe

Config = Callable[..., Path]

CLOSED = "import os, sys\nos.close(2)\nos.execv(sys.executable, [sys.executable, *sys.argv[1:]])"


@pytest.fixture
def left_pipe() -> Iterator[int]:
    """The end of a pipe for writing; nobody has the other end."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@pytest.mark.parametrize("stderr", ["full", "closed", "left"])
def test_a_run_goes_on_where_its_progress_cannot_be_shown(
    stderr: str, config: Config, left_pipe: int, tmp_path: Path
) -> None:
    path = config(records=3 * 4096, task_blocks=1, executor={"plugin": "processes", "workers": 1})
    command = ["-m", "qframe", "run", str(path)]
    with ExitStack() as stack:
        options: dict[str, Any] = {}
        if stderr == "closed":
            command = ["-c", CLOSED, *command]
        elif stderr == "left":
            options["stderr"] = left_pipe
        elif Path("/dev/full").exists():
            options["stderr"] = stack.enter_context(Path("/dev/full").open("w"))
        else:
            pytest.skip("this system has no /dev/full")
        done = subprocess.run(
            [sys.executable, *command], stdout=subprocess.PIPE, text=True, timeout=120, **options
        )
    assert done.returncode == 0
    assert done.stdout.startswith("Done: ")
    assert sorted(p.name for p in tmp_path.glob("*small.db*")) == ["small.db"]
    with qframe.open(tmp_path / "small.db") as made, qframe.open(path) as computed:
        assert made.content_hash() == computed.content_hash()
