"""Circuits multiplied out in a ring: integers only, so that no order of products can matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.circuits import Circuits
from qframe.circuits.exact.local_gates import ExactLocalGates
from qframe.circuits.exact.word_table import ExactWordTable
from qframe.circuits.instructions import InstructionSet
from qframe.errors import ConfigError
from qframe.rings.ring import Integers, Ring

LIMIT = 1 << 62
"""No sum of products may be able to pass this: `int64` ends at twice as much."""

CHUNK_BYTES = 1 << 20
"""Matrices that are multiplied at once."""


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


class ExactProducts:
    """Multiplies circuits out.

    Raises:
        ConfigError: if the gates have no ring.
    """

    def __init__(self, instructions: InstructionSet) -> None:
        exact = instructions.exact
        if exact is None:
            raise ConfigError("the gates do not lie in a ring: their unitaries have no exact form")
        self.ring = exact[0].ring
        self._dim = instructions.dim
        self._gates: ExactWordTable | ExactLocalGates = (
            ExactWordTable(instructions, exact)
            if instructions.qubits < 3
            else ExactLocalGates(instructions, exact)
        )
        self._chunk = max(16, CHUNK_BYTES // (8 * self.ring.degree * self._dim**2))

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
        dim, factor = self._dim, self._gates.factor
        # Transposed: a gate multiplies from the right, on the last two axes.
        state = np.zeros((len(codes), dim, dim, self.ring.degree), dtype=np.int64)
        state[:, range(dim), range(dim), 0] = 1
        exponents = np.zeros(len(codes), dtype=np.int64)
        bound = 1
        for start in range(0, int(lengths.max(initial=0)), self._gates.fold):
            if bound * factor > LIMIT:
                self.ring.reduce(state, exponents)
                bound = int(np.abs(state).max(initial=1))
                _check(bound * factor, bound, start)
            state = self._gates.step(state, exponents, codes, lengths, start)
            bound *= factor
        self.ring.reduce(state, exponents)
        return ExactMatrices(self.ring, np.ascontiguousarray(state.swapaxes(1, 2)), exponents)


def _check(next_bound: int, bound: int, gates: int) -> None:
    if next_bound > LIMIT:
        raise ConfigError(
            f"exact products: after {gates} gates the integers reach {bound:,}, "
            "and the next product might not fit 64 bits",
            hint="make circuits shorter, or do without `arithmetic: exact` and without exact keys",
        )
