"""Products in a ring: what they are, whatever their order, and never past 64 bits."""

from __future__ import annotations

from functools import cache, reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qframe
from qframe import Circuits, ConfigError, ExactMatrix, Gate, InstructionSet, circuit_unitary
from qframe.circuits.exact.products import ExactMatrices, ExactProducts
from qframe.contracts.gate_set import GateSet
from qframe.rings.registry import rings
from qframe.rings.ring import Integers, Ring
from qframe.rings.rounding import nearest_doubles
from qframe_plugins.gate_sets.clifford_ccz import CliffordCcz
from qframe_plugins.gate_sets.clifford_cs import CliffordCs
from qframe_plugins.gate_sets.clifford_t import CliffordT
from qframe_plugins.gate_sets.fibonacci import Fibonacci
from qframe_plugins.gate_sets.hrc import Hrc

GATE_SETS: dict[str, tuple[type[GateSet[Any]], dict[str, Any]]] = {
    "clifford_t": (CliffordT, {}),
    "clifford_t on two": (CliffordT, {"qubits": 2}),
    "clifford_cs": (CliffordCs, {}),
    "clifford_ccz": (CliffordCcz, {}),
    "hrc": (Hrc, {}),
    "hrc on two": (Hrc, {"qubits": 2}),
    "fibonacci": (Fibonacci, {}),
    "fibonacci on two": (Fibonacci, {"qubits": 2}),
}


@cache
def instructions_of(name: str) -> InstructionSet:
    cls, options = GATE_SETS[name]
    return cls(cls.Options.model_validate(options)).instructions()


@cache
def products_of(name: str) -> ExactProducts:
    return ExactProducts(instructions_of(name))


def circuits(instructions: InstructionSet, words: list[list[int]]) -> Circuits:
    width = max(1, *map(len, words))
    codes = np.zeros((len(words), width), dtype=instructions.code_dtype)
    for row, word in zip(codes, words, strict=True):
        row[: len(word)] = word
    return Circuits(codes, np.array([len(word) for word in words], dtype=np.uint16))


def exact(name: str, *words: list[int]) -> ExactMatrices:
    given = circuits(instructions_of(name), list(words))
    return products_of(name).multiply(given.codes, given.lengths)


@pytest.mark.parametrize("name", GATE_SETS)
def test_rounded_products_are_the_float_ones_to_1e_12(name: str) -> None:
    instructions = instructions_of(name)
    random = np.random.default_rng(5)
    words = [random.integers(len(instructions), size=n % 26).tolist() for n in range(60)]
    made = exact(name, *words)
    got = nearest_doubles(made.ring, made.numbers, made.exponents)
    for word, unitary in zip(words, got, strict=True):
        assert np.abs(unitary - circuit_unitary(instructions, word, 1)).max() < 1e-12


def multiplied(ring: Ring, a: ExactMatrices, b: ExactMatrices) -> ExactMatrices:
    """`a @ b` of one matrix each, by the definition: a convolution of coefficients."""
    d, degree = a.numbers.shape[1], ring.degree
    out = np.zeros((d, d, degree), dtype=np.int64)
    for r, c, m in np.ndindex(d, d, d):
        power: Integers = b.numbers[0, m, c]
        for j in range(degree):
            out[r, c] += a.numbers[0, r, m, j] * power
            power = ring.times_x(power)
    numbers, exponents = out[None].copy(), a.exponents + b.exponents
    ring.reduce(numbers, exponents)
    return ExactMatrices(ring, numbers, exponents)


@pytest.mark.parametrize("name", ["clifford_t", "clifford_cs", "hrc", "fibonacci on two"])
@settings(max_examples=25)
@given(data=st.data())
def test_no_order_of_association_changes_a_number(name: str, data: st.DataObject) -> None:
    code = st.integers(0, len(instructions_of(name)) - 1)
    word = data.draw(st.lists(code, min_size=1, max_size=12))
    parts = [exact(name, [code]) for code in word]
    while len(parts) > 1:
        at = data.draw(st.integers(0, len(parts) - 2))
        parts[at : at + 2] = [multiplied(parts[0].ring, parts[at + 1], parts[at])]
    whole = exact(name, word)
    assert whole.numbers.tolist() == parts[0].numbers.tolist()
    assert whole.exponents.tolist() == parts[0].exponents.tolist()


def test_a_circuit_does_not_depend_on_those_beside_it() -> None:
    random = np.random.default_rng(3)
    words = [random.integers(6, size=n).tolist() for n in (0, 1, 7, 30, 200)]
    together = exact("clifford_t", *words)
    for i, word in enumerate(words):
        alone = exact("clifford_t", word)
        assert alone.numbers[0].tolist() == together.numbers[i].tolist()
        assert alone.exponents[0] == together.exponents[i]


def test_a_reduced_exponent_is_the_least() -> None:
    assert exact("clifford_t", [0, 0], [0], [0, 3, 0]).exponents.tolist() == [0, 1, 2]
    made = exact("clifford_t", [0, 3] * 10, [0, 1, 0], [0, 3, 3, 0, 4, 0])
    numbers, exponents = made.numbers.copy(), made.exponents.copy()
    for times in range(1, 8):
        numbers = numbers @ np.array([[0, 1, 0, -1], [1, 0, 1, 0], [0, 1, 0, 1], [-1, 0, 1, 0]])
        again, fewer = numbers.copy(), exponents + times
        made.ring.reduce(again, fewer)
        assert again.tolist() == made.numbers.tolist()
        assert fewer.tolist() == made.exponents.tolist()
    assert exact("hrc", [0, 1]).exponents.tolist() == [0]
    assert exact("hrc", [0, 2] * 6).exponents.tolist() == [12]


def test_a_long_circuit_of_few_different_numbers_does_not_overflow() -> None:
    made = exact("clifford_t", [0, 3] * 50 + [4, 0] * 50)  # a word and its inverse
    assert made.exponents.tolist() == [0]
    assert made.numbers[0, :, :, 0].tolist() == [[1, 0], [0, 1]]


FAST: dict[str, list[int]] = {
    "clifford_t": [0, 3],
    "hrc": [0, 2],
    "fibonacci": [0, 3],
    "clifford_t on two": [0, 6, 12, 1, 7],
    "clifford_ccz": [0, 1, 2, 15],
}
"""Words that make integers grow when they are repeated."""


def with_python(name: str, word: list[int], lengths: list[int]) -> dict[int, tuple[Any, int]]:
    """The entries and the exponent of each prefix of a word, not reduced, with Python's integers.

    The gates are those of one code each, widened by the definition of the product's first step.
    """
    gates = {code: exact(name, [code]) for code in set(word)}
    ring, dim = gates[word[0]].ring, instructions_of(name).dim
    state = [[[int(r == c), *[0] * (ring.degree - 1)] for c in range(dim)] for r in range(dim)]
    exponent, found = 0, {}
    for k, code in enumerate(word, 1):
        matrix = gates[code].numbers[0].tolist()
        old = state
        state = [
            [
                [
                    sum(values)
                    for values in zip(
                        *(
                            times(ring, matrix[r][m], old[m][c])
                            for m in range(dim)
                            if any(matrix[r][m])
                        ),
                        strict=True,
                    )
                ]
                for c in range(dim)
            ]
            for r in range(dim)
        ]
        exponent += int(gates[code].exponents[0])
        if k in lengths:
            found[k] = (state, exponent)
    return found


def scaled(ring: Ring, numbers: Any, by: int) -> Any:
    """The entries times the base to the power `by`."""
    twice, odd = divmod(by, 2)
    base = {8: 2, 4: 5, 10: 1}[ring.roots]
    root = [0, 1, 0, -1] if odd else [1] + [0] * (ring.degree - 1)  # sqrt(2) = x - x^3
    return [
        [[x * base**twice for x in times(ring, root, entry)] for entry in row] for row in numbers
    ]


@pytest.mark.parametrize(
    ("name", "longest"),
    [
        *(("clifford_t", 520), ("hrc", 85), ("fibonacci", 140)),
        ("clifford_t on two", 640),
        pytest.param("clifford_ccz", 500, marks=pytest.mark.long),
    ],
)
def test_products_are_right_on_both_sides_of_64_bits(name: str, longest: int) -> None:
    """Prefixes of one word in one call: some fit, some do not; Python's integers have no limit."""
    word = (FAST[name] * longest)[:longest]
    lengths = [1, 2, 3, *range(longest - 80, longest + 1, 5)]
    want = with_python(name, word, lengths)
    codes = np.tile(np.array(word, dtype=np.uint8), (len(lengths), 1))
    given = Circuits(codes, np.array(lengths, dtype=np.uint16))
    kinds = {"narrow": 0, "wide": 0}
    for rows, made in products_of(name).parts(given):
        kinds["wide" if made.wide else "narrow"] += len(made)
        doubles = nearest_doubles(made.ring, made.numbers, made.exponents)
        for n, numbers, exponent, unitary in zip(
            given.lengths[rows].tolist(),
            made.numbers.tolist(),
            made.exponents,
            doubles,
            strict=True,
        ):
            largest = max(abs(x) for row in numbers for entry in row for x in entry)
            assert (largest > 2**60) is made.wide
            entries, power = want[n]
            assert scaled(made.ring, numbers, power - int(exponent)) == entries
            near = circuit_unitary(instructions_of(name), word[:n], 1)
            assert np.abs(unitary - near).max() < 1e-11
    assert kinds["narrow"] > 3
    assert kinds["wide"] > 3


@pytest.mark.parametrize("name", ["clifford_t", "hrc", "fibonacci"])
def test_what_outgrows_64_bits_on_the_way_and_cancels_is_small_again(name: str) -> None:
    inverse = {"clifford_t": {0: 0, 3: 4}, "hrc": {0: 1, 2: 3}, "fibonacci": {0: 1, 3: 2}}[name]
    word = FAST[name] * 300
    back = [inverse[code] for code in word[::-1]]
    made, short = exact(name, [*word, *back, *FAST[name]]), exact(name, FAST[name])
    assert exact(name, word).wide
    assert made.numbers.tolist() == short.numbers.tolist()
    assert made.exponents.tolist() == short.exponents.tolist()
    both = circuits(instructions_of(name), [[*word, *back, *FAST[name]], FAST[name]])
    one, other = qframe.circuit_keys(instructions_of(name), both)
    assert one.tolist() == other.tolist()


def test_gates_with_large_integers_do_not_overflow_a_table() -> None:
    """diag(e^(ip), e^(-ip)) with cos p = 7/25: an integer of it grows 31 times in each step."""
    p = complex(7, 24) / 25
    entries = ExactMatrix("Z[i]/sqrt5", [[(7, 24), 0], [0, (7, -24)]], 4)
    gate = Gate("p", [[p, 0], [0, p.conjugate()]], entries)
    instructions = InstructionSet(1, (gate,), (qframe.Instruction("p", (0,)),))
    made = ExactProducts(instructions).multiply(np.zeros((1, 60), np.uint8), np.array([60]))
    re, im = 1, 0
    for _ in range(60):
        re, im = 7 * re - 24 * im, 24 * re + 7 * im
    assert made.numbers[0, 0, 0].tolist() == [re, im]
    assert made.exponents.tolist() == [240]


def times(ring: Ring, a: list[int], b: list[int]) -> list[int]:
    total = [0] * ring.degree
    power = list(b)
    for x in a:
        total = [t + x * p for t, p in zip(total, power, strict=True)]
        top = power[-1]
        power = [p + top * w for p, w in zip([0, *power[:-1]], ring.wrap, strict=True)]
    return total


@pytest.mark.parametrize("ring", rings().values(), ids=lambda ring: ring.name)
@settings(max_examples=40)
@given(data=st.data())
def test_equal_matrices_have_equal_integers_and_exponents(ring: Ring, data: st.DataObject) -> None:
    """Whatever power of the base both are multiplied by, and wide or narrow."""
    integer = st.integers(-(2**20), 2**20)
    size = 4 * ring.degree
    flat = data.draw(st.lists(integer, min_size=size, max_size=size).filter(any))
    numbers = np.array(flat).reshape(1, 2, 2, ring.degree)
    exponents = np.array([data.draw(st.integers(-3, 9))])
    power = data.draw(st.integers(0, 8))
    if ring.roots != 8:
        power -= power % 2  # the root of the base is not in the ring
    longer = np.array([scaled(ring, numbers[0].tolist(), power)], dtype=object)
    more = exponents + power
    ring.reduce(numbers, exponents)
    for dtype in (np.int64, object):
        again, fewer = longer.astype(dtype), more.copy()
        ring.reduce(again, fewer)
        assert again.tolist() == numbers.tolist()
        assert fewer.tolist() == exponents.tolist()


def test_gates_declare_their_entries_and_false_ones_are_refused() -> None:
    t: list[list[complex]] = [[1, 0], [0, 0.5**0.5 * (1 + 1j)]]
    Gate("t", t, ExactMatrix("Z[w8]/sqrt2", [[1, 0], [0, [0, 1]]]))
    with pytest.raises(ConfigError, match="gate 't': exact entries and matrix differ"):
        Gate("t", t, ExactMatrix("Z[w8]/sqrt2", [[1, 0], [0, [0, 0, 1]]]))
    with pytest.raises(ConfigError, match=r"exact entries are \(1, 1\), want \(2, 2\)"):
        Gate("t", t, ExactMatrix("Z[w8]/sqrt2", [[1]]))
    with pytest.raises(ConfigError, match="ring 'Z' is unknown"):
        ExactMatrix("Z", [[1]])
    with pytest.raises(ConfigError, match="is not a number of"):
        ExactMatrix("Z[i]/sqrt5", [[[1, 2, 3]]])


def test_a_determinant_that_is_no_root_of_unity_is_refused() -> None:
    """diag(1, (3 + 4i)/5): phases of its products are not powers of i, so keys would be wrong."""
    matrix: list[list[complex]] = [[1, 0], [0, 0.6 + 0.8j]]
    with pytest.raises(ConfigError, match="determinant is not a root of unity"):
        Gate("odd", matrix, ExactMatrix("Z[i]/sqrt5", [[5, 0], [0, [3, 4]]], 2))
    assert Gate("odd", matrix).exact_in(rings()["Z[i]/sqrt5"]) is None


@pytest.mark.parametrize("name", GATE_SETS)
def test_declared_entries_are_those_that_are_recognised(name: str) -> None:
    instructions = instructions_of(name)
    assert instructions.exact is not None
    for gate, entries in zip(instructions.gates, instructions.exact, strict=True):
        bare = Gate(gate.name, gate.matrix).exact_in(entries.ring)
        assert bare is not None
        assert bare.to_data() == entries.to_data()


def test_gates_in_no_common_ring_have_none() -> None:
    v1, t = instructions_of("hrc").gates[0], instructions_of("clifford_t").gates[3]
    both = InstructionSet(1, (v1, t), instructions_of("hrc").instructions[:1])
    assert both.exact is None
    small = Gate("small", [[1, 0], [0, np.exp(1e-9j)]])
    assert all(small.exact_in(ring) is None for ring in rings().values())


def test_x_lies_in_every_ring_so_that_it_goes_with_any_gates() -> None:
    v1, x = instructions_of("hrc").gates[0], Gate("x", [[0, 1], [1, 0]])
    both = InstructionSet(1, (v1, x), instructions_of("hrc").instructions[:1])
    assert both.exact is not None
    assert {entries.ring.name for entries in both.exact} == {"Z[i]/sqrt5"}


def test_the_recipe_gets_declared_entries_back() -> None:
    for name in GATE_SETS:
        instructions = instructions_of(name)
        data = instructions.to_data(exact=True)
        again = InstructionSet.from_data(data)
        assert again.to_data(exact=True) == data
        assert reduce(lambda found, g: found and g.exact is not None, again.gates, True)
