"""Clifford: the choice of gates, and the published order of the group."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qframe import GateSetOptions, InstructionSet
from qframe_plugins.gate_sets.clifford import Clifford
from qframe_plugins.gate_sets.clifford_t import CliffordT


def instructions(**options: Any) -> InstructionSet:
    return Clifford(GateSetOptions.model_validate(options)).instructions()


def names(placed: InstructionSet) -> list[str]:
    return [str(i) for i in placed.instructions]


def test_the_gates_used_when_none_are_named() -> None:
    assert names(instructions()) == ["h 0", "s 0", "sdg 0"]
    assert names(instructions(qubits=2))[-2:] == ["cx 0 1", "cx 1 0"]


def test_all_ten_gates_can_be_named() -> None:
    every = ["h", "s", "sdg", "x", "y", "z", "sx", "cx", "cz", "swap"]
    assert [gate.name for gate in Clifford(GateSetOptions.model_validate({})).gates()] == every
    # Symmetric gates stand once a pair: 7 gates on 2 qubits, cx twice, cz and swap once.
    assert len(instructions(qubits=2, gates=every)) == 7 * 2 + 2 + 1 + 1


def test_gates_shared_with_clifford_t_are_the_same_matrices() -> None:
    other = {
        gate.name: gate.matrix for gate in CliffordT(GateSetOptions.model_validate({})).gates()
    }
    for gate in Clifford(GateSetOptions.model_validate({})).gates():
        if gate.name in other:
            assert gate.matrix.tobytes() == other[gate.name].tobytes()


def test_sx_squared_is_x_and_swap_is_three_cx() -> None:
    one = instructions(gates=["sx", "x"]).matrices
    assert (one[0] @ one[0] == one[1]).all()
    swap, there, back = instructions(qubits=2, gates=["swap", "cx"]).matrices
    assert (there @ back @ there == swap).all()


@pytest.mark.parametrize(("qubits", "order"), [(1, 24), (2, 11_520)])
def test_the_order_of_the_group_up_to_phase(qubits: int, order: int) -> None:
    assert len(_group(instructions(qubits=qubits).matrices)) == order


def _group(generators: NDArray[np.complex128]) -> set[bytes]:
    """Every product up to phase: whole generations at once, compared by rounded bytes."""
    size = generators.shape[-1]
    newest = np.eye(size, dtype=complex)[None]
    found = set(_keys(newest))
    while len(newest):
        products = np.einsum("gij,njk->gnik", generators, newest).reshape(-1, size, size)
        fresh = {key: i for i, key in enumerate(_keys(products)) if key not in found}
        found |= fresh.keys()
        newest = products[list(fresh.values())]
    return found


def _keys(unitaries: NDArray[np.complex128]) -> list[bytes]:
    flat = unitaries.reshape(len(unitaries), -1)
    first = flat[np.arange(len(flat)), (np.abs(flat) > 1e-6).argmax(axis=1)]
    turned = np.round(flat * (np.abs(first) / first)[:, None], 6) + 0.0
    return [row.tobytes() for row in turned]
