"""Two recipes draw independent circuits, unless they differ only in what does not decide circuits.

A train set and a test set that are made with one seed must not share circuits, or beginnings of
circuits, beyond chance.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qframe

Config = Callable[..., Path]

RECORDS = 4096
UNIFORM = {"plugin": "uniform", "length": 20}
REDUCED = {"plugin": "non_backtracking", "length": 20}


def clifford_t(*gates: str, qubits: int = 1) -> dict[str, Any]:
    return {"plugin": "clifford_t", "qubits": qubits, "gates": list(gates)}


BASE: dict[str, Any] = {"gate_set": clifford_t("h", "s", "t"), "sampler": UNIFORM}
OTHERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "length": ({}, {"sampler": {**UNIFORM, "length": 21}}),
    "lengths": ({}, {"sampler": {**UNIFORM, "length": {"min": 20, "max": 25}}}),
    "weights of 1": ({}, {"sampler": {**UNIFORM, "weights": {"t": 1}}}),
    "order of gates": ({}, {"gate_set": clifford_t("t", "h", "s")}),
    "another gate": ({}, {"gate_set": clifford_t("h", "s", "x")}),
    "a gate more": ({}, {"gate_set": clifford_t("h", "s", "t", "x")}),
    "more qubits": ({}, {"gate_set": clifford_t("h", "s", "t", qubits=2)}),
    "seed": ({}, {"seed": 2}),
    "sampler": ({}, {"sampler": REDUCED}),
    "option of the sampler": (
        {"sampler": REDUCED},
        {"sampler": {**REDUCED, "canonical_order": False}},
    ),
    "phase": ({"sampler": REDUCED}, {"sampler": {**REDUCED, "phase": "exact"}}),
}


def codes(path: Path) -> np.ndarray[Any, Any]:
    """The first 20 codes of each record."""
    with qframe.open(path) as dataset:
        return dataset[:RECORDS].codes[:, :20].astype(int)


def shares(column: np.ndarray[Any, Any], top: int) -> np.ndarray[Any, Any]:
    return np.bincount(column, minlength=top) / len(column)


@pytest.mark.parametrize("name", OTHERS)
def test_recipes_share_no_beginnings_beyond_chance(name: str, config: Config) -> None:
    """The number of equal codes is binomial; 5 standard deviations bound it."""
    first, second = OTHERS[name]
    one = codes(config("one.yaml", records=RECORDS, **{**BASE, **first}))
    two = codes(config("two.yaml", records=RECORDS, **{**BASE, **second}))
    top = int(max(one.max(), two.max())) + 1
    begins = np.ones(RECORDS, dtype=bool)
    chance = 1.0
    for place in range(20):
        equal = one[:, place] == two[:, place]
        share = float(shares(one[:, place], top) @ shares(two[:, place], top))
        bound = 5 * (RECORDS * share * (1 - share)) ** 0.5
        assert abs(int(equal.sum()) - RECORDS * share) <= bound, place
        begins &= equal
        if place < 3:  # longer beginnings are rarer than one record
            chance *= share
            bound = 5 * (RECORDS * chance) ** 0.5 + 3
            assert abs(int(begins.sum()) - RECORDS * chance) <= bound, place
    assert not begins.any()


@pytest.mark.parametrize(
    "same",
    [
        {"dtype": "complex64"},
        {"arithmetic": "exact"},
        {"key": True},
        {"labels": ["t_count", "depth"]},
        {"dtype": "complex64", "key": 64, "labels": ["depth"]},
        {"records": 100},
    ],
    ids=lambda same: "-".join(same),
)
@pytest.mark.parametrize("qubits", [1, 5])
def test_what_does_not_decide_circuits_leaves_them_as_they_are(
    same: dict[str, Any], qubits: int, config: Config
) -> None:
    """Also where records are so wide that a block has fewer of them."""
    keys = {
        **BASE,
        "gate_set": clifford_t("h", "t", qubits=qubits),
        "records": 5000 if qubits == 1 else 300,
    }
    with (
        qframe.open(config("one.yaml", **keys)) as one,
        qframe.open(config("two.yaml", **{**keys, **same})) as two,
    ):
        assert one.recipe.block == two.recipe.block == (4096 if qubits == 1 else 256)
        assert one.recipe.namespace == two.recipe.namespace
        count = min(len(one), len(two))
        assert two[:count].codes.tobytes() == one[:count].codes.tobytes()
        if "dtype" in same:
            single = one[:count].unitaries.astype(np.complex64)
            assert two[:count].unitaries.tobytes() == single.tobytes()
