from __future__ import annotations

from math import comb
from typing import Any

import pytest
from pydantic import ValidationError

from qframe import ConfigError


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
    with pytest.raises(ConfigError, match="neither t nor tdg"):
        sampler(instructions("clifford", qubits=1), "t_count", length=5, t_count=1)
    only_t = instructions("clifford_t", qubits=1, gates=["t"])
    with pytest.raises(ConfigError, match="no Clifford gate"):
        sampler(only_t, "t_count", length=5, t_count=1)
    with pytest.raises(ValidationError, match="t_count 6 is above length 5"):
        sampler(instructions("clifford_t", qubits=1), "t_count", length=5, t_count=6)
