from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import qframe
from qframe import ConfigError, Draws, PluginError
from qframe_plugins.samplers._words.automaton import inverse_pairs


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize("qubits", [1, 2, 3])
def test_records_are_transitions(
    config: Any, run_qframe: Any, qubits: int, engine: str, tmp_path: Any
) -> None:
    """U = G U_parent, bit for bit by the law's product, through a stored dataset."""
    path = config(
        records=9_000,
        gate_set={"plugin": "clifford_t", "qubits": qubits},
        sampler={"plugin": "walk", "length": 7},
        engine=engine,
    )
    run_qframe(path)
    with qframe.open(tmp_path / "small.db") as ds:
        rows = ds[:]
        parent, gate = rows.extra["parent"], rows.extra["gate"]
        matrices = ds.recipe.instructions.matrices
        block, fold, placed = ds.recipe.block, ds.recipe.fold, ds.recipe.instructions
    assert fold == 1
    first = parent < 0
    assert (rows.lengths[first] == 1).all()
    assert (rows.lengths[~first] == rows.lengths[parent[~first]] + 1).all()
    before = np.where(first[:, None, None], np.eye(2**qubits), rows.unitaries[parent])
    assert np.abs(matrices[gate] @ before - rows.unitaries).max() < 1e-15
    # A walk's records follow each other and never leave their block.
    index = np.arange(9_000)
    assert (first == (index % block % 7 == 0)).all()
    assert (parent[~first] == index[~first] - 1).all()
    for i in (0, 6, 4095, 4096, 8999):
        codes = rows.codes[i, : rows.lengths[i]]
        assert codes[-1] == gate[i]
        want = qframe.circuit_unitary(placed, codes.tolist(), 1)
        assert rows.unitaries[i].tobytes() == want.tobytes()


def test_each_step_is_uniform_and_independent(
    instructions: Any, sampler: Any, deviation: Any
) -> None:
    made = sampler(instructions("clifford_t", qubits=1), "walk", length=20)
    gates = np.concatenate([made.sample(Draws(1, b, 4000)).extra["gate"] for b in range(20)])
    assert abs(deviation(gates.tolist(), 6)) < 4.5
    pairs = gates[:-1].astype(int) * 6 + gates[1:]
    assert abs(deviation(pairs.tolist(), 36)) < 4.5


def test_weights_are_met(instructions: Any, sampler: Any) -> None:
    placed = instructions("clifford_t", qubits=1, gates=["h", "s", "t"])
    made = sampler(placed, "walk", length=10, weights={"t": 2.0, "h": 1.0, "s": 1.0})
    gates = made.sample(Draws(1, 0, 40_000)).extra["gate"]
    counts = np.bincount(gates, minlength=3)
    assert np.abs(counts - 40_000 * np.array([1, 1, 2]) / 4).max() < 4.5 * np.sqrt(40_000 / 4)


def test_a_walk_that_never_steps_back_is_uniform_among_such_walks(
    instructions: Any, sampler: Any, deviation: Any
) -> None:
    placed = instructions("clifford_t", qubits=2, gates=["t", "tdg", "cx"])
    circuits = sampler(placed, "walk", length=3, non_backtracking=True).sample(Draws(1, 0, 60_000))
    walks = [tuple(row) for row in circuits.codes[circuits.lengths == 3].tolist()]
    inverse = inverse_pairs(placed, "ignored")
    want = {(a, b, c) for a, b, c in np.ndindex(6, 6, 6) if not inverse[a, b] and not inverse[b, c]}
    assert set(walks) == want
    assert abs(deviation(walks, len(want))) < 4.5


def test_a_walk_longer_than_a_block_is_refused(config: Any, run_qframe: Any) -> None:
    gate_set = {"plugin": "clifford_t", "qubits": 6, "coupling": "line"}
    with pytest.raises(ConfigError, match=r"sampler\.length: got 200, .* has 64 records"):
        run_qframe(config(gate_set=gate_set, sampler={"plugin": "walk", "length": 200}))


def test_weights_do_not_go_with_non_backtracking(config: Any, run_qframe: Any) -> None:
    options = {"plugin": "walk", "length": 5, "non_backtracking": True, "weights": {"t": 2}}
    with pytest.raises(ConfigError, match="weights do not go with non_backtracking"):
        run_qframe(config(sampler=options))


FAULTY = """
import numpy as np
from qframe_plugins.samplers.walk import Walk
from dataclasses import replace

class Faulty(Walk):
    name = "faulty"
    {}

    def sample(self, draws):
        made = super().sample(draws)
        {}
        return made
"""


@pytest.mark.parametrize(
    ("attributes", "change", "message"),
    [
        # Its own row, another's prefix, and a circuit that is not a prefix at all.
        ("", "made = replace(made, parents=np.arange(draws.size))", "not the circuits above"),
        ("", "made.codes[:] = made.codes[::-1].copy()", "not the circuits above"),
        (
            "",
            "made = replace(made, parents=made.parents[:5])",
            "returned parents as int64 \\(5,\\)",
        ),
        ("fold = None", "", "or its fold is not 1"),
        ("fold = 9", "", "fold is 9, want 1 to"),
    ],
)
def test_parents_that_would_make_engines_differ_are_refused(
    config: Any, run_qframe: Any, tmp_path: Any, attributes: str, change: str, message: str
) -> None:
    (tmp_path / "faulty.py").write_text(FAULTY.format(attributes, change))
    path = config(sampler={"plugin": "faulty.py", "length": 4})
    with pytest.raises(PluginError, match=message):
        run_qframe(path)
    assert not (tmp_path / "small.db").exists()
