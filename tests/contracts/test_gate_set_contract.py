"""The contract kit over every built-in gate set."""

from __future__ import annotations

from typing import Any, ClassVar

from qframe.testing import GateSetContract
from qframe_plugins.gate_sets.clifford import Clifford
from qframe_plugins.gate_sets.clifford_t import CliffordT
from qframe_plugins.gate_sets.matrices import Matrices


class TestCliffordT(GateSetContract):
    plugin = CliffordT


class TestCliffordTOnALine(GateSetContract):
    plugin = CliffordT
    options: ClassVar[dict[str, Any]] = {
        "qubits": 4,
        "gates": ["t", "cz", "y", "cx"],
        "coupling": "line",
    }


class TestClifford(GateSetContract):
    plugin = Clifford
    options: ClassVar[dict[str, Any]] = {"qubits": 3, "coupling": [[0, 1], [1, 2]]}


class TestMatrices(GateSetContract):
    plugin = Matrices
    options: ClassVar[dict[str, Any]] = {
        "qubits": 2,
        "gates": {
            "v3": [["(1+2*i)/sqrt(5)", 0], [0, "(1-2*i)/sqrt(5)"]],
            "cz": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, -1]],
        },
    }
