"""Circuits multiplied out in a ring: integers only, so that no order of products can matter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.circuits import Circuits
from qframe.errors import ConfigError
from qframe.instructions import InstructionSet, widen
from qframe.rings.exact_matrix import ExactMatrix
from qframe.rings.ring import Integers, Ring

LIMIT = 1 << 62
"""No sum of products may be able to pass this: `int64` ends at twice as much."""

TABLE_BYTES = 1 << 21
"""Products of words that are kept, for one and two qubits."""

CHUNK_BYTES = 1 << 22
"""Representations of the words that are multiplied at once."""


@dataclass(frozen=True)
class ExactMatrices:
    """`n` matrices `numbers / base**exponents` of a ring, reduced.

    Attributes:
        ring: the ring.
        numbers: `(n, d, d, degree)` `int64`.
        exponents: `(n,)` `int64`.
    """

    ring: Ring
    numbers: Integers
    exponents: Integers

    def __len__(self) -> int:
        return len(self.numbers)

    def part(self, which: Any) -> ExactMatrices:
        """Those at the indices `which`."""
        return ExactMatrices(self.ring, self.numbers[which], self.exponents[which])


class ExactProducts:
    """Multiplies circuits out.

    A matrix that multiplies stands as its integer representation (`Ring.representation`), so that
    a product is one of integers. For one and two qubits, products of short words are looked up.
    """

    def __init__(self, instructions: InstructionSet) -> None:
        exact = instructions.exact
        if exact is None:
            raise ConfigError("the gates do not lie in a ring: their unitaries have no exact form")
        self.ring = exact[0].ring
        self.dim = instructions.dim
        gates, exponents = _widened(instructions, exact)
        self._gates = len(instructions)
        self._fold = _fold_for(self._gates + 1, gates[0].nbytes) if instructions.qubits < 3 else 1
        self._words, self._word_exponents = _word_table(gates, exponents, self._fold)
        self._factor = int(np.abs(self._words).sum(axis=1).max())
        self._chunk = max(16, CHUNK_BYTES // gates[0].nbytes)

    def chunks(self, circuits: Circuits) -> Iterator[tuple[slice, ExactMatrices]]:
        """The products of all circuits, some at a time."""
        for start in range(0, len(circuits), self._chunk):
            part = slice(start, start + self._chunk)
            yield part, self.multiply(circuits.codes[part], circuits.lengths[part])

    def multiply(self, codes: NDArray[Any], lengths: NDArray[Any]) -> ExactMatrices:
        """The products of `codes` `(n, width)`, of which the first `lengths` `(n,)` count.

        Raises:
            ConfigError: before any integer could overflow.
        """
        count, degree = len(codes), self.ring.degree
        state = np.zeros((count, self.dim, self.dim, degree), dtype=np.int64)  # transposed
        state[:, range(self.dim), range(self.dim), 0] = 1
        exponents = np.zeros(count, dtype=np.int64)
        bound = 1
        for start in range(0, int(lengths.max(initial=0)), self._fold):
            words = self._word(codes, lengths, start)
            if bound * self._factor > LIMIT:
                self.ring.reduce(state, exponents)
                bound = int(np.abs(state).max(initial=1))
                if bound * self._factor > LIMIT:
                    raise ConfigError(
                        f"arithmetic: exact: after {start} gates the integers reach {bound:,}, "
                        "and the next product might not fit 64 bits",
                        hint="make circuits shorter, or use arithmetic: float",
                    )
            rows = state.reshape(count, self.dim, -1)
            state = (rows @ self._words[words]).reshape(state.shape)
            exponents += self._word_exponents[words]
            bound *= self._factor
        self.ring.reduce(state, exponents)
        return ExactMatrices(self.ring, np.ascontiguousarray(state.swapaxes(1, 2)), exponents)

    def _word(self, codes: NDArray[Any], lengths: NDArray[Any], start: int) -> NDArray[np.intp]:
        """Indices into the table: digits in base `gates + 1`, the last digit is no gate."""
        word = np.zeros(len(codes), dtype=np.intp)
        for place in range(start, start + self._fold):
            word *= self._gates + 1
            inside = place < lengths
            if place < codes.shape[1]:
                word += np.where(inside, codes[:, place], self._gates)
            else:
                word += self._gates
        return word


def _widened(
    instructions: InstructionSet, exact: Sequence[ExactMatrix]
) -> tuple[Integers, Integers]:
    """Transposed representations of all instructions, then of the identity, and exponents."""
    by_name = {gate.name: own for gate, own in zip(instructions.gates, exact, strict=True)}
    made, exponents = [], []
    for placed in instructions.instructions:
        own = by_name[placed.gate]
        planes = [
            widen(own.numbers[..., j], placed.qubits, instructions.qubits)
            for j in range(own.ring.degree)
        ]
        made.append(own.ring.representation(np.stack(planes, axis=-1)).T)
        exponents.append(own.exponent)
    made.append(np.eye(len(made[0]), dtype=np.int64))
    return np.ascontiguousarray(np.stack(made)), np.array([*exponents, 0], dtype=np.int64)


def _fold_for(gates: int, matrix_bytes: int) -> int:
    fold = 1
    while fold < 6 and gates ** (fold + 1) * matrix_bytes <= TABLE_BYTES:
        fold += 1
    return fold


def _word_table(gates: Integers, exponents: Integers, fold: int) -> tuple[Integers, Integers]:
    """Products of all words of `fold` gates (the first digit acts first), transposed."""
    words, powers = gates, exponents
    for _ in range(fold - 1):
        words = (words[:, None] @ gates[None]).reshape(-1, *gates.shape[1:])
        powers = (powers[:, None] + exponents[None]).reshape(-1)
    return np.ascontiguousarray(words), powers
