"""Three qubits and more in a ring: each gate applied to the rows that it touches."""

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
    """Multiplies by one code; circuits with the same code at a place go together.

    Attributes:
        fold: 1 code a step.
        factor: how many times larger a step can make the largest integer.
    """

    fold = 1

    def __init__(self, instructions: InstructionSet, exact: Sequence[ExactMatrix]) -> None:
        by_name = {gate.name: own for gate, own in zip(instructions.gates, exact, strict=True)}
        placed = instructions.instructions
        self._gates = [by_name[one.gate] for one in placed]
        self._rows = [local_rows(one.qubits, instructions.qubits) for one in placed]
        self._ring = exact[0].ring
        self.factor = max(
            int(np.abs(self._ring.representation(own.numbers)).sum(axis=1).max()) for own in exact
        )

    def step(
        self,
        state: Integers,
        exponents: Integers,
        codes: NDArray[Any],
        lengths: NDArray[Any],
        start: int,
    ) -> Integers:
        """The transposed matrices `(n, d, d, degree)` after the codes at `start`; in place."""
        active = np.flatnonzero(lengths > start)
        here = codes[active, start]
        for code in np.unique(here):
            which = active[here == code]
            exponents[which] += self._gates[code].exponent
            part = state.take(which, axis=0)
            self._apply(int(code), part)
            state[which] = part
        return state

    def _apply(self, code: int, part: Integers) -> None:
        """Replaces the rows that the gate changes; a gate's zeros and ones cost nothing."""
        numbers, rows = self._gates[code].numbers, self._rows[code]
        changed = [r for r in range(len(rows)) if not _keeps(numbers[r], r)]
        needed = {c for r in changed for c in range(len(rows)) if numbers[r, c].any()}
        old = {c: part[:, :, rows[c]] for c in needed}  # a copy: an index array
        for r in changed:
            part[:, :, rows[r]] = sum(
                self._times(numbers[r, c], old[c]) for c in needed if numbers[r, c].any()
            )

    def _times(self, factor: Integers, numbers: Integers) -> Any:
        total: Any = 0
        power = 0
        for j in np.flatnonzero(factor):
            while power < j:
                numbers = self._ring.times_x(numbers)
                power += 1
            total = total + (numbers if factor[j] == 1 else int(factor[j]) * numbers)
        return total


def _keeps(row: Integers, r: int) -> bool:
    return bool(row[r, 0] == 1 and np.count_nonzero(row) == 1)
