"""A file of circuits alone is written, hashed and proved without multiplying any circuit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import qframe
from qframe.dataset.storages import storage_at
from qframe.integrity.verify import verify

Config = Callable[..., Path]

NEVER = """
from qframe import hookimpl
from qframe_plugins.engines.numpy import NumpyEngine

class Never(NumpyEngine):
    name = "never"

    def multiply(self, circuits, out):
        if len(circuits) > 256:  # the records that each worker makes before its first task
            raise RuntimeError("it multiplies")
        super().multiply(circuits, out)

@hookimpl
def qframe_engines():
    return [Never]
"""


@pytest.fixture
def never(tmp_path: Path) -> str:
    path = tmp_path / "never.py"
    path.write_text(NEVER)
    return str(path)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"labels": ["t_count", "depth"]},
        {"key": True},  # exact keys follow from the circuits
        {"storage": {"plugin": "sqlite", "unitary": "none", "layout": "rows"}},
        {"storage": {"plugin": "sqlite", "unitary": "none", "shards": 2, "shard_blocks": 1}},
        {"sampler": {"plugin": "walk", "length": 9}},
    ],
    ids=["plain", "labels", "key", "rows", "shards", "walk"],
)
def test_nothing_is_multiplied_for_a_file_of_circuits(
    keys: dict[str, Any], never: str, config: Config
) -> None:
    plain = {"plugin": "sqlite", "unitary": "none"}
    path = config(**{"records": 4400, "engine": never, "storage": plain, **keys})
    output = qframe.run(path).output
    with qframe.open(output) as stored, qframe.open(path) as computed:
        assert stored.content_hash() == computed.content_hash()
    assert verify(storage_at(output, None)).ok


@pytest.mark.parametrize("keys", [{"storage": "sqlite"}, {"storage": "savetxt"}])
def test_a_file_of_unitaries_asks_the_engine(
    keys: dict[str, Any], never: str, config: Config
) -> None:
    with pytest.raises(qframe.WorkerError, match="it multiplies"):
        qframe.run(config(records=300, engine=never, **keys))
