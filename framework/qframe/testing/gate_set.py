"""GateSetContract: the tests that every gate set has to pass."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import numpy as np

from qframe.circuits.gates import UNITARY_TOLERANCE
from qframe.circuits.instructions import InstructionSet
from qframe.contracts.gate_set import GateSet
from qframe.testing.plugin import PluginContract, require


class GateSetContract(PluginContract):
    """Tests of a gate set: unitary gates, and instructions that are the same each time.

    Subclass it in a test file, and pytest collects the tests::

        class TestMine(GateSetContract):
            plugin = Mine
            options = {"qubits": 2}

    Attributes:
        plugin: the gate-set class under test.
        options: its options, as they stand in the YAML beside `plugin:`.
    """

    plugin: ClassVar[type[GateSet[Any]]]

    def make(self) -> GateSet[Any]:
        """A new gate set with the options."""
        return self.plugin(self.read_options())

    def test_names_are_unique(self) -> None:
        names = [gate.name for gate in self.make().gates()]
        require(len(set(names)) == len(names), f"names repeat: {names}")

    def test_gates_are_unitary(self) -> None:
        for gate in self.make().gates():
            size = 1 << gate.qubits
            require(
                gate.matrix.shape == (size, size),
                f"gate {gate.name!r} has shape {gate.matrix.shape}, want {(size, size)}",
            )
            deviation = np.abs(gate.matrix.conj().T @ gate.matrix - np.eye(size)).max()
            require(deviation <= UNITARY_TOLERANCE, f"gate {gate.name!r} is off by {deviation}")

    def test_two_instances_give_the_same_instructions(self) -> None:
        first, second = (json.dumps(self.make().instructions().to_data()) for _ in range(2))
        require(first == second, "instructions() differs between two instances")

    def test_a_second_call_gives_the_same_instructions(self) -> None:
        gate_set = self.make()
        first, second = (json.dumps(gate_set.instructions().to_data()) for _ in range(2))
        require(first == second, "instructions() differs between two calls")

    def test_instructions_act_on_the_register(self) -> None:
        gate_set = self.make()
        instructions = gate_set.instructions()
        require(instructions.qubits == gate_set.options.qubits, "instructions() has other qubits")
        wide = instructions.matrices
        deviation = np.abs(wide.conj().transpose(0, 2, 1) @ wide - np.eye(instructions.dim)).max()
        require(deviation <= UNITARY_TOLERANCE, f"a widened gate is off by {deviation}")

    def test_instructions_survive_the_recipe(self) -> None:
        instructions = self.make().instructions()
        text = json.dumps(instructions.to_data())
        again = InstructionSet.from_data(json.loads(text))
        require(json.dumps(again.to_data()) == text, "from_data(to_data()) differs")
        require(
            again.matrices.tobytes() == instructions.matrices.tobytes(),
            "from_data(to_data()) has other matrices",
        )

    def test_exact_entries_survive_the_recipe(self) -> None:
        instructions = self.make().instructions()
        text = json.dumps(instructions.to_data(exact=True))
        again = InstructionSet.from_data(json.loads(text))
        require(json.dumps(again.to_data(exact=True)) == text, "from_data(to_data()) differs")
