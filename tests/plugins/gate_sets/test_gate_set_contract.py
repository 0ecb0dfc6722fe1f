"""The contract kit over every built-in gate set."""

from __future__ import annotations

from typing import Any, ClassVar

from qframe.testing import GateSetContract
from qframe_plugins.gate_sets.clifford import Clifford
from qframe_plugins.gate_sets.clifford_ccz import CliffordCcz
from qframe_plugins.gate_sets.clifford_cs import CliffordCs
from qframe_plugins.gate_sets.clifford_t import CliffordT
from qframe_plugins.gate_sets.fibonacci import Fibonacci
from qframe_plugins.gate_sets.hrc import Hrc
from qframe_plugins.gate_sets.ibm import Ibm
from qframe_plugins.gate_sets.ion_trap import IonTrap
from qframe_plugins.gate_sets.matrices import Matrices
from qframe_plugins.gate_sets.rotations import Rotations
from qframe_plugins.gate_sets.sycamore import Sycamore


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


class TestHrc(GateSetContract):
    plugin = Hrc
    options: ClassVar[dict[str, Any]] = {}


class TestFibonacci(GateSetContract):
    plugin = Fibonacci
    options: ClassVar[dict[str, Any]] = {}


class TestCliffordCs(GateSetContract):
    plugin = CliffordCs
    options: ClassVar[dict[str, Any]] = {"qubits": 3}


class TestCliffordCcz(GateSetContract):
    plugin = CliffordCcz
    options: ClassVar[dict[str, Any]] = {"qubits": 4, "coupling": "line"}


class TestIbm(GateSetContract):
    plugin = Ibm
    options: ClassVar[dict[str, Any]] = {"qubits": 3, "steps": 5, "entangler": "ecr"}


class TestIonTrap(GateSetContract):
    plugin = IonTrap
    options: ClassVar[dict[str, Any]] = {"qubits": 2, "steps": 3, "ms_steps": 4}


class TestSycamore(GateSetContract):
    plugin = Sycamore
    options: ClassVar[dict[str, Any]] = {"qubits": 4, "coupling": {"rows": 2, "columns": 2}}


class TestRotations(GateSetContract):
    plugin = Rotations
    options: ClassVar[dict[str, Any]] = {"k": [0, 20]}
