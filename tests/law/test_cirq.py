"""Unitaries equal Cirq's once the qubits are reversed: its first qubit is the most significant."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qframe

with warnings.catch_warnings():
    # Cirq and what it imports announce their own future removals; nothing of ours is meant.
    warnings.simplefilter("ignore", DeprecationWarning)
    cirq = pytest.importorskip("cirq")

GATES: dict[str, Any] = {
    "h": cirq.H,
    "s": cirq.S,
    "sdg": cirq.S**-1,
    "t": cirq.T,
    "tdg": cirq.T**-1,
    "x": cirq.X,
    "y": cirq.Y,
    "z": cirq.Z,
    "cx": cirq.CNOT,
    "cz": cirq.CZ,
}
Config = Callable[..., Path]


def cirq_unitary(record: qframe.Record, qubits: int) -> Any:
    """Cirq's matrix in our order: qubit 0 comes last in Cirq's list of qubits."""
    line = cirq.LineQubit.range(qubits)
    circuit = cirq.Circuit(GATES[gate](*(line[q] for q in on)) for gate, on in record.circuit)
    return circuit.unitary(qubit_order=line[::-1], qubits_that_should_be_present=line)


@pytest.mark.parametrize("qubits", [1, 2, 3, 4])
def test_unitaries_equal_cirqs_after_reversing_the_qubits(qubits: int, config: Config) -> None:
    gates = [name for name in GATES if qubits > 1 or name not in ("cx", "cz")]
    path = config(
        records=40,
        gate_set={"plugin": "clifford_t", "qubits": qubits, "gates": gates},
        sampler={"plugin": "uniform", "length": {"min": 0, "max": 40}},
    )
    for record in qframe.open(path):
        assert np.abs(record.unitary - cirq_unitary(record, qubits)).max() <= 1e-12
