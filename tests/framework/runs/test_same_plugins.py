"""Plugins that differ between parent and worker, or between two runs, write nothing."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import qframe
from qframe import Job, PluginError, Worker, hookimpl
from qframe.config.load import load_config
from qframe.contracts.plugin import PluginSpec
from qframe.plugins.identity import identity
from qframe.runs.plan import plan
from qframe.runs.worker import new_generator

Config = Callable[..., Path]

SAMPLER = """
import numpy as np
from qframe import Circuits, Sampler
{helper}
class Mine(Sampler):
    name = "mine"
    version = {version}
    def __init__(self, options, instructions):
        super().__init__(options, instructions)
        self.max_length = 8
    def sample(self, draws):
        codes = [draws.integers(6, draws.size, stream=k + {stream}) for k in range(8)]
        return Circuits(np.stack(codes, 1), np.full(draws.size, 8, dtype=np.uint8))
"""


@pytest.fixture
def local(config: Config, tmp_path: Path) -> Callable[..., Path]:
    """A config with a local sampler, whose file is written anew with each call."""

    def write(version: int = 1, stream: object = 0, helper: str = "", **keys: Any) -> Path:
        text = SAMPLER.format(version=version, stream=stream, helper=helper)
        (tmp_path / "mine.py").write_text(text)
        return config(sampler="./mine.py:Mine", records=3 * 4096, task_blocks=1, **keys)

    return write


def in_a_worker(job: Job) -> Job:
    """The job as another process sees it: which text of a local file was meant is not there."""
    return replace(job, sampler=replace(job.sampler, sha256="0" * 64))


@pytest.mark.parametrize("change", [{"version": 2}, {"stream": 1}])
def test_a_local_sampler_that_was_edited_after_planning_is_refused(
    change: dict[str, int], local: Callable[..., Path]
) -> None:
    planned = plan(load_config(local()))
    planned.storage.create(planned.header)
    job = planned.job()
    local(**change)
    with pytest.raises(PluginError) as refused:
        Worker(in_a_worker(job))
    said = refused.value.message
    assert f"sampler './mine.py:Mine' on {socket.gethostname()} is version " in said
    assert job.plugins["sampler"] in said  # what was planned; what is here comes before it
    assert identity(PluginSpec(**{**vars(job.sampler), "sha256": None})) in said
    with qframe.open(planned.output) as dataset:
        assert dataset.stored() == 0


def test_a_file_that_is_edited_during_a_run_stops_it(local: Callable[..., Path]) -> None:
    class Editor:
        @hookimpl
        def qframe_run_started(self) -> None:
            local(stream=1)

    path = local(executor={"plugin": "processes", "workers": 1})
    with pytest.raises(
        PluginError, match=r"is version 1, SHA-256 [0-9a-f]{16}; the run was planned"
    ):
        qframe.run(path, hooks=[Editor()])
    local(stream=0)
    assert qframe.run(path).complete


@pytest.mark.parametrize("kind", ["sampler", "engine", "storage"])
def test_another_version_of_any_plugin_is_refused(kind: str, local: Callable[..., Path]) -> None:
    """As another package version on another host."""
    planned = plan(load_config(local()))
    planned.storage.create(planned.header)
    job = planned.job()
    other = {**job.plugins, kind: "version 1, other-package 7.1, SHA-256 0123456789abcdef"}
    with pytest.raises(PluginError, match=f"^{kind} .* planned with version 1, other-package 7.1"):
        Worker(replace(job, plugins=other))
    Worker(job).close()


def test_records_that_differ_though_the_plugins_seem_the_same_are_refused(
    local: Callable[..., Path],
) -> None:
    """As where something that a plugin imports differs."""
    planned = plan(load_config(local()))
    planned.storage.create(planned.header)
    job = planned.job()
    job = replace(job, proof=new_generator(job, planned.recipe).proof(job.records))
    Worker(job).close()
    with pytest.raises(PluginError, match=f"worker on {socket.gethostname()} makes other records"):
        Worker(replace(job, proof=bytes(32)))


def test_a_dataset_is_not_extended_by_a_sampler_whose_code_changed(
    local: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edited file has another recipe; what it imports has not."""
    monkeypatch.setenv("QFRAME_TEST_STREAM", "0")
    helper = "import os"
    stream = "int(os.environ['QFRAME_TEST_STREAM'])"
    path = local(stream=stream, helper=helper)
    qframe.run(path)
    before = (tmp_path / "small.db").read_bytes()
    monkeypatch.setenv("QFRAME_TEST_STREAM", "1")
    with pytest.raises(PluginError, match=r"small\.db: its block 0 is not what is made today"):
        qframe.run(path, ["records=20000"])
    assert (tmp_path / "small.db").read_bytes() == before
    monkeypatch.setenv("QFRAME_TEST_STREAM", "0")
    assert qframe.run(path, ["records=20000"]).complete
