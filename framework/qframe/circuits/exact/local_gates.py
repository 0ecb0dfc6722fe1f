"""ExactLocalGates: multiplies circuits of three qubits and more in a ring, a gate at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.instructions import InstructionSet
from qframe.circuits.placement import local_rows
from qframe.rings.exact_matrix import ExactMatrix
from qframe.rings.ring import Integers


class ExactLocalGates:
    """The gates of all instructions, each applied to the rows that it acts on.

    A step takes one code of each circuit. Circuits whose code is the same are done together.

    Args:
        instructions: what the codes stand for.
        exact: exact entries of the gates of `instructions`, in one ring.

    Attributes:
        fold: number of codes of a step, which is 1.
        factor: how many times larger the largest integer can get in a step.
    """

    fold = 1

    def __init__(self, instructions: InstructionSet, exact: Sequence[ExactMatrix]) -> None:
        gates = zip(instructions.gates, exact, strict=True)
        by_name = {gate.name: entries for gate, entries in gates}
        placed = instructions.instructions
        self._gates = [by_name[instruction.gate] for instruction in placed]
        self._rows = [local_rows(instruction.qubits, instructions.qubits) for instruction in placed]
        self._ring = exact[0].ring
        representations = [self._ring.representation(entries.numbers) for entries in exact]
        self.factor = max(int(np.abs(matrix).sum(axis=1).max()) for matrix in representations)

    def step(
        self,
        state: Integers,
        exponents: Integers,
        codes: NDArray[Any],
        lengths: NDArray[Any],
        start: int,
    ) -> Integers:
        """Multiplies by the codes at `start`.

        Args:
            state: the transposed matrices so far, `(n, d, d, degree)`; changed in place.
            exponents: their exponents, `(n,)`; changed in place.
            codes: `(n, width)`.
            lengths: `(n,)`; number of codes of each circuit that count.
            start: place of the code.

        Returns:
            `state`, not reduced.
        """
        active = np.flatnonzero(lengths > start)
        active_codes = codes[active, start]
        for code in np.unique(active_codes):
            circuits = active[active_codes == code]
            exponents[circuits] += self._gates[code].exponent
            part = state.take(circuits, axis=0)
            self._apply(int(code), part)
            state[circuits] = part
        return state

    def _apply(self, code: int, part: Integers) -> None:
        """Replaces the rows that the gate changes; zeros and ones of the gate cost nothing.

        Args:
            code: code of the gate.
            part: transposed matrices `(m, d, d, degree)`, changed in place.
        """
        numbers, rows = self._gates[code].numbers, self._rows[code]
        changed = [r for r in range(len(rows)) if not _keeps(numbers[r], r)]
        needed = {c for r in changed for c in range(len(rows)) if numbers[r, c].any()}
        old = {c: part[:, :, rows[c]] for c in needed}  # an index array makes a copy
        for r in changed:
            part[:, :, rows[r]] = sum(
                self._times(numbers[r, c], old[c]) for c in needed if numbers[r, c].any()
            )

    def _times(self, factor: Integers, numbers: Integers) -> Any:
        """The number `factor` `(degree,)` times each of the numbers `(..., degree)`."""
        total: Any = 0
        power = 0
        for j in np.flatnonzero(factor):
            while power < j:
                numbers = self._ring.times_x(numbers)
                power += 1
            total = total + (numbers if factor[j] == 1 else int(factor[j]) * numbers)
        return total


def _keeps(row: Integers, r: int) -> bool:
    """Whether row `r` of a gate is that of the identity."""
    return bool(row[r, 0] == 1 and np.count_nonzero(row) == 1)
