"""One and two qubits in a ring: products of short words looked up, then multiplied densely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.instructions import InstructionSet
from qframe.circuits.placement import widen
from qframe.rings.exact_matrix import ExactMatrix
from qframe.rings.ring import Integers

TABLE_BYTES = 1 << 21
"""Of the products that are kept."""

LONGEST = 6


class ExactWordTable:
    """Multiplies by all words of `fold` codes.

    Attributes:
        fold: codes a step.
        factor: how many times larger a step can make the largest integer.
    """

    def __init__(self, instructions: InstructionSet, exact: Sequence[ExactMatrix]) -> None:
        gates, exponents = _widened(instructions, exact)
        self._codes = len(instructions)
        self.fold = 1
        while (
            self.fold < LONGEST and len(gates) ** (self.fold + 1) * gates[0].nbytes <= TABLE_BYTES
        ):
            self.fold += 1
        self._words, self._exponents = gates, exponents
        for _ in range(self.fold - 1):
            self._words = (self._words[:, None] @ gates[None]).reshape(-1, *gates.shape[1:])
            self._exponents = (self._exponents[:, None] + exponents[None]).reshape(-1)
        self.factor = int(np.abs(self._words).sum(axis=1).max())

    def step(
        self,
        state: Integers,
        exponents: Integers,
        codes: NDArray[Any],
        lengths: NDArray[Any],
        start: int,
    ) -> Integers:
        """The transposed matrices `(n, d, d, degree)` after codes `start : start + fold`."""
        word = np.zeros(len(codes), dtype=np.intp)
        for place in range(start, start + self.fold):
            word *= self._codes + 1  # the last digit stands for no gate
            inside = place < lengths
            word += (
                np.where(inside, codes[:, place], self._codes)
                if place < codes.shape[1]
                else self._codes
            )
        exponents += self._exponents[word]
        rows = state.reshape(*state.shape[:2], -1)
        product: Integers = rows @ self._words[word]
        return product.reshape(state.shape)


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
