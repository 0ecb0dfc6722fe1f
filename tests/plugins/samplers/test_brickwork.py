from __future__ import annotations

from typing import Any

import pytest

from qframe_plugins.samplers.brickwork import layers, matchings


def places(placed: Any, codes: list[int]) -> list[tuple[int, ...]]:
    return [tuple(sorted(placed.instructions[code].qubits)) for code in codes]


def test_bricks_on_a_line(instructions: Any, sampler: Any, draw_words: Any, deviation: Any) -> None:
    placed = instructions("clifford_t", qubits=4, coupling="line", gates=["h", "s", "t", "cx"])
    words = draw_words(sampler(placed, "brickwork", depth=5), 10_000)
    singles = [(0,), (1,), (2,), (3,)]
    want = [*singles, (0, 1), (2, 3), *singles, (1, 2), *singles]
    assert places(placed, words[0]) == want
    assert {tuple(places(placed, word)) for word in words} == {tuple(want)}
    for position, where in enumerate(want):
        choices = 3 if len(where) == 1 else 2
        assert abs(deviation([word[position] for word in words], choices)) < 4.5


def test_one_qubit_has_one_qubit_layers(instructions: Any, sampler: Any, draw_words: Any) -> None:
    placed = instructions("clifford_t", qubits=1)
    assert {len(word) for word in draw_words(sampler(placed, "brickwork", depth=20), 100)} == {20}


def test_without_one_qubit_gates_only_bricks(instructions: Any) -> None:
    placed = instructions("clifford", qubits=4, coupling="line", gates=["cz"])
    assert [len(layer) for layer in layers(placed)] == [2, 1]


@pytest.mark.parametrize(
    "edges",
    [
        [(0, 1), (1, 2), (2, 3), (3, 4)],
        [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)],
        [(0, 1), (0, 5), (1, 2), (2, 3), (3, 4), (4, 5)],
    ],
)
def test_matchings_split_the_edges(edges: list[tuple[int, ...]]) -> None:
    made = matchings(edges)
    assert sorted(edge for matching in made for edge in matching) == edges
    for matching in made:
        touched = [q for edge in matching for q in edge]
        assert len(touched) == len(set(touched))
