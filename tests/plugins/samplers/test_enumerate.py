from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import pytest

import qframe
from qframe import ConfigError, Draws
from qframe_plugins.samplers._words.automaton import inverse_pairs


@pytest.mark.parametrize("block", [7, 64, 4096])
def test_words_come_in_order_each_once(
    instructions: Any, sampler: Any, draw_words: Any, block: int
) -> None:
    placed = instructions("clifford_t", qubits=1)
    made = sampler(placed, "enumerate", max_length=4)
    want = [word for n in range(5) for word in product(range(6), repeat=n)]
    assert made.count == len(want)
    assert draw_words(made, len(want), block=block) == want


@pytest.mark.parametrize("gates", [["h", "s", "t"], ["h", "t", "tdg"]])
def test_reduced_words_come_in_order_each_once(
    instructions: Any, sampler: Any, draw_words: Any, gates: list[str]
) -> None:
    placed = instructions("clifford_t", qubits=1, gates=gates)
    inverse = inverse_pairs(placed, "ignored")
    want = [
        word
        for n in range(2, 8)
        for word in product(range(3), repeat=n)
        if not any(inverse[a, b] for a, b in pairwise(word))
    ]
    made = sampler(placed, "enumerate", min_length=2, max_length=7, reduced=True)
    assert made.count == len(want)
    assert draw_words(made, len(want), block=100) == want


def test_published_redundancy_of_h_t_tdg(
    instructions: Any, generator: Any, phase_keys: Any
) -> None:
    """Reduced words to length 16: 196,606, of which 6,844 differ up to phase."""
    placed = instructions("clifford_t", qubits=1, gates=["h", "t", "tdg"])
    made = generator(placed, "enumerate", block=4096, max_length=16, reduced=True)
    blocks = made.blocks(0, [4096] * 47 + [196_606 - 47 * 4096])
    assert len({key for b in blocks for key in phase_keys(b.arrays["unitaries"])}) == 6_844
    assert made.count == 196_606


def test_reduced_words_of_the_v_basis_are_all_distinct(
    instructions: Any, generator: Any, phase_keys: Any
) -> None:
    """A free group: 6 * 5^(n - 1) words of length n, and as many unitaries, up to length 7."""
    made = generator(instructions("hrc", qubits=1), "enumerate", max_length=7, reduced=True)
    assert made.count == 1 + sum(6 * 5**n for n in range(7)) == 117_187
    size = made.recipe.block
    blocks = made.blocks(0, [size] * (made.count // size) + [made.count % size])
    assert len({key for b in blocks for key in phase_keys(b.arrays["unitaries"])}) == 117_187


def test_ranks_beyond_64_bits(instructions: Any, sampler: Any) -> None:
    placed = instructions("clifford_t", qubits=1)
    made = sampler(placed, "enumerate", max_length=100)
    assert made.count == (6**101 - 1) // 5 > 2**64
    last = made.sample(Draws(1, made.count - 1, 1))
    assert last.lengths.tolist() == [100]
    assert last.codes.tolist() == [[5] * 100]


def test_more_records_than_words_are_refused(config: Any, run_qframe: Any) -> None:
    path = config(sampler={"plugin": "enumerate", "max_length": 3}, records=260)
    with pytest.raises(ConfigError, match=r"records: got 260, .*'enumerate' has 259"):
        run_qframe(path)
    run_qframe(path, "records=259")
    with qframe.open(path.parent / "small.db") as ds:
        assert len(ds) == 259
        assert ds[258].codes.tolist() == [5, 5, 5]


def test_no_word_at_all_is_refused(instructions: Any, sampler: Any) -> None:
    placed = instructions("clifford_t", qubits=1, gates=["h"])
    with pytest.raises(ConfigError, match="no word of 2 gates"):
        sampler(placed, "enumerate", min_length=2, max_length=3, reduced=True)
