"""Finite automata that say which words are allowed: all words, or reduced words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qframe import ConfigError, InstructionSet

INVERSE_TOLERANCE = 1e-12
"""Largest entry of `|AB - 1|` at which B counts as the inverse of A."""

Phase = Literal["ignored", "exact"]
"""Whether a global phase counts when two instructions are compared."""

MAX_STATES = 20_000
"""States above which an automaton is refused."""

MAX_COUNT_BYTES = 1 << 28
"""Bytes of exact word counts above which they are refused."""


@dataclass(frozen=True)
class WordAutomaton:
    """A deterministic automaton that reads codes. Every state accepts; a missing arrow forbids.

    Attributes:
        successors: `(states, codes)` `int32`; the state after a code, -1 if the code is not
            allowed. State 0 is the start.
    """

    successors: NDArray[np.int32]

    @classmethod
    def free(cls, codes: int) -> WordAutomaton:
        """The automaton that allows all words."""
        return cls(np.zeros((1, codes), dtype=np.int32))

    @classmethod
    def reduced(
        cls, instructions: InstructionSet, canonical_order: bool, phase: Phase = "ignored"
    ) -> WordAutomaton:
        """The automaton that allows reduced words: no instruction right after its inverse.

        Instructions are inverse by the matrices of the whole register: if their product is 1 to
        `INVERSE_TOLERANCE`, or with `phase="ignored"` a multiple of 1.

        With `canonical_order`, words that differ only by exchanging neighbours on disjoint qubits
        count as one word, of which the lexicographic normal form is allowed. Then an instruction
        never follows its inverse with only gates on other qubits between either. A word is in
        normal form if and only if no code `a` follows a greater code `b` such that `a` acts on
        other qubits than `b` and all codes between (Anisimov and Knuth, Int. J. Comput. Inf.
        Sci. 8, 255 (1979)).

        A state is the set of codes that are forbidden next.

        Raises:
            ConfigError: more than `MAX_STATES` states are needed.
        """
        codes = len(instructions)
        inverse = _masks(inverse_pairs(instructions, phase))
        apart = _masks(disjoint_pairs(instructions) if canonical_order else np.zeros((codes,) * 2))
        numbers = {0: 0}
        rows: list[list[int]] = []
        pending = [0]
        for forbidden in pending:
            row = [-1] * codes
            for code in range(codes):
                if not forbidden >> code & 1:
                    below = (1 << code) - 1
                    after = (apart[code] & (forbidden | below)) | inverse[code]
                    if after not in numbers:
                        numbers[after] = len(numbers)
                        pending.append(after)
                    row[code] = numbers[after]
            rows.append(row)
            if len(numbers) > MAX_STATES:
                raise ConfigError(
                    f"reduced words of {codes} instructions on {instructions.qubits} qubits need "
                    f"more than {MAX_STATES:,} states",
                    hint="set canonical_order: false, or take fewer qubits, gates or edges",
                )
        return cls(np.array(rows, dtype=np.int32))

    @cached_property
    def arrows(self) -> list[list[tuple[int, int]]]:
        """For each state its `(code, next state)` pairs, in the order of the codes."""
        return [
            [(code, after) for code, after in enumerate(row) if after >= 0]
            for row in self.successors.tolist()
        ]

    def counts(self, length: int) -> list[list[int]]:
        """Exact numbers of words, up to a length.

        Returns:
            `counts[l][s]`: words of `l` codes that are allowed from state `s`, for `l <= length`.

        Raises:
            ConfigError: the numbers would fill more than `MAX_COUNT_BYTES`.
        """
        states, codes = self.successors.shape
        if states * length * (length * codes.bit_length() / 16 + 32) > MAX_COUNT_BYTES:
            raise ConfigError(
                f"exact numbers of words up to length {length:,} over {states} states do not fit "
                f"{MAX_COUNT_BYTES:,} bytes",
                hint="take shorter circuits",
            )
        counts = [[1] * states]
        for _ in range(length):
            last = counts[-1]
            counts.append([sum(last[after] for _, after in row) for row in self.arrows])
        return counts

    def words(self, state: int, length: int) -> tuple[NDArray[Any], NDArray[np.int32]]:
        """All words of `length` codes from `state`, in lexicographic order.

        Returns:
            The words, `(n, length)` `uint16`, and the states that they lead to, `(n,)`.
        """
        ends = np.array([state], dtype=np.int32)
        words = np.zeros((1, 0), dtype=np.uint16)
        for _ in range(length):
            rows, code = np.nonzero(self.successors[ends] >= 0)
            words = np.column_stack([words[rows], code.astype(np.uint16)])
            ends = self.successors[ends[rows], code]
        return words, ends


def inverse_pairs(instructions: InstructionSet, phase: Phase) -> NDArray[np.bool_]:
    """`(codes, codes)`, at `[a, b]` whether `b` is the inverse of `a`.

    With `phase="ignored"` `b` may be the inverse times any phase: `rz_3` and `rz_5` of the gate set
    `ibm` multiply to -1.
    """
    matrices = instructions.matrices
    identity = np.eye(instructions.dim)
    rows = []
    for first in matrices:
        products = matrices @ first
        wanted = identity if phase == "exact" else products[:, :1, :1] * identity
        rows.append(np.abs(products - wanted).max(axis=(1, 2)) <= INVERSE_TOLERANCE)
    return np.stack(rows)


def disjoint_pairs(instructions: InstructionSet) -> NDArray[np.bool_]:
    """`(codes, codes)`, at `[a, b]` whether `a` and `b` share no qubit."""
    qubits = [set(placed.qubits) for placed in instructions.instructions]
    return np.array([[not a & b for b in qubits] for a in qubits])


def _masks(pairs: NDArray[Any]) -> list[int]:
    """Each row as an integer whose bit `b` is the entry `b`."""
    return [sum(1 << int(code) for code in np.nonzero(row)[0]) for row in pairs]
