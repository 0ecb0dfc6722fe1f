from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qframe
from qframe import ConfigError, InstructionSet
from qframe_plugins.samplers._words.automaton import WordAutomaton, disjoint_pairs, inverse_pairs
from qframe_plugins.samplers._words.uniform_words import alias_table

Word = tuple[int, ...]


def reduced_words(placed: InstructionSet, length: int) -> set[Word]:
    """By exhaustion: the least word of each class under exchanges of disjoint neighbours, of the
    classes that have no word with an inverse pair."""
    inverse, apart = inverse_pairs(placed, "ignored"), disjoint_pairs(placed)
    seen: set[Word] = set()
    found: set[Word] = set()
    for word in product(range(len(placed)), repeat=length):
        if word in seen:
            continue
        members = {word}
        pending = [word]
        for one in pending:
            for i in range(length - 1):
                if apart[one[i], one[i + 1]]:
                    other = (*one[:i], one[i + 1], one[i], *one[i + 2 :])
                    if other not in members:
                        members.add(other)
                        pending.append(other)
        seen |= members
        if not any(inverse[w[i], w[i + 1]] for w in members for i in range(length - 1)):
            found.add(min(members))
    return found


def automaton_words(automaton: WordAutomaton, length: int) -> list[Word]:
    return [tuple(word) for word in automaton.words(0, length)[0].tolist()]


@pytest.mark.parametrize(
    ("qubits", "gates"),
    [(1, ["h", "s", "sdg", "t"]), (2, ["h", "t", "tdg", "cx"]), (3, ["t", "cz"])],
)
@pytest.mark.parametrize("length", [1, 2, 4])
def test_words_are_those_of_exhaustive_search(
    instructions: Any, qubits: int, gates: list[str], length: int
) -> None:
    placed = instructions("clifford_t", qubits=qubits, gates=gates)
    words = automaton_words(WordAutomaton.reduced(placed, True), length)
    assert words == sorted(reduced_words(placed, length))
    assert len(words) == WordAutomaton.reduced(placed, True).counts(length)[length][0]


def test_all_orders_are_kept_on_request(instructions: Any) -> None:
    placed = instructions("clifford_t", qubits=2, gates=["h", "t", "cx"])
    inverse = inverse_pairs(placed, "ignored")
    want = [
        word
        for word in product(range(len(placed)), repeat=4)
        if not any(inverse[a, b] for a, b in pairwise(word))
    ]
    assert automaton_words(WordAutomaton.reduced(placed, False), 4) == want


@pytest.mark.parametrize(("phase", "share"), [(None, 0.0), ("ignored", 0.0), ("exact", 0.8)])
def test_backtracking_is_up_to_a_global_phase_unless_that_counts(
    phase: str | None, share: float, config: Callable[..., Path]
) -> None:
    """rz(3 pi/4) and rz(5 pi/4) multiply to -1: |trace| = 2 says so, whatever the phase."""
    sampler: dict[str, Any] = {"plugin": "non_backtracking", "length": 20}
    path = config(
        records=4096,
        gate_set={"plugin": "ibm", "qubits": 1, "steps": 8},
        sampler=sampler if phase is None else {**sampler, "phase": phase},
    )
    with qframe.open(path) as ds:
        matrices = ds.recipe.instructions.matrices
        traces = np.einsum("aij,bji->ab", matrices, matrices)
        same = np.abs(np.abs(traces) - 2) < 1e-9
        exact = np.abs(traces - 2) < 1e-9
        codes = ds[:].codes.astype(int)
        assert not exact[codes[:, :-1], codes[:, 1:]].any()
        found = same[codes[:, :-1], codes[:, 1:]].any(axis=1).mean()
    assert abs(found - share) < 0.05


def test_number_of_words_where_each_gate_has_one_inverse(instructions: Any) -> None:
    """6 * 5**(n-1), as for the V basis."""
    automaton = WordAutomaton.reduced(instructions("clifford_t", qubits=1), True)
    assert [row[0] for row in automaton.counts(20)][1:] == [6 * 5**n for n in range(20)]


@pytest.mark.parametrize(
    ("gate_set", "length", "records"),
    [
        ({"qubits": 1, "gates": ["h", "s", "t"]}, 7, 40_000),
        ({"qubits": 1}, 5, 80_000),
        ({"qubits": 2, "gates": ["h", "t", "cx"]}, 4, 20_000),
    ],
)
def test_all_words_are_equally_likely(
    instructions: Any,
    sampler: Any,
    draw_words: Any,
    deviation: Any,
    gate_set: dict[str, Any],
    length: int,
    records: int,
) -> None:
    placed = instructions("clifford_t", **gate_set)
    words = draw_words(sampler(placed, "non_backtracking", length=length), records)
    want = reduced_words(placed, length)
    assert set(words) <= want
    assert abs(deviation(words, len(want))) < 4.5


def test_lengths_in_a_range_and_words_of_each_are_uniform(
    instructions: Any, sampler: Any, draw_words: Any, deviation: Any
) -> None:
    placed = instructions("clifford_t", qubits=1, gates=["h", "s", "t"])
    words = draw_words(sampler(placed, "non_backtracking", length={"min": 0, "max": 6}), 60_000)
    assert abs(deviation([len(word) for word in words], 7)) < 4.5
    for length in range(1, 7):
        of_length = [word for word in words if len(word) == length]
        assert abs(deviation(of_length, len(reduced_words(placed, length)))) < 4.5


def test_a_length_without_words_is_refused(instructions: Any, sampler: Any) -> None:
    placed = instructions("clifford_t", qubits=1, gates=["h"])
    with pytest.raises(ConfigError, match="no reduced word of length 2"):
        sampler(placed, "non_backtracking", length={"min": 1, "max": 3})


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("_words.automaton.MAX_STATES", "need more than 20 states"),
        ("_words.uniform_words.MAX_WORDS", "need more than 20 table entries"),
        ("_words.automaton.MAX_COUNT_BYTES", "do not fit 20 bytes"),
    ],
)
def test_too_large_tables_are_refused_with_a_way_out(
    instructions: Any, sampler: Any, monkeypatch: pytest.MonkeyPatch, limit: str, message: str
) -> None:
    placed = instructions("clifford_t", qubits=2)
    monkeypatch.setattr(f"qframe_plugins.samplers.{limit}", 20)
    with pytest.raises(ConfigError, match=message) as refused:
        sampler(placed, "non_backtracking", length=5)
    assert refused.value.hint


@pytest.mark.parametrize("weights", [[1, 2, 3], [7, 0, 1, 1, 40], [5, 5], [3**200, 1, 2**300]])
def test_alias_table_meets_the_weights(weights: list[int]) -> None:
    thresholds, aliases = alias_table(weights)
    got = [0] * len(weights)
    for i, (keep, alias) in enumerate(zip(thresholds.tolist(), aliases.tolist(), strict=True)):
        got[i] += keep
        got[alias] += (1 << 32) - keep
    for share, weight in zip(got, weights, strict=True):
        exact = weight * (len(weights) << 32) / sum(weights)
        assert share == pytest.approx(exact, abs=len(weights))
