"""ExactWordTable: multiplies circuits of one and two qubits in a ring, a short word at a time."""

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
"""Largest size of the table of products."""

LONGEST_WORD = 6
"""Largest number of codes of a word."""

LARGEST_FACTOR = 1 << 40
"""Largest integer that the products of a table may have."""


class ExactWordTable:
    """A table of the products of all words of up to `fold` codes, and how to multiply by them.

    Args:
        instructions: what the codes stand for.
        exact: exact entries of the gates of `instructions`, in one ring.

    Attributes:
        fold: number of codes of a step.
        factor: how many times larger the largest integer can get in a step.
    """

    def __init__(self, instructions: InstructionSet, exact: Sequence[ExactMatrix]) -> None:
        gates, exponents = _widened(instructions, exact)
        self._codes = len(instructions)
        self.fold = 1
        growth = int(np.abs(gates).sum(axis=1).max())
        while (
            self.fold < LONGEST_WORD
            and len(gates) ** (self.fold + 1) * gates[0].nbytes <= TABLE_BYTES
            and growth ** (self.fold + 1) <= LARGEST_FACTOR
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
        """Multiplies by the codes `start : start + fold`.

        Args:
            state: the transposed matrices so far, `(n, d, d, degree)`.
            exponents: their exponents, `(n,)`; changed in place.
            codes: `(n, width)`.
            lengths: `(n,)`; number of codes of each circuit that count.
            start: place of the first code of the step.

        Returns:
            the new transposed matrices, not reduced.
        """
        word = np.zeros(len(codes), dtype=np.intp)
        for place in range(start, start + self.fold):
            word *= self._codes + 1  # the largest digit stands for no gate
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
    """Transposed representations of all instructions and of the identity, and their exponents.

    Returns:
        `(len(instructions) + 1, d * degree, d * degree)` and `(len(instructions) + 1,)`.
    """
    by_name = {gate.name: entries for gate, entries in zip(instructions.gates, exact, strict=True)}
    matrices, exponents = [], []
    for placed in instructions.instructions:
        entries = by_name[placed.gate]
        planes = [
            widen(entries.numbers[..., j], placed.qubits, instructions.qubits)
            for j in range(entries.ring.degree)
        ]
        matrices.append(entries.ring.representation(np.stack(planes, axis=-1)).T)
        exponents.append(entries.exponent)
    matrices.append(np.eye(len(matrices[0]), dtype=np.int64))
    return np.ascontiguousarray(np.stack(matrices)), np.array([*exponents, 0], dtype=np.int64)
