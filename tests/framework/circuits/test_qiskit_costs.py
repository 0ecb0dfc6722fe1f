"""Labels against Qiskit's own counts: `depth`, `count_ops`, gates on two qubits."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import qframe
from qframe.circuits.costs import LABEL_NAMES

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    qiskit = pytest.importorskip("qiskit")


@pytest.mark.parametrize("qubits", [1, 2, 4])
def test_labels_are_qiskits_counts(qubits: int, config: Any) -> None:
    gates = ["t", "h", "tdg", "s", *["cx", "cz"][: 2 * (qubits > 1)]]
    path = config(
        records=100,
        labels=list(LABEL_NAMES),
        gate_set={"plugin": "clifford_t", "qubits": qubits, "gates": gates},
        sampler={"plugin": "uniform", "length": {"min": 0, "max": 40}},
    )
    for record in qframe.open(path):
        circuit = qiskit.QuantumCircuit(qubits)
        for gate, on in record.circuit:
            getattr(circuit, gate)(*on)
        ops = circuit.count_ops()
        assert dict(record.extra) == {
            "t_count": ops.get("t", 0) + ops.get("tdg", 0),
            "cx_count": ops.get("cx", 0),
            "two_qubit_count": circuit.num_nonlocal_gates(),
            "depth": circuit.depth(),
            "hardware_depth": circuit.depth(lambda i: i.operation.name not in ("t", "tdg", "s")),
            "two_qubit_depth": circuit.depth(lambda i: i.operation.num_qubits == 2),
            "t_depth": circuit.depth(lambda i: i.operation.name in ("t", "tdg")),
        }
