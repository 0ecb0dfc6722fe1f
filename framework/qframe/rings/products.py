"""Circuits multiplied out in a ring: integers only, so that no order of products can matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.errors import ConfigError
from qframe.instructions import InstructionSet, widen
from qframe.rings.ring import Integers, Ring

LIMIT = 1 << 62
"""No sum of products may be able to pass this: `int64` ends at twice as much."""

TABLE_BYTES = 1 << 21
"""Products of words that are kept, for one and two qubits."""


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
        ring = instructions.ring
        if ring is None:
            raise ConfigError("the gates have no exact entries")
        self.ring = ring
        self.dim = instructions.dim
        gates, exponents = _widened(instructions, ring)
        self._gates = len(instructions)
        self._fold = _fold_for(self._gates + 1, gates[0].nbytes) if instructions.qubits < 3 else 1
        self._words, self._word_exponents = _word_table(gates, exponents, self._fold)
        self._factor = int(np.abs(self._words).sum(axis=1).max())

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


def _widened(instructions: InstructionSet, ring: Ring) -> tuple[Integers, Integers]:
    """Transposed representations of all instructions, then of the identity, and exponents."""
    made, exponents = [], []
    for placed in instructions.instructions:
        exact = instructions.gate_by_name[placed.gate].exact
        if exact is None:
            raise ConfigError(f"gate {placed.gate!r} has no exact entries")
        planes = [
            widen(exact.numbers[..., j], placed.qubits, instructions.qubits)
            for j in range(ring.degree)
        ]
        made.append(ring.representation(np.stack(planes, axis=-1)).T)
        exponents.append(exact.exponent)
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
