"""Executor `processes`: what a worker process is started with."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import qframe

Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]

TELLING_ENGINE = """
import os
from pathlib import Path
from qframe import hookimpl
from qframe_plugins.engines.numpy import NumpyEngine

class Telling(NumpyEngine):
    name = "telling"
    def multiply(self, circuits, out):
        said = f"{os.environ.get('MALLOC_TRIM_THRESHOLD_')} {os.environ.get('OMP_NUM_THREADS')}"
        Path(__file__).with_suffix(f".{os.getpid()}").write_text(said)
        super().multiply(circuits, out)

@hookimpl
def qframe_engines():
    return [Telling]
"""


@pytest.mark.parametrize("own", [None, "65536"])
def test_workers_keep_freed_memory_and_one_thread_each(
    own: str | None,
    config: Config,
    run_qframe: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unless the user has said otherwise; this process's own environment stays as it was."""
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    if own:
        monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", own)
    (tmp_path / "telling.py").write_text(TELLING_ENGINE)
    before = dict(os.environ)
    run_qframe(
        config(
            records=4 * 4096,
            task_blocks=1,
            engine="./telling.py",
            executor={"plugin": "processes", "workers": 1},
        )
    )
    assert dict(os.environ) == before
    said = {int(path.suffix[1:]): path.read_text() for path in tmp_path.glob("telling.[0-9]*")}
    said.pop(os.getpid())
    assert list(said.values()) == [f"{own or 1 << 30} 1"]
