"""Whole circuits of the hardware's and the exotic gate sets against Qiskit, no freedom of phase."""

from __future__ import annotations

import warnings
from math import pi
from typing import Any

import numpy as np
import pytest

import qframe

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    qiskit = pytest.importorskip("qiskit")
    library = pytest.importorskip("qiskit.circuit.library")
    quantum_info = pytest.importorskip("qiskit.quantum_info")

CASES: list[tuple[dict[str, Any], tuple[int, ...]]] = [
    ({"plugin": "ibm", "steps": 8, "entangler": "cx"}, (1, 2, 3, 4)),
    ({"plugin": "ibm", "steps": 5, "entangler": "ecr"}, (2, 4)),
    ({"plugin": "ibm", "steps": 12, "entangler": "cz"}, (2, 3)),
    ({"plugin": "rotations", "k": [1, 4, 7]}, (1, 2, 3, 4)),
    (
        {"plugin": "clifford_cs", "gates": ["h", "s", "sdg", "x", "cx", "cz", "swap", "cs"]},
        (2, 3, 4),
    ),
    ({"plugin": "clifford_ccz", "gates": ["h", "s", "sdg", "y", "z", "cx", "swap", "ccz"]}, (3, 4)),
    ({"plugin": "clifford_ccz", "third": "ccx", "gates": ["h", "s", "cx", "ccx"]}, (3, 4)),
]


def gate_of(name: str, options: dict[str, Any]) -> Any:
    """Qiskit's gate for one of our names."""
    if name.startswith("rz_") and "steps" in options:
        return library.RZGate(2 * pi * int(name[3:]) / options["steps"])
    if "_pi" in name:
        axis, _, angle = name.partition("_pi")
        sign = -1 if angle.endswith("dg") else 1
        gate = {"rx": library.RXGate, "ry": library.RYGate, "rz": library.RZGate}[axis]
        return gate(sign * pi / int(angle.removesuffix("dg")))
    known = {"sdg": "SdgGate", "sx": "SXGate", "cs": "CSGate", "ccz": "CCZGate", "ccx": "CCXGate"}
    return getattr(library, known.get(name, f"{name.upper()}Gate").replace("SWAPG", "SwapG"))()


@pytest.mark.parametrize(
    ("options", "qubits"),
    [(options, qubits) for options, sizes in CASES for qubits in sizes],
    ids=lambda value: f"{value['plugin']}-{len(value)}" if isinstance(value, dict) else str(value),
)
def test_circuits_equal_qiskits(options: dict[str, Any], qubits: int, config: Any) -> None:
    path = config(
        records=15,
        gate_set={**options, "qubits": qubits},
        sampler={"plugin": "uniform", "length": {"min": 10, "max": 40}},
    )
    seen = set()
    for record in qframe.open(path):
        circuit = qiskit.QuantumCircuit(qubits)
        for name, on in record.circuit:
            circuit.append(gate_of(name, options), on)
            seen.add(name)
        assert np.abs(record.unitary - quantum_info.Operator(circuit).data).max() <= 1e-12
    assert seen == {gate.name for gate in qframe.open(path).recipe.instructions.gates}
