"""Gates, and the instructions (gates placed on qubits) that codes stand for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qframe.circuits.placement import widen
from qframe.errors import ConfigError
from qframe.rings.exact_matrix import ExactMatrix
from qframe.rings.recognition import recognised
from qframe.rings.registry import rings
from qframe.rings.ring import Ring

UNITARY_TOLERANCE = 1e-12
"""Largest allowed entry of |U†U - 1| in a gate matrix (double precision, up to 64 x 64)."""


MAX_QUBITS = 6
"""Largest register; a unitary of 6 qubits is 64 KiB."""


class Gate:
    """A named unitary on one or more qubits.

    Args:
        name: OpenQASM's name where there is one (`h`, `sdg`, `cx`).
        matrix: `(2**k, 2**k)` complex; the gate's *first* qubit is the least significant bit of
            the row and column index (Qiskit's order).
        exact: the entries in a ring, for `arithmetic: exact` and exact keys. Left out, small
            numbers of a ring are recognised all the same.

    Raises:
        ConfigError: naming the gate, if the matrix is not square, not finite, not a power of two
            wide, or not unitary to `UNITARY_TOLERANCE`, or if `exact` is another matrix.
    """

    def __init__(self, name: str, matrix: ArrayLike, exact: ExactMatrix | None = None) -> None:
        self.name = name
        self.matrix: NDArray[np.complex128] = _checked_matrix(name, matrix)
        self.qubits: int = self.matrix.shape[0].bit_length() - 1
        self.exact = exact
        if exact is not None:
            exact.check(name, self.matrix)

    def exact_in(self, ring: Ring) -> ExactMatrix | None:
        """The entries in the ring: as declared, else as recognised; None if they are not in it."""
        if self.exact is not None:
            return self.exact if self.exact.ring is ring else None
        return recognised(self.matrix, ring)

    def __repr__(self) -> str:
        return f"Gate({self.name!r}, qubits={self.qubits})"


def _checked_matrix(name: str, matrix: ArrayLike) -> NDArray[np.complex128]:
    try:
        value = np.array(matrix, dtype=np.complex128, order="C")
    except (TypeError, ValueError) as cause:
        raise ConfigError(f"gate {name!r}: its matrix is not made of numbers ({cause})") from None
    if value.ndim != 2 or value.shape[0] != value.shape[1]:
        raise ConfigError(f"gate {name!r}: matrix has shape {value.shape}, want a square one")
    size = value.shape[0]
    if size < 2 or size & (size - 1):
        raise ConfigError(f"gate {name!r}: matrix is {size} x {size}, want 2, 4, 8, ... rows")
    if not np.isfinite(value).all():
        raise ConfigError(f"gate {name!r}: matrix holds NaN or infinity")
    deviation = float(np.abs(value.conj().T @ value - np.eye(size)).max())
    if deviation > UNITARY_TOLERANCE:
        raise ConfigError(
            f"gate {name!r} is not unitary: |U†U - 1| reaches {deviation:.3g}, "
            f"want at most {UNITARY_TOLERANCE:g}",
            hint="write entries to full precision, for example 1/sqrt(2) instead of 0.7071",
        )
    value += 0.0  # a negative zero becomes zero, so that equal matrices have equal bytes
    value.flags.writeable = False
    return value


class Instruction(NamedTuple):
    """A gate placed on qubits: what a code stands for."""

    gate: str
    qubits: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.gate} {' '.join(map(str, self.qubits))}"


@dataclass(frozen=True)
class InstructionSet:
    """The instructions of a dataset in code order: instruction `i` has code `i`."""

    qubits: int
    gates: tuple[Gate, ...]
    instructions: tuple[Instruction, ...]

    def __post_init__(self) -> None:
        _check_register(self)

    def __len__(self) -> int:
        return len(self.instructions)

    @property
    def dim(self) -> int:
        """Rows of a unitary, `2**qubits`."""
        return 1 << self.qubits

    @property
    def code_dtype(self) -> np.dtype[Any]:
        """`uint8` for up to 256 instructions, else `uint16` (little-endian)."""
        return np.dtype("u1") if len(self) <= 256 else np.dtype("<u2")

    @cached_property
    def gate_by_name(self) -> dict[str, Gate]:
        return {gate.name: gate for gate in self.gates}

    def matrix_of(self, code: int) -> NDArray[np.complex128]:
        """The gate matrix (not widened to the register) that `code` applies."""
        return self.gate_by_name[self.instructions[code].gate].matrix

    @cached_property
    def matrices(self) -> NDArray[np.complex128]:
        """All instructions widened to the register: `(len, dim, dim)`."""
        return np.stack(
            [
                widen(self.matrix_of(code), instruction.qubits, self.qubits)
                for code, instruction in enumerate(self.instructions)
            ]
        )

    @cached_property
    def exact(self) -> tuple[ExactMatrix, ...] | None:
        """The entries of all gates, in the first ring that has them; None if there is none."""
        for ring in rings().values():
            found = [gate.exact_in(ring) for gate in self.gates]
            if all(found):
                return tuple(entries for entries in found if entries is not None)
        return None

    def circuit(self, codes: Iterable[int]) -> tuple[Instruction, ...]:
        """Codes as instructions, in circuit order (the first acts first)."""
        return tuple(self.instructions[code] for code in codes)

    def to_data(self, exact: bool = False) -> dict[str, Any]:
        """Plain data for the recipe; matrices as exact decimal `[re, im]` pairs.

        With `exact` also the entries in the ring, where the gates have one.
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
        placed = tuple(Instruction(i[0], tuple(i[1:])) for i in data["instructions"])
        return cls(data["qubits"], gates, placed)


def _check_register(given: InstructionSet) -> None:
    if not 1 <= given.qubits <= MAX_QUBITS:
        raise ConfigError(f"{given.qubits} qubits asked for, want 1 to {MAX_QUBITS}")
    if not given.instructions:
        raise ConfigError("the gate set has no instruction: no gate fits on the qubits")
    if len(given) > 1 << 16:
        raise ConfigError(f"{len(given)} instructions, want at most {1 << 16}")
    seen: dict[bytes, str] = {}
    for gate in given.gates:
        if gate.name in seen.values():
            raise ConfigError(f"two gates are named {gate.name!r}: give each its own name")
        twin = seen.setdefault(gate.matrix.tobytes(), gate.name)
        if twin != gate.name:
            raise ConfigError(f"gates {twin!r} and {gate.name!r} have equal matrices: remove one")
    sizes = {gate.name: gate.qubits for gate in given.gates}
    for placed in given.instructions:
        if placed.gate not in sizes:
            raise ConfigError(f"instruction {placed} names a gate that the gate set lacks")
        if len(placed.qubits) != sizes[placed.gate]:
            raise ConfigError(f"instruction {placed}: the gate acts on {sizes[placed.gate]} qubits")
        if len(set(placed.qubits)) < len(placed.qubits) or not all(
            0 <= q < given.qubits for q in placed.qubits
        ):
            raise ConfigError(
                f"instruction {placed}: qubits must differ and be 0..{given.qubits - 1}"
            )
    if len(set(given.instructions)) < len(given):
        raise ConfigError("an instruction appears twice")
