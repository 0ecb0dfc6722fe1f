"""EngineContract: the tests that every engine has to pass."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from qframe.circuits.arithmetic import circuit_unitary, fold_for
from qframe.circuits.circuits import Circuits
from qframe.circuits.instructions import InstructionSet
from qframe.contracts.engine import Engine
from qframe.testing.examples import (
    example_circuits,
    example_instructions,
    example_prefixes,
    many_instructions,
    same_bytes,
)
from qframe.testing.plugin import PluginContract, require

QUBITS = pytest.mark.parametrize("qubits", [1, 2, 3])
DTYPE = pytest.mark.parametrize("dtype", ["complex128", "complex64"])


class EngineContract(PluginContract):
    """Tests of an engine: its unitaries are those of the law's arithmetic, to the last bit.

    Subclass it in a test file, and pytest collects the tests::

        class TestMine(EngineContract):
            plugin = Mine

    Attributes:
        plugin: the engine class under test.
        options: its options, as they stand in the YAML beside `plugin:`.
    """

    plugin: ClassVar[type[Engine[Any]]]

    def multiply(
        self,
        instructions: InstructionSet,
        circuits: Circuits,
        dtype: str = "complex128",
        fold: int | None = None,
    ) -> NDArray[Any]:
        """The unitaries of circuits, from a new engine; with the law's `fold` if it is None."""
        if fold is None:
            fold = fold_for(len(instructions), instructions.qubits)
        engine = self.plugin(self.read_options(), instructions, fold)
        # What `out` holds before must not matter.
        out = np.full((len(circuits), instructions.dim, instructions.dim), np.nan, dtype=dtype)
        engine.multiply(circuits, out)
        return out

    @QUBITS
    @DTYPE
    def test_equals_the_law_to_the_last_bit(self, qubits: int, dtype: str) -> None:
        instructions = example_instructions(qubits)
        fold = fold_for(len(instructions), qubits)
        circuits = example_circuits(instructions, 40, 17)
        self._require_law(instructions, circuits, dtype, fold)

    @pytest.mark.parametrize(("qubits", "fold"), [(1, 1), (1, 3), (2, 1), (2, 2)])
    def test_any_fold_that_a_recipe_may_name(self, qubits: int, fold: int) -> None:
        instructions = example_instructions(qubits)
        circuits = example_circuits(instructions, 40, 17, seed=1)
        self._require_law(instructions, circuits, "complex128", fold)

    def test_long_circuits(self) -> None:
        instructions = example_instructions(1)
        circuits = example_circuits(instructions, 4, 300)
        self._require_law(instructions, circuits, "complex128", fold_for(len(instructions), 1))

    def test_more_instructions_than_a_byte_can_count(self) -> None:
        instructions = many_instructions()
        circuits = example_circuits(instructions, 40, 9)
        self._require_law(instructions, circuits, "complex128", fold_for(len(instructions), 1))

    def _require_law(
        self, instructions: InstructionSet, circuits: Circuits, dtype: str, fold: int
    ) -> None:
        got = self.multiply(instructions, circuits, dtype, fold)
        for i, length in enumerate(circuits.lengths.tolist()):
            codes = circuits.codes[i, :length].tolist()
            want = circuit_unitary(instructions, codes, fold).astype(dtype)
            require(
                same_bytes(got[i], want),
                f"circuit {codes} (fold {fold}): got\n{got[i]}\nwant, to the last bit,\n{want}",
            )

    @QUBITS
    def test_one_gate_gives_its_own_matrix(self, qubits: int) -> None:
        instructions = example_instructions(qubits)
        codes = np.arange(len(instructions), dtype=instructions.code_dtype)[:, None]
        got = self.multiply(instructions, Circuits(codes, np.ones(len(codes), np.uint8)))
        require(same_bytes(got, instructions.matrices + 0.0), "a gate is not its own matrix")

    @QUBITS
    @DTYPE
    def test_the_empty_circuit_is_the_identity(self, qubits: int, dtype: str) -> None:
        instructions = example_instructions(qubits)
        codes = np.zeros((3, 5), instructions.code_dtype)
        got = self.multiply(instructions, Circuits(codes, np.zeros(3, np.uint8)), dtype)
        want = np.tile(np.eye(instructions.dim, dtype=dtype), (3, 1, 1))
        require(same_bytes(got, want), f"empty circuits give\n{got[0]}")

    @QUBITS
    @DTYPE
    def test_no_zero_is_negative(self, qubits: int, dtype: str) -> None:
        instructions = example_instructions(qubits)
        got = self.multiply(instructions, example_circuits(instructions, 500, 8, seed=2), dtype)
        parts = got.view(got.real.dtype)
        require(not np.signbit(parts[parts == 0]).any(), "a zero is stored as -0.0")

    @QUBITS
    def test_the_batch_does_not_matter(self, qubits: int) -> None:
        instructions = example_instructions(qubits)
        count = 9001 if qubits == 1 else 1001
        circuits = example_circuits(instructions, count, 11, seed=3)
        whole = self.multiply(instructions, circuits)
        for cuts in ([1, 8, 500], [count // 2], [0, count - 1]):
            parts = [
                self.multiply(instructions, Circuits(codes, lengths))
                for codes, lengths in zip(
                    np.split(circuits.codes, cuts), np.split(circuits.lengths, cuts), strict=True
                )
            ]
            require(same_bytes(np.concatenate(parts), whole), f"cut at {cuts}: other bits")

    @QUBITS
    @DTYPE
    def test_parents_may_be_used_and_change_no_bit(self, qubits: int, dtype: str) -> None:
        instructions = example_instructions(qubits)
        circuits = example_prefixes(instructions, 600, 9)
        self._require_law(instructions, circuits, dtype, fold=1)

    def test_one_engine_serves_many_batches(self) -> None:
        instructions = example_instructions(1)
        engine = self.plugin(self.read_options(), instructions, fold_for(len(instructions), 1))
        for seed in (4, 5, 4):
            circuits = example_circuits(instructions, 50 * seed, 11, seed=seed)
            out = np.empty((len(circuits), 2, 2), np.complex128)
            engine.multiply(circuits, out)
            want = self.multiply(instructions, circuits)
            require(same_bytes(out, want), "an engine that was used before gives other bits")

    @QUBITS
    def test_an_empty_batch(self, qubits: int) -> None:
        instructions = example_instructions(qubits)
        codes = np.empty((0, 5), instructions.code_dtype)
        got = self.multiply(instructions, Circuits(codes, np.empty(0, np.uint8)))
        require(got.shape == (0, instructions.dim, instructions.dim), f"got shape {got.shape}")

    def test_circuits_are_only_read(self) -> None:
        instructions = example_instructions(2)
        circuits = example_circuits(instructions, 50, 11)
        circuits.codes.flags.writeable = circuits.lengths.flags.writeable = False
        self.multiply(instructions, circuits)
