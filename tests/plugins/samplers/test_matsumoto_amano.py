from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qframe import ConfigError, Draws, Gate, Instruction, InstructionSet


def unitaries(made: Any, records: int) -> Any:
    size = made.recipe.block
    blocks = made.blocks(0, [size] * -(-records // size))
    return np.concatenate([b.arrays["unitaries"] for b in blocks])[:records]


@pytest.mark.parametrize("t_count", range(9))
def test_every_rank_is_another_unitary(
    instructions: Any, generator: Any, phase_keys: Any, t_count: int
) -> None:
    made = generator(instructions("clifford_t", qubits=1), "matsumoto_amano", t_count=t_count)
    count = made.count
    assert len(set(phase_keys(unitaries(made, count)))) == count == 24 * (3 * 2**t_count - 2)


def test_counts_up_to_twelve_t_gates(instructions: Any, generator: Any, phase_keys: Any) -> None:
    """294,864 records, all different; those of T-count <= n come first and are 24 (3 * 2^n - 2)."""
    placed = instructions("clifford_t", qubits=1, gates=["h", "s", "t"])
    made = generator(placed, "matsumoto_amano", block=4096, t_count=12)
    assert made.count == 294_864
    blocks = [b.arrays for b in made.blocks(0, [4096] * 71 + [294_864 - 71 * 4096])]
    keys = [key for arrays in blocks for key in phase_keys(arrays["unitaries"])]
    assert len(set(keys)) == len(keys) == 294_864
    t_counts = np.concatenate([(a["codes"] == 2).sum(axis=1) for a in blocks])
    assert (np.diff(t_counts) >= 0).all()
    up_to = np.cumsum(np.bincount(t_counts)).tolist()
    assert up_to == [24 * (3 * 2**n - 2) for n in range(13)]


@pytest.mark.parametrize(
    ("gates", "most"), [(["h", "s", "t"], 6), (["t", "h", "x", "s", "sdg"], 3)]
)
def test_none_is_missing(
    instructions: Any, generator: Any, phase_keys: Any, gates: list[str], most: int
) -> None:
    """Against all products C T C T ... C of matrices, C any Clifford: by brute enumeration."""
    placed = instructions("clifford_t", qubits=1, gates=gates)
    matrix = {name: placed.gate_by_name[name].matrix for name in ("h", "s", "t")}
    cliffords = {phase_keys(np.eye(2)[None])[0]: np.eye(2, dtype=complex)}
    pending = list(cliffords.values())
    for one in pending:
        for name in ("h", "s"):
            key = phase_keys((matrix[name] @ one)[None])[0]
            if key not in cliffords:
                cliffords[key] = matrix[name] @ one
                pending.append(cliffords[key])
    assert len(cliffords) == 24
    group = np.stack(list(cliffords.values()))
    level = group
    found = set(cliffords)
    for t_count in range(1, most + 1):
        level = (level[:, None] @ matrix["t"] @ group).reshape(-1, 2, 2)
        keys = phase_keys(level)
        level = level[np.unique(np.array(keys), return_index=True)[1]]
        found |= set(keys)
        assert len(found) == 24 * (3 * 2**t_count - 2)
        made = generator(placed, "matsumoto_amano", t_count=t_count)
        assert set(phase_keys(unitaries(made, made.count))) == found


def test_fewer_t_gates_come_first(instructions: Any, sampler: Any, draw_words: Any) -> None:
    placed = instructions("clifford_t", qubits=1, gates=["h", "s", "t"])
    made = sampler(placed, "matsumoto_amano", t_count=6)
    counts = [word.count(2) for word in draw_words(made, made.count)]
    assert counts == sorted(counts)
    assert counts.count(6) == 72 * 2**5


def test_the_last_rank_of_many_t_gates(instructions: Any, sampler: Any) -> None:
    placed = instructions("clifford_t", qubits=1, gates=["h", "s", "t"])
    made = sampler(placed, "matsumoto_amano", t_count=56)
    word = made.sample(Draws(1, made.count - 1, 1))
    assert word.codes[0, : word.lengths[0]].tolist()[-168:] == [2, 0, 1] * 56
    with pytest.raises(ConfigError, match="at most 56"):
        sampler(placed, "matsumoto_amano", t_count=57)


@pytest.mark.parametrize(("t_count", "cells"), [(0, 24), (1, 72), (3, 288), (5, 1152)])
def test_uniform_over_all_unitaries_of_a_t_count(
    instructions: Any, generator: Any, phase_keys: Any, deviation: Any, t_count: int, cells: int
) -> None:
    placed = instructions("clifford_t", qubits=1)
    made = generator(placed, "matsumoto_amano", t_count=t_count, mode="uniform", block=4096)
    keys = phase_keys(unitaries(made, 40_960))
    assert len(set(keys)) == cells
    assert abs(deviation(keys, cells)) < 4.5


def test_uniform_syllables_beyond_one_group(
    instructions: Any, sampler: Any, draw_words: Any
) -> None:
    placed = instructions("clifford_t", qubits=1, gates=["h", "s", "t"])
    words = draw_words(sampler(placed, "matsumoto_amano", t_count=30, mode="uniform"), 4096)
    assert {word.count(2) for word in words} == {30}
    # After the Clifford, each of about 29 2/3 syllables has an s with probability 1/2.
    share = np.mean([word[word.index(2) :].count(1) for word in words]) / (29 + 2 / 3)
    assert abs(share - 0.5) < 4.5 * 0.5 / np.sqrt(29.67 * 4096)


@pytest.mark.parametrize(("qubits", "gates"), [(2, None), (1, ["h", "t"]), (1, ["s", "t"])])
def test_what_it_needs_is_named(
    instructions: Any, sampler: Any, qubits: int, gates: list[str] | None
) -> None:
    options = {"gates": gates} if gates else {}
    with pytest.raises(ConfigError, match="wants h, s and t on one"):
        sampler(instructions("clifford_t", qubits=qubits, **options), "matsumoto_amano", t_count=2)


def named(**gates: complex) -> InstructionSet:
    """One-qubit gates: `h` and `p` diag(1, entry) for each name."""
    h = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    made = (Gate("h", h), *(Gate(name, np.diag([1, entry])) for name, entry in gates.items()))
    return InstructionSet(1, made, tuple(Instruction(gate.name, (0,)) for gate in made))


def test_a_gate_that_is_called_t_and_is_another_is_refused_with_its_deviation(sampler: Any) -> None:
    """|1 - e^(ip)| at best phase: Z against T is 2 sin(3 pi/16) = 1.11."""
    with pytest.raises(ConfigError, match=r"lacks t.* gate 't' is another one: .* by 1\.11"):
        sampler(named(s=1j, t=-1), "matsumoto_amano", t_count=2)


@pytest.mark.parametrize("phase", [1, np.exp(-1j * np.pi / 8)])
def test_t_by_any_name_and_phase_gives_every_unitary_once(
    sampler: Any, draw_words: Any, phase: complex
) -> None:
    t = np.diag([phase, phase * np.exp(1j * np.pi / 4)])
    placed = named(quarter=1j)
    gates = (*placed.gates, Gate("eighth", t))
    placed = InstructionSet(1, gates, tuple(Instruction(g.name, (0,)) for g in gates))
    words = draw_words(sampler(placed, "matsumoto_amano", t_count=3), 24 * (3 * 2**3 - 2))
    unitaries = []
    for word in words:
        product = np.eye(2, dtype=np.complex128)
        for code in word:
            product = placed.matrices[code] @ product
        unitaries.append(product)
    stacked = np.stack(unitaries)
    overlap = np.abs(np.einsum("aij,bij->ab", stacked.conj(), stacked))
    assert (overlap > 2 - 1e-9).sum() == len(words)  # each is equal to itself alone
