"""Keys: equal exactly when unitaries agree up to a global phase."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import qframe
from qframe import (
    Circuits,
    ConfigError,
    ExactMatrix,
    Gate,
    Instruction,
    InstructionSet,
    circuit_keys,
    circuit_unitary,
)
from qframe.circuits.exact.products import ExactProducts
from qframe.circuits.keys import canonical_forms, hash_rows, hash_wide_rows
from qframe.contracts.gate_set import GateSet
from qframe_plugins.gate_sets.clifford import Clifford
from qframe_plugins.gate_sets.clifford_t import CliffordT
from qframe_plugins.gate_sets.fibonacci import Fibonacci
from qframe_plugins.gate_sets.hrc import Hrc
from qframe_plugins.gate_sets.rotations import Rotations
from qframe_plugins.samplers.enumerate import Enumerate

GATE_SETS: dict[str, tuple[type[GateSet[Any]], dict[str, Any]]] = {
    "clifford_t": (CliffordT, {}),
    "clifford_t on two": (CliffordT, {"qubits": 2, "gates": ["h", "t", "x", "cx"]}),
    "hrc": (Hrc, {}),
    "fibonacci": (Fibonacci, {}),
    "rotations": (Rotations, {}),
}


OTHERS: dict[str, tuple[type[GateSet[Any]], dict[str, Any]]] = {
    "h, t, tdg": (CliffordT, {"gates": ["h", "t", "tdg"]}),
    "clifford": (Clifford, {}),
    "clifford on two": (Clifford, {"qubits": 2}),
}


@cache
def instructions_of(name: str) -> InstructionSet:
    cls, options = {**GATE_SETS, **OTHERS}[name]
    return cls(cls.Options.model_validate(options)).instructions()


def circuits(instructions: InstructionSet, words: list[tuple[int, ...]]) -> Circuits:
    width = max(1, *map(len, words))
    codes = np.array([[*w, *[0] * (width - len(w))] for w in words], instructions.code_dtype)
    return Circuits(codes, np.array([len(w) for w in words], dtype=np.uint8))


def keys_of(name: str, words: list[tuple[int, ...]]) -> NDArray[np.uint64]:
    """Exact where there is a ring, else by tolerance."""
    instructions = instructions_of(name)
    if instructions.exact is not None:
        return circuit_keys(instructions, circuits(instructions, words))
    return qframe.unitary_keys(np.stack([circuit_unitary(instructions, w, 1) for w in words]))


def same_up_to_phase(u: NDArray[Any], v: NDArray[Any]) -> bool:
    overlap = np.vdot(u, v)
    if abs(abs(overlap) - len(u)) > 1e-6:
        return False
    return bool(np.abs(u * (overlap / abs(overlap)) - v).max() < 1e-10)


@pytest.mark.parametrize("name", GATE_SETS)
def test_all_short_words_have_equal_keys_exactly_if_they_agree_up_to_phase(name: str) -> None:
    instructions = instructions_of(name)
    length = 3 if len(instructions) < 8 else 2
    words = [w for n in range(length + 1) for w in product(range(len(instructions)), repeat=n)]
    flat = np.stack([circuit_unitary(instructions, w, 1).ravel() for w in words])
    agree = np.abs(np.abs(flat.conj() @ flat.T) - instructions.dim) < 1e-9
    keys = keys_of(name, words)
    assert (agree == (keys[:, None] == keys[None]).all(axis=2)).all()
    assert agree.sum() > len(words)  # there are equal ones


@pytest.mark.parametrize("name", GATE_SETS)
@settings(max_examples=40)
@given(data=st.data())
def test_keys_are_equal_exactly_if_unitaries_agree_up_to_phase(
    name: str, data: st.DataObject
) -> None:
    """Of a word and of another, which is often the word with something inserted that is a phase."""
    instructions = instructions_of(name)
    word = st.lists(st.integers(0, len(instructions) - 1), max_size=14).map(tuple)
    one, other = data.draw(word), data.draw(word)
    if data.draw(st.booleans()):
        cut = data.draw(st.integers(0, len(one)))
        other = (*one[:cut], *data.draw(st.sampled_from(PHASES[name])), *one[cut:])
        other = (*other, *data.draw(st.lists(st.integers(0, len(instructions) - 1), max_size=1)))
    u, v = (circuit_unitary(instructions, w, 1) for w in (one, other))
    first, second = keys_of(name, [one, other])
    assert (first == second).all() == same_up_to_phase(u, v)


PHASES: dict[str, list[tuple[int, ...]]] = {
    "clifford_t": [(0, 0), (3, 5, 3, 5), (0, 1) * 3, (1, 2), (3,) * 8],  # hh, txtx = w, (hs)^3 = w
    "clifford_t on two": [(0, 0), (2, 4, 2, 4), (6, 6), (7, 7), (6, 7) * 3],
    "hrc": [(0, 1), (2, 3), (5, 4)],
    "fibonacci": [(0, 2), (1,) * 10, (0, 2, 0, 3, 1, 3)],
    "rotations": [(0, 1), (2, 3), (4, 5)],
}
"""Words whose product is a global phase, or close to being none."""


def test_a_key_is_that_of_the_same_unitary_over_other_gates() -> None:
    two = keys_of("clifford_t", [(3, 3), (1,), (0, 3, 3, 0)])
    clifford = instructions_of("clifford")
    again = circuit_keys(clifford, circuits(clifford, [(1,), (1,), (0, 1, 0)]))
    assert two.tolist() == again.tolist()


def distinct(instructions: InstructionSet, **options: Any) -> tuple[int, int]:
    """Words that the sampler enumerates, and distinct keys."""
    sampler = Enumerate(Enumerate.Options(**options, canonical_order=False), instructions)
    count, keys = sampler.count or 0, []
    for block in range(-(-count // 4096)):
        made = sampler.sample(qframe.Draws(0, block, 4096))
        here = min(4096, count - 4096 * block)
        keys.append(circuit_keys(instructions, Circuits(made.codes[:here], made.lengths[:here])))
    return count, len(np.unique(np.concatenate(keys), axis=0))


def test_h_t_tdg_words_to_length_16_are_6844_unitaries() -> None:
    assert distinct(instructions_of("h, t, tdg"), max_length=16, reduced=True) == (196_606, 6_844)


def test_fibonacci_braids_to_length_11_are_8862_unitaries() -> None:
    assert distinct(instructions_of("fibonacci"), max_length=11, reduced=True) == (354_293, 8_862)


def test_reduced_hrc_words_are_all_distinct() -> None:
    words = 1 + sum(6 * 5 ** (n - 1) for n in range(1, 7))
    assert distinct(instructions_of("hrc"), max_length=6, reduced=True) == (words, words)


@pytest.mark.parametrize(("name", "order"), [("clifford", 24), ("clifford on two", 11_520)])
def test_the_clifford_group_has_its_order(name: str, order: int) -> None:
    """Closure by exact keys alone: every element times every generator has a key that is known."""
    gates = instructions_of(name)
    known: set[bytes] = set()
    layer: list[tuple[int, ...]] = [()]
    while layer:
        new = []
        for word, key in zip(layer, circuit_keys(gates, circuits(gates, layer)), strict=True):
            if key.tobytes() not in known:
                known.add(key.tobytes())
                new.append(word)
        layer = [(*word, code) for word in new for code in range(len(gates))]
    assert len(known) == order


def test_tolerance_keys_agree_with_exact_ones() -> None:
    instructions = instructions_of("clifford_t")
    random = np.random.default_rng(4)
    words = [tuple(random.integers(6, size=n % 30).tolist()) for n in range(300)]
    exact = keys_of("clifford_t", words)
    close = qframe.unitary_keys(np.stack([circuit_unitary(instructions, w, 1) for w in words]))
    of_exact = np.unique(exact, axis=0, return_inverse=True)[1]
    of_close = np.unique(close, axis=0, return_inverse=True)[1]
    assert ((of_exact[:, None] == of_exact[None]) == (of_close[:, None] == of_close[None])).all()


# Fixed examples: a border of a cell is hit once in a million.
@settings(max_examples=60, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(0, 628), st.sampled_from([2, 4, 8]))
def test_a_phase_does_not_change_a_tolerance_key(seed: int, degree: int, dim: int) -> None:
    phase = degree / 100
    random = np.random.default_rng(seed)
    unitary = np.linalg.qr(random.normal(size=(dim, dim)) + 1j * random.normal(size=(dim, dim)))[0]
    turned = unitary * np.exp(1j * phase)
    moved = unitary * np.exp(1j * phase * np.arange(dim) / 100)
    a, b, c = qframe.unitary_keys(np.stack([unitary, turned, moved]))
    assert a.tolist() == b.tolist()
    assert (a.tolist() == c.tolist()) == (degree == 0)


def test_the_canonical_form_leads_with_the_least_of_its_turns() -> None:
    products = ExactProducts(instructions_of("clifford_t"))
    words = circuits(instructions_of("clifford_t"), [(3,), (5, 3, 5), (5,)])  # t, xtx, x
    forms = canonical_forms(products.multiply(words.codes, words.lengths))
    # t = diag(1, w) turns to diag(-1, -w); x t x = diag(w, 1) to diag(-1, -w^7) = diag(-1, w^3).
    assert forms[0].tolist() == [0, -1, 0, 0, 0, *[0] * 8, 0, -1, 0, 0]
    assert forms[1].tolist() == [0, -1, 0, 0, 0, *[0] * 8, 0, 0, 0, 1]
    assert forms[2].tolist() == [0, *[0] * 4, -1, 0, 0, 0, -1, 0, 0, 0, *[0] * 4]


def test_a_64_bit_key_is_the_first_half_of_the_long_one() -> None:
    words = circuits(instructions_of("hrc"), [(0,), (1, 2)])
    long, short = (circuit_keys(instructions_of("hrc"), words, bits) for bits in (128, 64))
    assert long.shape == (2, 2)
    assert short.tolist() == long[:, :1].tolist()
    assert long.dtype == np.uint64


def test_a_hash_changes_about_half_its_bits_with_any_bit_of_the_words() -> None:
    words = np.zeros((64 * 3 + 1, 3), dtype=np.int64)
    for bit in range(64):
        for word in range(3):
            words[1 + 3 * bit + word, word] = np.uint64(1 << bit).astype(np.int64)
    keys = hash_rows(words, 128)
    flips = [
        bin(int(a) ^ int(b)).count("1")
        for row in keys[1:]
        for a, b in zip(row, keys[0], strict=True)
    ]
    assert len(np.unique(keys, axis=0)) == len(words)
    assert min(flips) > 10
    assert max(flips) < 54
    assert 31 < np.mean(flips) < 33


def test_what_has_no_exact_key_says_so() -> None:
    words = circuits(instructions_of("rotations"), [(0,)])
    with pytest.raises(ConfigError, match="do not lie in a ring"):
        circuit_keys(instructions_of("rotations"), words)
    with pytest.raises(ConfigError, match="complex64, keys need complex128"):
        qframe.unitary_keys(np.eye(2, dtype=np.complex64)[None])  # type: ignore[arg-type]


BRAIDS: dict[str, list[list[int | tuple[int, ...]]]] = {
    "sigma1": [[(0, -1), 0], [0, (0, 0, 0, 1)]],
    "sigma2": [[(0, -1, 1), (0, 0, -1)], [(0, -1, 1, -1), (0, 0, -1, 1)]],
}


@pytest.mark.parametrize("exponents", [(0, 1), (3, 0), (2, 5)])
def test_an_exponent_that_the_value_ignores_is_not_in_the_key(exponents: tuple[int, int]) -> None:
    """The ring of tenth roots has no denominator. aba = bab for the braids of Fibonacci anyons."""
    fibonacci = instructions_of("fibonacci")
    gates = tuple(
        Gate(name, fibonacci.gate_by_name[name].matrix, ExactMatrix("Z[z10],sqrt(tau)", rows, k))
        for k, (name, rows) in zip(exponents, BRAIDS.items(), strict=True)
    )
    placed = tuple(Instruction(gate.name, (0,)) for gate in gates)
    braids = InstructionSet(1, gates, placed)
    aba, bab = circuit_keys(braids, circuits(braids, [(0, 1, 0), (1, 0, 1)]))
    assert aba.tolist() == bab.tolist()
    [want] = circuit_keys(fibonacci, circuits(fibonacci, [(0, 2, 0)]))
    assert aba.tolist() == want.tolist()


def test_one_gate_declared_in_two_ways_is_one_gate() -> None:
    """H over sqrt(2), and 2 H over sqrt(2)**3: the recipe and the keys are the same."""
    r = 0.5**0.5
    for rows, exponent in (([[1, 1], [1, -1]], 1), ([[2, 2], [2, -2]], 3)):
        gate = Gate("h", [[r, r], [r, -r]], ExactMatrix("Z[w8]/sqrt2", rows, exponent))
        assert gate.exact is not None
        assert gate.exact.exponent == 1
        assert gate.exact.numbers[:, :, 0].tolist() == [[1, 1], [1, -1]]


@pytest.mark.parametrize("name", ["clifford_t", "clifford_t on two", "hrc", "fibonacci"])
@settings(max_examples=20)
@given(data=st.data())
def test_keys_of_long_words_are_equal_exactly_if_unitaries_are(
    name: str, data: st.DataObject
) -> None:
    """Words whose integers may or may not fit 64 bits; phases and inverses are put into them."""
    instructions = instructions_of(name)
    code = st.integers(0, len(instructions) - 1)
    grow = {
        "clifford_t": [0, 3],
        "clifford_t on two": [0, 2, 6],
        "hrc": [0, 2],
        "fibonacci": [0, 3],
    }
    times = data.draw(st.integers(20, 140))
    one = [*grow[name] * times, *data.draw(st.lists(code, max_size=10))]
    other = list(one)
    identity = np.eye(instructions.dim)
    phases = [
        word
        for word in PHASES[name]
        if same_up_to_phase(circuit_unitary(instructions, word, 1), identity)
    ]
    for _ in range(data.draw(st.integers(1, 4))):
        cut = data.draw(st.integers(0, len(other)))
        other[cut:cut] = data.draw(st.sampled_from(phases))
    changed = data.draw(st.booleans())
    if changed:
        other.append(data.draw(code))
    width = max(len(one), len(other))
    codes = np.array([[*w, *[0] * (width - len(w))] for w in (one, other)], instructions.code_dtype)
    lengths = np.array([len(one), len(other)], dtype=np.uint16)
    first, second = circuit_keys(instructions, Circuits(codes, lengths))
    u, v = (circuit_unitary(instructions, w, 1) for w in (one, other))
    assert (first == second).all() == same_up_to_phase(u, v)
    assert changed or (first == second).all()


def test_wide_integers_are_hashed_by_their_value() -> None:
    """Each integer counts, its sign and its upper words; what fits 64 bits is hashed as before."""
    base = [3, 2**200, -(2**70), 5]
    others = [[3, 2**200 + 1, -(2**70), 5], [3, -(2**200), -(2**70), 5], [3, 2**200, 2**70, 5]]
    others += [[3, 2**200 + 2**128, -(2**70), 5], [4, 2**200, -(2**70), 5], base[::-1]]
    keys = hash_wide_rows(np.array([base, base, *others], dtype=object), 128)
    assert keys[0].tolist() == keys[1].tolist()
    assert len(np.unique(keys, axis=0)) == 1 + len(others)
    small = np.array([[3, 1 - 2**63, 2**63 - 1, 5]], dtype=object)
    assert (hash_wide_rows(small, 64) == hash_rows(small.astype(np.int64), 64)).all()
