"""What holds for every sampler: shapes, padding, purity, and the unitaries that follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qframe import circuit_unitary

ONE = {"plugin": "clifford_t", "qubits": 1}
TWO = {"plugin": "clifford_t", "qubits": 2}
LINE = {"plugin": "clifford_t", "qubits": 3, "coupling": "line"}

DRAWN: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    (ONE, "uniform", {"length": {"min": 0, "max": 9}}),
    (ONE, "non_backtracking", {"length": 20}),
    (TWO, "non_backtracking", {"length": {"min": 0, "max": 9}}),
    (ONE, "non_backtracking", {"length": 300}),
    (ONE, "matsumoto_amano", {"t_count": 0, "mode": "uniform"}),
    (ONE, "matsumoto_amano", {"t_count": 19, "mode": "uniform"}),
    (ONE, "clifford_uniform", {}),
    (TWO, "clifford_uniform", {}),
    (LINE, "clifford_uniform", {}),
    (ONE, "t_count", {"length": 20, "t_count": 5}),
    (LINE, "t_count", {"length": 300, "t_count": 300}),
    (TWO, "t_count", {"length": 7, "t_count": 0}),
    (ONE, "brickwork", {"depth": 20}),
    (LINE, "brickwork", {"depth": 7}),
    (ONE, "haar", {}),
    (LINE, "haar", {}),
    (ONE, "walk", {"length": 20}),
    (TWO, "walk", {"length": 1, "weights": {"t": 2.0}}),
    (LINE, "walk", {"length": 250, "non_backtracking": True}),
]
RANKED: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    (ONE, "enumerate", {"max_length": 3}),
    (TWO, "enumerate", {"max_length": 300, "reduced": True}),
    (ONE, "matsumoto_amano", {"t_count": 0}),
    (ONE, "matsumoto_amano", {"t_count": 12}),
]


@pytest.fixture(params=DRAWN + RANKED, ids=lambda case: f"{case[1]}-{case[0]['qubits']}-{case[2]}")
def case(request: Any) -> Any:
    return request.param


@pytest.fixture
def make(case: Any, instructions: Any, generator: Any) -> Callable[..., Any]:
    gate_set, name, options = case
    return lambda **more: generator(instructions(**gate_set), name, **options, **more)


def test_a_block_is_the_same_whatever_was_made_before(make: Any) -> None:
    used, fresh = make(), make()
    used.blocks(0, [256, 256])
    for name, array in fresh.blocks(3, [256])[0].arrays.items():
        assert (array == used.blocks(2, [256, 256])[1].arrays[name]).all()


def test_a_cut_block_begins_as_the_full_one(make: Any) -> None:
    full, cut = make().blocks(1, [256])[0], make().blocks(1, [31])[0]
    for name, array in cut.arrays.items():
        assert (array == full.arrays[name][:31]).all()


def test_codes_are_zero_beyond_the_length(make: Any) -> None:
    arrays = make().blocks(0, [256])[0].arrays
    codes, lengths = arrays["codes"], arrays["lengths"]
    assert not codes[np.arange(codes.shape[1]) >= lengths[:, None]].any()


def test_unitaries_are_the_circuits_products(case: Any, make: Any) -> None:
    generator = make()
    if case[1] == "haar":
        pytest.skip("no circuits to multiply")
    recipe, arrays = generator.recipe, generator.blocks(0, [256])[0].arrays
    for i in (0, 5, 255):
        codes = arrays["codes"][i, : arrays["lengths"][i]]
        want = circuit_unitary(recipe.instructions, codes, recipe.fold)
        assert arrays["unitaries"][i].tobytes() == want.tobytes()


@pytest.mark.parametrize("case", DRAWN, ids=lambda case: case[1], indirect=True)
def test_seeds_and_blocks_differ(case: Any, make: Any) -> None:
    name = "unitaries" if case[1] == "haar" else "codes"
    first, second, other = (
        b.arrays[name] for b in (*make().blocks(0, [256, 256]), *make(seed=2).blocks(0, [256]))
    )
    assert (first != second).any()
    assert (first != other).any()


@pytest.mark.parametrize("case", RANKED, ids=lambda case: case[1], indirect=True)
def test_ranked_samplers_draw_nothing(make: Any) -> None:
    first, other = make().blocks(1, [256])[0], make(seed=2).blocks(1, [256])[0]
    assert (first.arrays["codes"] == other.arrays["codes"]).all()
