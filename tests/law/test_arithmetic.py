"""The arithmetic of the law against algebra, and against NumPy's own matrix product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qframe import Gate, Instruction, InstructionSet, circuit_unitary, fold_for
from qframe_plugins.gate_sets._gates.standard_gates import standard
from qframe_plugins.gate_sets.clifford_t import CliffordT

NAMES = ["h", "s", "sdg", "t", "tdg", "x", "y", "z", "cx", "cz"]
INVERSE = {"s": "sdg", "sdg": "s", "t": "tdg", "tdg": "t"}


def clifford_t(qubits: int) -> InstructionSet:
    names = [name for name in NAMES if qubits > 1 or name[0] != "c"]
    options = CliffordT.Options.model_validate({"qubits": qubits, "gates": names})
    return CliffordT(options).instructions()  # type: ignore[arg-type]


SETS = {qubits: clifford_t(qubits) for qubits in (1, 2, 3)}


@st.composite
def circuits(draw: st.DrawFn, longest: int = 30) -> tuple[InstructionSet, list[int]]:
    instructions = SETS[draw(st.sampled_from(sorted(SETS)))]
    codes = st.lists(st.integers(0, len(instructions) - 1), max_size=longest)
    return instructions, draw(codes)


def fold_of(instructions: InstructionSet) -> int:
    return fold_for(len(instructions), instructions.qubits)


def product(instructions: InstructionSet, codes: Sequence[int]) -> NDArray[Any]:
    """`G_L ... G_2 G_1`, gate by gate."""
    unitary: NDArray[Any] = np.eye(instructions.dim, dtype=np.complex128)
    for code in codes:
        unitary = np.matmul(instructions.matrices[code], unitary)
    return unitary


@given(circuit=circuits(), fold=st.integers(1, 6))
def test_the_reference_equals_a_plain_product_loop(
    circuit: tuple[InstructionSet, list[int]], fold: int
) -> None:
    got = circuit_unitary(*circuit, fold)
    assert np.abs(got - product(*circuit)).max() <= 1e-12


@given(circuit=circuits())
def test_a_circuit_then_its_inverse_is_the_identity(
    circuit: tuple[InstructionSet, list[int]],
) -> None:
    instructions, codes = circuit
    code_of = {instruction: code for code, instruction in enumerate(instructions.instructions)}
    back = [
        code_of[Instruction(INVERSE.get(gate, gate), on)]
        for gate, on in reversed(instructions.circuit(codes))
    ]
    got = circuit_unitary(instructions, codes + back, fold_of(instructions))
    assert np.abs(got - np.eye(instructions.dim)).max() <= 1e-12


@given(circuit=circuits())
def test_unitaries_are_unitary_and_hold_no_negative_zero(
    circuit: tuple[InstructionSet, list[int]],
) -> None:
    got = circuit_unitary(*circuit, fold_of(circuit[0]))
    assert np.abs(got.conj().T @ got - np.eye(len(got))).max() <= 1e-12
    parts = got.view(np.float64)
    assert not np.signbit(parts[parts == 0.0]).any()


def reversed_bits(qubits: int) -> list[int]:
    return [int(f"{i:0{qubits}b}"[::-1], 2) for i in range(1 << qubits)]


@given(circuit=circuits())
def test_reversing_the_qubits_permutes_the_basis(
    circuit: tuple[InstructionSet, list[int]],
) -> None:
    instructions, codes = circuit
    top = instructions.qubits - 1
    mirrored = InstructionSet(
        instructions.qubits,
        instructions.gates,
        tuple(
            Instruction(gate, tuple(top - q for q in on)) for gate, on in instructions.instructions
        ),
    )
    order = reversed_bits(instructions.qubits)
    got = circuit_unitary(mirrored, codes, 1)
    assert np.abs(got - circuit_unitary(instructions, codes, 1)[np.ix_(order, order)]).max() < 1e-12


def test_the_first_gate_acts_first() -> None:
    one = SETS[1]
    codes = [NAMES.index("h"), NAMES.index("t")]
    h, t = (gate.matrix for gate in standard("h", "t"))
    assert np.allclose(circuit_unitary(one, codes, 1), t @ h, atol=1e-15)
    assert not np.allclose(circuit_unitary(one, codes, 1), h @ t)


def test_qubit_0_is_the_least_significant_bit() -> None:
    two = SETS[2]
    flip_0 = circuit_unitary(two, [two.instructions.index(Instruction("x", (0,)))], 1)
    assert flip_0[1, 0] == 1  # |00> to |01>, where the right digit is qubit 0
    flips_1 = circuit_unitary(two, [two.instructions.index(Instruction("cx", (0, 1)))], 1)
    assert flips_1[3, 1] == 1  # |01> to |11>: qubit 0 controls


def test_the_empty_circuit_is_the_identity() -> None:
    for instructions in SETS.values():
        assert np.array_equal(circuit_unitary(instructions, [], 3), np.eye(instructions.dim))


@given(count=st.integers(1, 5000), qubits=st.integers(1, 6))
def test_a_table_of_words_stays_within_half_a_mebibyte(count: int, qubits: int) -> None:
    fold = fold_for(count, qubits)
    assert fold >= 1
    if qubits > 2:
        assert fold == 1
    elif fold > 1:
        assert count**fold * 16 * 4**qubits <= 1 << 20
        assert fold == 16 or count ** (fold + 1) * 16 * 4**qubits > 1 << 20


def test_six_gates_on_one_qubit_make_words_of_five() -> None:
    assert fold_for(6, 1) == 5  # 6**5 = 7,776 products of 64 bytes: DESIGN's measurement


ROTATION = Gate("rx", [[0.6, -0.8j], [-0.8j, 0.6]])


def rounded_separately(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """`a @ b` with every product and sum a NumPy scalar operation, in the documented order."""
    size = len(a)
    out = np.empty((size, size), dtype=np.complex128)
    for r in range(size):
        for c in range(size):
            terms = [
                (
                    a[r, k].real * b[k, c].real,
                    a[r, k].imag * b[k, c].imag,
                    a[r, k].real * b[k, c].imag,
                    a[r, k].imag * b[k, c].real,
                )
                for k in range(size)
            ]
            re, im = terms[0][0] - terms[0][1], terms[0][2] + terms[0][3]
            for rr, ii, ri, ir in terms[1:]:
                re, im = (re + rr) - ii, (im + ri) + ir
            out[r, c] = complex(re, im)
    return out


@given(
    codes=st.lists(st.integers(0, 2), min_size=1, max_size=20),
    fold=st.integers(1, 5),
)
def test_words_are_folded_from_the_front_and_rounded_separately(
    codes: list[int], fold: int
) -> None:
    gates = (*standard("h", "t"), ROTATION)
    instructions = InstructionSet(1, gates, tuple(Instruction(g.name, (0,)) for g in gates))
    words = []
    for start in range(0, len(codes), fold):
        word = gates[codes[start]].matrix
        for code in codes[start + 1 : start + fold]:
            word = rounded_separately(gates[code].matrix, word)
        words.append(word)
    want = words[0]
    for word in words[1:]:
        want = rounded_separately(word, want)
    assert (want + 0.0).tobytes() == circuit_unitary(instructions, codes, fold).tobytes()


@pytest.mark.parametrize("qubits", [1, 2, 3])
def test_grouping_changes_only_last_bits(qubits: int) -> None:
    instructions = SETS[qubits]
    codes = np.random.default_rng(qubits).integers(len(instructions), size=200).tolist()
    results = [circuit_unitary(instructions, codes, fold) for fold in (1, 2, 5)]
    assert all(np.abs(one - results[0]).max() <= 1e-12 for one in results)
