"""docs/storage.md: a stranger reads the files as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import qframe

ROOT = Path(__file__).parents[3]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "storage.md").read_text(), re.DOTALL)


def run_block(block: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(block, names)
    names["db"].close()  # type: ignore[attr-defined]
    return names


@pytest.mark.parametrize("name", ["circuits_only", "shards"])
def test_it_is_read_without_qframe(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = ROOT / "configs" / f"{name}.yaml"
    qframe.run(config, ["records=160_000", "executor=serial"])
    names = run_block(BLOCKS[0 if name == "circuits_only" else 1])
    with qframe.open(f"data/{name}.db") as dataset:
        if name == "shards":
            assert names["words"] == ", ".join(map(str, dataset[150_000].circuit))
            return
        batch = dataset[:4096]
        assert names["words"] == ", ".join(map(str, dataset[5].circuit))
        assert (names["codes"][:, :20] == batch.codes).all()  # type: ignore[index]
