"""Layout `rows`: one row a record, whatever statement cut it out of its block."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

import qframe

Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]

MANY = {f"g{k}": [[1, 0], [0, f"exp(i*{k}/100)"]] for k in range(300)}


@pytest.mark.parametrize("length", [1, 7, {"min": 0, "max": 9}], ids=str)
@pytest.mark.parametrize("gate_set", ["clifford_t", {"plugin": "matrices", "gates": MANY}], ids=len)
def test_rows_hold_what_the_recipe_says(
    length: Any, gate_set: Any, config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    """Circuits of one length and of many, codes of one byte and of two; a last block cut short."""
    path = config(
        records=4096 + 100,
        gate_set=gate_set,
        sampler={"plugin": "uniform", "length": length},
        storage={"plugin": "sqlite", "layout": "rows"},
        executor="serial",
    )
    assert run_qframe(path).complete
    output = tmp_path / "small.db"
    with qframe.open(output) as stored, qframe.open(path) as made:
        assert stored.content_hash() == made.content_hash()
        width = stored[0].codes.itemsize
    with closing(apsw.Connection(str(output), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        odd = db.execute(
            "SELECT count(*) FROM records WHERE typeof(lengths) <> 'integer' "
            "OR typeof(codes) <> 'blob' OR length(codes) <> lengths * ?",
            (width,),
        )
        assert odd.fetchall() == [(0,)]
