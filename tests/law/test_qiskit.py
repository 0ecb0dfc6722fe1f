"""Unitaries equal Qiskit's, to 1e-12 and with no freedom of phase: same order, same gates."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qframe

with warnings.catch_warnings():
    # Qiskit announces its own future removals while it is imported; nothing of ours is meant.
    warnings.simplefilter("ignore", DeprecationWarning)
    qiskit = pytest.importorskip("qiskit")
    quantum_info = pytest.importorskip("qiskit.quantum_info")

GATES = ["h", "s", "sdg", "t", "tdg", "x", "y", "z"]
PAIRS = ["cx", "cz"]
Config = Callable[..., Path]


def dataset(config: Config, qubits: int, records: int = 40) -> qframe.Dataset:
    gates = GATES + (PAIRS if qubits > 1 else [])
    gate_set = {"plugin": "clifford_t", "qubits": qubits, "gates": gates}
    sampler = {"plugin": "uniform", "length": {"min": 0, "max": 40}}
    return qframe.open(config(records=records, gate_set=gate_set, sampler=sampler))


def as_qiskit(record: qframe.Record, qubits: int) -> Any:
    circuit = qiskit.QuantumCircuit(qubits)
    for gate, on in record.circuit:
        getattr(circuit, gate)(*on)
    return circuit


@pytest.mark.parametrize("qubits", [1, 2, 3, 4])
def test_unitaries_equal_qiskits_operator(qubits: int, config: Config) -> None:
    for record in dataset(config, qubits):
        want = quantum_info.Operator(as_qiskit(record, qubits)).data
        assert np.abs(record.unitary - want).max() <= 1e-12


def test_every_instruction_alone_equals_qiskits(config: Config) -> None:
    instructions = dataset(config, 3).recipe.instructions
    for code, (gate, on) in enumerate(instructions.instructions):
        circuit = qiskit.QuantumCircuit(3)
        getattr(circuit, gate)(*on)
        difference = instructions.matrices[code] - quantum_info.Operator(circuit).data
        assert np.abs(difference).max() <= 1e-15, (gate, on)


def test_our_circuits_hold_every_gate_that_is_compared(config: Config) -> None:
    seen = {gate for record in dataset(config, 4) for gate, _ in record.circuit}
    assert seen == {*GATES, *PAIRS}
