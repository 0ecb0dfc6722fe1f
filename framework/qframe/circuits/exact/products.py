"""ExactProducts: multiplies circuits in a ring, with integers alone."""

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

LARGEST_SUM = 1 << 62
"""No sum of products may be able to pass this; the largest `int64` is twice as large."""

CHUNK_BYTES = 1 << 20
"""Size of the matrices that are multiplied at once."""


@dataclass(frozen=True)
class ExactMatrices:
    """Matrices `numbers / base**exponents` of a ring, reduced.

    `len(matrices)` is their number.

    Attributes:
        ring: the ring of the entries.
        numbers: `(n, d, d, degree)` `int64`.
        exponents: `(n,)` `int64`.
    """

    ring: Ring
    numbers: Integers
    exponents: Integers

    def __len__(self) -> int:
        return len(self.numbers)


class ExactProducts:
    """Multiplies circuits in the ring of their gates.

    Integers have no rounding, so the order of products does not matter.

    Args:
        instructions: what the codes stand for.

    Attributes:
        ring: the ring of the gates.

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
        """The products of all circuits, chunk by chunk, with the rows of each chunk."""
        for start in range(0, len(circuits), self._chunk):
            part = slice(start, start + self._chunk)
            yield part, self.multiply(circuits.codes[part], circuits.lengths[part])

    def multiply(self, codes: NDArray[Any], lengths: NDArray[Any]) -> ExactMatrices:
        """The products of circuits.

        Args:
            codes: `(n, width)`, in circuit order.
            lengths: `(n,)`; number of codes of each circuit that count.

        Raises:
            ConfigError: if an integer could outgrow 64 bits; it is raised before one does.
        """
        dim, factor = self._dim, self._gates.factor
        # The matrices are transposed, so that a gate multiplies the last two axes from the right.
        state = np.zeros((len(codes), dim, dim, self.ring.degree), dtype=np.int64)
        state[:, range(dim), range(dim), 0] = 1
        exponents = np.zeros(len(codes), dtype=np.int64)
        bound = 1
        for start in range(0, int(lengths.max(initial=0)), self._gates.fold):
            if bound * factor > LARGEST_SUM:
                self.ring.reduce(state, exponents)
                bound = int(np.abs(state).max(initial=1))
                _check(bound * factor, bound, start)
            state = self._gates.step(state, exponents, codes, lengths, start)
            bound *= factor
        self.ring.reduce(state, exponents)
        return ExactMatrices(self.ring, np.ascontiguousarray(state.swapaxes(1, 2)), exponents)


def _check(next_bound: int, bound: int, gates: int) -> None:
    if next_bound > LARGEST_SUM:
        raise ConfigError(
            f"exact products: after {gates} gates the integers reach {bound:,}, "
            "and the next product might not fit 64 bits",
            hint="make circuits shorter, or do without `arithmetic: exact` and without exact keys",
        )
