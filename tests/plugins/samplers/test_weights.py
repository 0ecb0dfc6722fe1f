"""The option `weights`: it multiplies the odds of instructions, and 1 changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import qframe

RECORDS, LENGTH = 4096, 10


@pytest.mark.parametrize("plugin", ["uniform", "walk"])
@pytest.mark.parametrize(
    "weights", [None, {"cx": 1}, {"h": 1, "t": 1}, {"cx": 2}, {"t": 0, "cx": 0.5}]
)
def test_weights_multiply_the_odds_of_each_placement(
    plugin: str, weights: dict[str, float] | None, config: Callable[..., Path]
) -> None:
    sampler: dict[str, Any] = {"plugin": plugin, "length": LENGTH}
    path = config(
        records=RECORDS,
        gate_set={"plugin": "clifford_t", "qubits": 3},
        sampler=sampler if weights is None else {**sampler, "weights": weights},
    )
    with qframe.open(path) as ds:
        placed = ds.recipe.instructions.instructions
        whole = ds[:]
        codes = [
            row[length - 1]
            for row, length in zip(whole.codes.tolist(), whole.lengths.tolist(), strict=True)
        ]
    found = Counter(codes)
    odds = [float((weights or {}).get(instruction.gate, 1)) for instruction in placed]
    for code, odd in enumerate(odds):
        share = odd / sum(odds)
        deviation = (RECORDS * share * (1 - share)) ** 0.5
        assert abs(found[code] - RECORDS * share) <= 5 * deviation, placed[code]
