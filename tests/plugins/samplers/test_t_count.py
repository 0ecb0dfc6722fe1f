from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from qframe import ConfigError, Gate, Instruction, InstructionSet


@pytest.mark.parametrize("listed", [True, False])
def test_every_circuit_has_exactly_so_many(
    instructions: Any,
    sampler: Any,
    draw_words: Any,
    deviation: Any,
    monkeypatch: pytest.MonkeyPatch,
    listed: bool,
) -> None:
    if not listed:
        monkeypatch.setattr("qframe_plugins.samplers.t_count.MAX_SUBSET_BYTES", 1)
    placed = instructions("clifford_t", qubits=2)
    ts = {c for c, i in enumerate(placed.instructions) if i.gate in ("t", "tdg")}
    words = draw_words(sampler(placed, "t_count", length=9, t_count=4), 20_000)
    assert {len(word) for word in words} == {9}
    places = [tuple(code in ts for code in word) for word in words]
    assert {sum(row) for row in places} == {4}
    assert abs(deviation(places, comb(9, 4))) < 4.5
    for position in range(9):
        of_t = [word[position] for word in words if word[position] in ts]
        assert abs(deviation(of_t, 4)) < 4.5
        others = [word[position] for word in words if word[position] not in ts]
        assert abs(deviation(others, len(placed) - 4)) < 4.5


def test_long_circuits(instructions: Any, sampler: Any, draw_words: Any) -> None:
    placed = instructions("clifford_t", qubits=1, gates=["h", "t"])
    words = draw_words(sampler(placed, "t_count", length=3000, t_count=1000), 50, block=16)
    assert {word.count(1) for word in words} == {1000}


def test_gates_that_are_neither_are_left_out(
    instructions: Any, sampler: Any, draw_words: Any
) -> None:
    placed = instructions("clifford_t", qubits=1, gates=["h", "t"])
    words = draw_words(sampler(placed, "t_count", length=5, t_count=1), 4096)
    assert {word.count(1) for word in words} == {1}


def test_what_it_needs_is_named(instructions: Any, sampler: Any) -> None:
    with pytest.raises(
        ConfigError, match="wants t or tdg, up to a global phase; the gate set has h, s, sdg"
    ):
        sampler(instructions("clifford", qubits=1), "t_count", length=5, t_count=1)
    only_t = instructions("clifford_t", qubits=1, gates=["t"])
    with pytest.raises(ConfigError, match="no Clifford gate"):
        sampler(only_t, "t_count", length=5, t_count=1)
    with pytest.raises(ValidationError, match="t_count 6 is above length 5"):
        sampler(instructions("clifford_t", qubits=1), "t_count", length=5, t_count=6)


def test_t_gates_are_those_by_matrix_and_not_by_name(sampler: Any, draw_words: Any) -> None:
    """`t` is Z here, and counts as a Clifford gate; `rz_1` and `Tdg` are T gates up to phase."""
    matrices = {
        "t": np.diag([1, -1]),
        "h": np.array([[1, 1], [1, -1]]) / np.sqrt(2),
        "rz_1": np.diag(np.exp([-1j * np.pi / 8, 1j * np.pi / 8])),
        "Tdg": np.diag([1, np.exp(-1j * np.pi / 4)]),
    }
    gates = tuple(Gate(name, matrix) for name, matrix in matrices.items())
    placed = InstructionSet(1, gates, tuple(Instruction(gate.name, (0,)) for gate in gates))
    words = draw_words(sampler(placed, "t_count", length=6, t_count=2), 4096)
    assert {word.count(2) + word.count(3) for word in words} == {2}
    assert {code for word in words for code in word} == {0, 1, 2, 3}
    without = InstructionSet(1, gates[:2], placed.instructions[:2])
    with pytest.raises(ConfigError, match=r"wants t or tdg.* gate 't' is another one: .* by 1\.11"):
        sampler(without, "t_count", length=6, t_count=2)
