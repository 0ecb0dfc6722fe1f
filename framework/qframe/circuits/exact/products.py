"""ExactProducts: multiplies circuits in a ring, with integers alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.circuits import Circuits
from qframe.circuits.exact.local_gates import ExactLocalGates
from qframe.circuits.exact.word_table import ExactWordTable
from qframe.circuits.instructions import InstructionSet
from qframe.errors import ConfigError
from qframe.rings.ring import Integers, Ring

LARGEST_SUM = 1 << 60
"""No sum of products may be able to pass this in integers of 64 bits; wider integers take over.

It is an eighth of what 64 bits hold, because what is done with a product adds up to four of its
integers: a power of the root of unity times a number, and the real part of a number.
"""

CHUNK_BYTES = 1 << 20
"""Size of the matrices that are multiplied at once."""

WIDE_STEPS = 8
"""Number of steps with wide integers after which matrices are reduced."""

Rows = slice | NDArray[np.intp]
"""Some of the circuits that are multiplied."""


@dataclass(frozen=True)
class ExactMatrices:
    """Matrices `numbers / base**exponents` of a ring, reduced.

    `len(matrices)` is their number.

    Attributes:
        ring: the ring of the entries.
        numbers: `(n, d, d, degree)`: `int64`, at most `LARGEST_SUM`; or of dtype `object`, Python's
            integers, of which each matrix has a larger one.
        exponents: `(n,)` `int64`.
    """

    ring: Ring
    numbers: Integers
    exponents: Integers

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def wide(self) -> bool:
        """Whether the integers do not fit 64 bits."""
        return self.numbers.dtype == object

    def taken(self, rows: NDArray[Any]) -> ExactMatrices:
        """The matrices at some places, or where a mask is true."""
        return ExactMatrices(self.ring, self.numbers[rows], self.exponents[rows])


class _Unfinished(NamedTuple):
    """Circuits of which some codes have been multiplied.

    Attributes:
        rows: their rows among all circuits, `(n,)`.
        codes: `(n, width)`, in circuit order.
        lengths: `(n,)`; number of codes of each circuit that count.
        state: the transposed matrices so far, `(n, d, d, degree)`.
        exponents: their exponents, `(n,)`.
    """

    rows: NDArray[np.intp]
    codes: NDArray[Any]
    lengths: NDArray[Any]
    state: Integers
    exponents: Integers

    def taken(self, chosen: NDArray[np.bool_]) -> _Unfinished:
        """The circuits for which `chosen` is true."""
        return _Unfinished._make(part[chosen] for part in self)


class ExactProducts:
    """Multiplies circuits in the ring of their gates.

    Integers have no rounding, so the order of products does not matter. They have 64 bits. The
    circuits whose integers could outgrow them, and these alone, go on with Python's integers.

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

    def parts(self, circuits: Circuits) -> Iterator[tuple[Rows, ExactMatrices]]:
        """The products of all circuits, in parts, with the rows of each part.

        A chunk of circuits is one part, unless some of its products are wide: then these are
        another.
        """
        for start in range(0, len(circuits), self._chunk):
            part = slice(start, start + self._chunk)
            for rows, matrices in self._multiply(circuits.codes[part], circuits.lengths[part]):
                yield (part if rows is None else rows + start), matrices

    def multiply(self, codes: NDArray[Any], lengths: NDArray[Any]) -> ExactMatrices:
        """The products of circuits, all of them as Python's integers if one is wide.

        Args:
            codes: `(n, width)`, in circuit order.
            lengths: `(n,)`; number of codes of each circuit that count.
        """
        parts = list(self._multiply(codes, lengths))
        if len(parts) == 1 and parts[0][0] is None:
            return parts[0][1]
        shape = (len(codes), self._dim, self._dim, self.ring.degree)
        numbers: NDArray[Any] = np.empty(shape, dtype=object)
        exponents = np.empty(len(codes), dtype=np.int64)
        for rows, matrices in parts:
            numbers[rows] = matrices.numbers.astype(object)
            exponents[rows] = matrices.exponents
        return ExactMatrices(self.ring, numbers, exponents)

    def _multiply(
        self, codes: NDArray[Any], lengths: NDArray[Any]
    ) -> Iterator[tuple[NDArray[np.intp] | None, ExactMatrices]]:
        """The products of circuits, in parts, with the rows of each; None for all rows."""
        factor, step, count = self._gates.factor, self._gates.fold, len(codes)
        # The matrices are transposed, so that a gate multiplies the last two axes from the right.
        state = np.zeros((count, self._dim, self._dim, self.ring.degree), dtype=np.int64)
        state[:, range(self._dim), range(self._dim), 0] = 1
        left = _Unfinished(np.arange(count), codes, lengths, state, np.zeros(count, dtype=np.int64))
        bound = 1
        for start in range(0, int(lengths.max(initial=0)), step):
            if bound * factor > LARGEST_SUM:
                self.ring.reduce(left.state, left.exponents)
                sizes = np.where(left.lengths > start, _sizes(left.state), 1)  # others have ended
                large = sizes > LARGEST_SUM // factor
                if large.any():
                    yield from self._with_wide_integers(left.taken(large), start)
                    left, sizes = left.taken(~large), sizes[~large]
                    if not len(left.rows):
                        return
                bound = int(sizes.max())
            state = self._gates.step(left.state, left.exponents, left.codes, left.lengths, start)
            left = left._replace(state=state)
            bound *= factor
        rows = None if len(left.rows) == count else left.rows
        yield rows, self._reduced(left.state, left.exponents)

    def _with_wide_integers(
        self, left: _Unfinished, start: int
    ) -> Iterator[tuple[NDArray[np.intp], ExactMatrices]]:
        """The products of circuits that have been multiplied up to the code at `start`."""
        state, exponents, step = left.state.astype(object), left.exponents, self._gates.fold
        for count, place in enumerate(range(start, int(left.lengths.max()), step), 1):
            state = self._gates.step(state, exponents, left.codes, left.lengths, place)
            if count % WIDE_STEPS == 0:
                self.ring.reduce(state, exponents)
        made = self._reduced(state, exponents)
        large = _sizes(made.numbers) > LARGEST_SUM
        if large.any():
            yield left.rows[large], made.taken(large)
        if not large.all():  # they have become small again
            part = made.taken(~large)
            small = ExactMatrices(part.ring, part.numbers.astype(np.int64), part.exponents)
            yield left.rows[~large], small

    def _reduced(self, state: Integers, exponents: Integers) -> ExactMatrices:
        """The matrices of a state, which is transposed."""
        self.ring.reduce(state, exponents)
        return ExactMatrices(self.ring, np.ascontiguousarray(state.swapaxes(1, 2)), exponents)


def _sizes(numbers: Integers) -> NDArray[Any]:
    """The largest absolute value of each matrix, `(n,)`."""
    sizes: NDArray[Any] = np.abs(numbers).reshape(len(numbers), -1).max(axis=1, initial=0)
    return sizes
