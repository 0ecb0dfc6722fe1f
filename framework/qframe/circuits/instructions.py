"""Instructions: gates placed on qubits, which the codes of a circuit stand for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.gates import Gate, check_names
from qframe.circuits.operations import EQUAL_TOLERANCE, EqualMatrices
from qframe.circuits.placement import widen
from qframe.circuits.standard_gates import acts_as
from qframe.errors import ConfigError
from qframe.rings.exact_matrix import ExactMatrix
from qframe.rings.registry import rings

MAX_QUBITS = 6
"""Largest number of qubits of a register; a unitary of 6 qubits takes 64 KiB."""

MAX_INSTRUCTIONS = 1 << 16
"""Largest number of instructions; more would not fit codes of 16 bits."""


class Instruction(NamedTuple):
    """A gate placed on qubits: what a code stands for."""

    gate: str
    qubits: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.gate} {' '.join(map(str, self.qubits))}"


@dataclass(frozen=True)
class InstructionSet:
    """The instructions of a dataset in code order: instruction `i` has code `i`.

    Attributes:
        qubits: number of qubits of the register.
        gates: the gates that the instructions place.
        instructions: the instructions.

    Raises:
        ConfigError: for a register, a gate or an instruction that cannot be, naming it.
    """

    qubits: int
    gates: tuple[Gate, ...]
    instructions: tuple[Instruction, ...]

    def __post_init__(self) -> None:
        _check_register(self)
        check_gates(self.gates)
        _check_instructions(self)

    def __len__(self) -> int:
        return len(self.instructions)

    @property
    def dim(self) -> int:
        """Number of rows of a unitary, `2**qubits`."""
        return 1 << self.qubits

    @property
    def code_dtype(self) -> np.dtype[Any]:
        """`uint8` for up to 256 instructions, else `uint16` (little-endian)."""
        return np.dtype("u1") if len(self) <= 256 else np.dtype("<u2")

    @cached_property
    def gate_by_name(self) -> dict[str, Gate]:
        """The gates by their names."""
        return {gate.name: gate for gate in self.gates}

    def matrix_of(self, code: int) -> NDArray[np.complex128]:
        """The matrix of the gate that `code` applies, on the gate's own qubits alone."""
        return self.gate_by_name[self.instructions[code].gate].matrix

    def acting_as(self, name: str) -> NDArray[np.bool_]:
        """For each code whether its gate is a standard gate up to a global phase: `(len,)`.

        The matrix decides, to within 1e-9, and not the name. The gate's qubits may stand in any
        order; qubits that it leaves alone do not count.

        Args:
            name: a name in `qframe.STANDARD_MATRICES`, such as `t` or `cx`.
        """
        if name not in self._acting_as:
            found = {gate.name: acts_as(gate.matrix, name) for gate in self.gates}
            codes = [found[placed.gate] for placed in self.instructions]
            self._acting_as[name] = np.array(codes, dtype=np.bool_)
            self._acting_as[name].flags.writeable = False
        return self._acting_as[name]

    @cached_property
    def _acting_as(self) -> dict[str, NDArray[np.bool_]]:
        """What `acting_as` has found, by name."""
        return {}

    @cached_property
    def matrices(self) -> NDArray[np.complex128]:
        """The matrices of all instructions on the whole register: `(len, dim, dim)`."""
        return np.stack(
            [
                widen(self.matrix_of(code), instruction.qubits, self.qubits)
                for code, instruction in enumerate(self.instructions)
            ]
        )

    @cached_property
    def exact(self) -> tuple[ExactMatrix, ...] | None:
        """The exact entries of all gates, in the first ring that has them; None if none has."""
        for ring in rings().values():
            matrices = [gate.exact_in(ring) for gate in self.gates]
            if all(matrices):
                return tuple(matrix for matrix in matrices if matrix is not None)
        return None

    def circuit(self, codes: Iterable[int]) -> tuple[Instruction, ...]:
        """The instructions that codes stand for, in circuit order (the first acts first)."""
        return tuple(self.instructions[code] for code in codes)

    def to_data(self, exact: bool = False) -> dict[str, Any]:
        """Plain data for the recipe; matrices as exact decimal `[re, im]` pairs.

        With `exact` also the entries in the ring, if the gates have one.
        """
        rows = (self.exact if exact else None) or (None,) * len(self.gates)
        return {
            "qubits": self.qubits,
            "gates": [
                {
                    "name": gate.name,
                    "matrix": [[[z.real, z.imag] for z in row] for row in gate.matrix.tolist()],
                    **({"exact": entries.to_data()} if entries else {}),
                }
                for gate, entries in zip(self.gates, rows, strict=True)
            ],
            "instructions": [[i.gate, *i.qubits] for i in self.instructions],
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> InstructionSet:
        """The inverse of `to_data`."""
        gates = tuple(
            Gate(
                g["name"],
                [[complex(re, im) for re, im in row] for row in g["matrix"]],
                ExactMatrix.from_data(g["exact"]) if "exact" in g else None,
            )
            for g in data["gates"]
        )
        instructions = tuple(Instruction(i[0], tuple(i[1:])) for i in data["instructions"])
        return cls(data["qubits"], gates, instructions)


def _check_register(instruction_set: InstructionSet) -> None:
    if not 1 <= instruction_set.qubits <= MAX_QUBITS:
        raise ConfigError(f"{instruction_set.qubits} qubits asked for, want 1 to {MAX_QUBITS}")
    if not instruction_set.instructions:
        raise ConfigError("the gate set has no instruction: no gate fits on the qubits")
    if len(instruction_set) > MAX_INSTRUCTIONS:
        raise ConfigError(f"{len(instruction_set)} instructions, want at most {MAX_INSTRUCTIONS}")


def check_gates(gates: Sequence[Gate]) -> None:
    """Refuses two gates of one name, and two names for one matrix.

    Raises:
        ConfigError: naming both.
    """
    check_names(gates)
    known: dict[int, EqualMatrices[str]] = {}
    for gate in gates:
        first = known.setdefault(gate.qubits, EqualMatrices()).first(gate.matrix, gate.name)
        if first is not None:
            raise ConfigError(
                f"gates {first!r} and {gate.name!r} have equal matrices, to {EQUAL_TOLERANCE:g}",
                hint="leave one of them out",
            )


def _check_instructions(instruction_set: InstructionSet) -> None:
    sizes = {gate.name: gate.qubits for gate in instruction_set.gates}
    for placed in instruction_set.instructions:
        if placed.gate not in sizes:
            raise ConfigError(f"instruction {placed} names a gate that the gate set lacks")
        if len(placed.qubits) != sizes[placed.gate]:
            raise ConfigError(f"instruction {placed}: the gate acts on {sizes[placed.gate]} qubits")
        if len(set(placed.qubits)) < len(placed.qubits) or not all(
            0 <= q < instruction_set.qubits for q in placed.qubits
        ):
            raise ConfigError(
                f"instruction {placed}: qubits must differ and be 0..{instruction_set.qubits - 1}"
            )
    if len(set(instruction_set.instructions)) < len(instruction_set):
        [(placed, _), *_] = Counter(instruction_set.instructions).most_common(1)
        raise ConfigError(f"instruction {placed} appears twice")
