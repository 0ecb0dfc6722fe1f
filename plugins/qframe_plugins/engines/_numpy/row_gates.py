"""Instructions as what they do to rows: move and turn them, or make new ones of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qframe import InstructionSet, local_rows
from qframe_plugins.engines._numpy.row_pool import PHASE

Term = tuple[int, bool]
"""Which product, and whether it is subtracted."""


@dataclass(frozen=True)
class RowGate:
    """One matrix, wherever it is placed: local rows that become sums of products of local rows.

    Attributes:
        inputs: how many local rows it reads, or changes.
        changed: which of them it changes.
        mixes: whether a sum has more than one row in it, so that turns have to be done first; else
            it is a diagonal, whose rows keep their turns.
        products: `(input, part, factor, slot)`: the real (0) or imaginary (1) part of an input row,
            times a positive number. The product overwrites the part, or, if the part is needed
            again, goes to this slot behind all parts.
        slots: how many slots there are behind the parts.
        sums: for each changed row its real part and its imaginary one, terms in the law's order.
    """

    inputs: int
    changed: tuple[int, ...]
    mixes: bool
    products: tuple[tuple[int, int, float, int | None], ...]
    slots: int
    sums: tuple[tuple[tuple[Term, ...], tuple[Term, ...]], ...]


class RowGates:
    """All instructions, and last one that does nothing.

    Attributes:
        moves: `(codes + 1, dim)`: how far from a row that stands which takes its place.
        turns: `(codes + 1, dim)`: and by how many quarters it is turned, from bit `PHASE` on.
        kinds: `(codes + 1,)`: 0, or 1 + index into `gates`.
        gates: what is left to do: arithmetic.
        rows: of each of those: `(inputs, groups, codes)`, rows of the register.
    """

    def __init__(self, instructions: InstructionSet) -> None:
        n, dim = len(instructions), instructions.dim
        self.moves = np.zeros((n + 1, dim), dtype=np.intp)
        self.turns = np.zeros((n + 1, dim), dtype=np.uint32)
        self.kinds = np.zeros(n + 1, dtype=np.uint16 if n < 1 << 16 else np.uint32)
        self.gates: list[RowGate] = []
        self.rows: list[NDArray[np.intp]] = []
        known: dict[tuple[bytes, int], int] = {}
        for code in range(n):
            rows = local_rows(instructions.instructions[code].qubits, instructions.qubits)
            # In the register's order, so that sums run in the order that the law asks for.
            order = np.argsort(rows[:, 0])
            rows, matrix = rows[order], instructions.matrix_of(code)[np.ix_(order, order)]
            if (np.count_nonzero(matrix, axis=1) == 1).all():
                matrix = self._moved(code, rows, matrix)
                if (matrix == np.eye(len(matrix))).all():
                    continue
            local = _touched(matrix)
            matrix = np.ascontiguousarray(matrix[np.ix_(local, local)])
            kind = known.setdefault((matrix.tobytes(), rows.shape[1]), len(self.gates))
            if kind == len(self.gates):
                self.gates.append(_row_gate(matrix))
                self.rows.append(np.zeros((len(local), rows.shape[1], n), dtype=np.intp))
            self.kinds[code] = 1 + kind
            self.rows[kind][..., code] = rows[local]

    def _moved(
        self, code: int, rows: NDArray[np.intp], matrix: NDArray[np.complex128]
    ) -> NDArray[np.complex128]:
        """Enters how a gate with one entry a row moves and turns rows; the diagonal that is left.

        Its entries lie in the first quadrant. A product with `i**k x` is one with `x`, turned: its
        two terms are the same, and their sum does not depend on which comes first.
        """
        left = np.eye(len(matrix), dtype=np.complex128)
        for r, row in enumerate(matrix):
            [source] = np.flatnonzero(row).tolist()
            quarters, left[r, r] = _turned_back(complex(row[source]))
            self.moves[code, rows[r]] = rows[source] - rows[r]
            self.turns[code, rows[r]] = quarters << int(PHASE)
        return left


def _turned_back(entry: complex) -> tuple[int, complex]:
    """`k` and `x` of `entry == i**k x`, where `x.real > 0` and `x.imag >= 0`: exact."""
    x, y, quarters = entry.real, entry.imag, 0
    while not (x > 0 and y >= 0):
        x, y, quarters = y, -x, quarters + 1
    return quarters, complex(x, abs(y))


def _touched(matrix: NDArray[np.complex128]) -> NDArray[np.intp]:
    """Rows that change, or that one that changes is made from."""
    changes = (matrix != np.eye(len(matrix))).any(axis=1)
    return np.flatnonzero(changes | matrix[changes].any(axis=0))


def _row_gate(matrix: NDArray[np.complex128]) -> RowGate:
    changed = np.flatnonzero((matrix != np.eye(len(matrix))).any(axis=1)).tolist()
    products: dict[tuple[int, int, float], int] = {}

    def term(c: int, part: int, factor: float) -> Term:
        # Subtracting a product is adding that with the other sign, to the last bit.
        return products.setdefault((c, part, abs(factor)), len(products)), factor < 0

    sums = []
    for row in matrix[changed]:
        real, imaginary = [], []
        for c in np.flatnonzero(row).tolist():
            x, y = float(row[c].real), float(row[c].imag)
            real += [term(c, part, factor) for part, factor in ((0, x), (1, -y)) if factor]
            imaginary += [term(c, part, factor) for part, factor in ((1, x), (0, y)) if factor]
        sums.append((tuple(real), tuple(imaginary)))
    mixes = bool((np.count_nonzero(matrix[changed], axis=1) > 1).any())
    inputs, placed, slots = len(matrix), [], 0
    factors = Counter((c, part) for c, part, _ in products)
    for c, part, factor in products:
        alone = factors[c, part] == 1
        placed.append((c, part, factor, None if alone else 2 * inputs + slots))
        slots += not alone
    return RowGate(inputs, tuple(changed), mixes, tuple(placed), slots, tuple(sums))
