"""What each instruction does to rows: moves and turns them, or makes new rows from them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qframe import InstructionSet, local_rows
from qframe_plugins.engines._numpy.row_pool import PHASE

SignedProduct = tuple[int, bool]
"""Index of a product, and whether it is subtracted."""


@dataclass(frozen=True)
class RowGate:
    """One matrix, on any qubits: its local rows become sums of products of local rows.

    Attributes:
        inputs: how many local rows it reads or changes.
        changed: which of them it changes.
        mixes: whether a sum has terms of more than one row, so that turns have to be applied
            first. If not, the matrix is diagonal, and rows keep their turns.
        products: `(input, part, factor, slot)`: the real (0) or imaginary (1) part of an input row,
            times a positive number. The product overwrites the part, or, if the part is needed
            again, goes to this slot behind all parts.
        slots: how many slots there are behind the parts.
        sums: real part and imaginary part of each changed row, the terms in the order that
            `qframe.circuits.arithmetic` demands.
    """

    inputs: int
    changed: tuple[int, ...]
    mixes: bool
    products: tuple[tuple[int, int, float, int | None], ...]
    slots: int
    sums: tuple[tuple[tuple[SignedProduct, ...], tuple[SignedProduct, ...]], ...]


class RowGates:
    """What all instructions do to rows; the last entry is an instruction that does nothing.

    An instruction first moves rows, then turns them, and then applies a `RowGate`, if it has one.

    Attributes:
        moves: `(codes + 1, dim)`: distance from each row to the row that takes its place.
        turns: `(codes + 1, dim)`: quarter turns of the row that takes its place, from bit `PHASE`
            on.
        kinds: `(codes + 1,)`: 0 for no `RowGate`, else 1 + its index in `gates`.
        gates: matrices that need arithmetic; each is kept once.
        rows: for each of `gates`, `(inputs, groups, codes)`: rows of the register.
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
            rows, matrix = in_register_order(instructions, code)
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
        """Enters how a gate with one entry per row moves and turns rows.

        Returns:
            The diagonal matrix that is left to apply. Its entries lie in the first quadrant. A
            product with `i**k x` is the product with `x`, turned: it has the same two terms, and
            their sum does not depend on their order.
        """
        left = np.eye(len(matrix), dtype=np.complex128)
        for r, row in enumerate(matrix):
            [source] = np.flatnonzero(row).tolist()
            quarters, left[r, r] = _turned_back(complex(row[source]))
            self.moves[code, rows[r]] = rows[source] - rows[r]
            self.turns[code, rows[r]] = quarters << int(PHASE)
        return left


def in_register_order(
    instructions: InstructionSet, code: int
) -> tuple[NDArray[np.intp], NDArray[np.complex128]]:
    """The rows of the register that an instruction acts on, and its matrix.

    Both are ordered so that the register's index rises with the local index. Sums over local rows
    then run in the order that `qframe.circuits.arithmetic` demands.

    Returns:
        Rows `(local, groups)`, as in `qframe.local_rows`, and the matrix `(local, local)`.
    """
    rows = local_rows(instructions.instructions[code].qubits, instructions.qubits)
    order = np.argsort(rows[:, 0])
    return rows[order], instructions.matrix_of(code)[np.ix_(order, order)]


def _turned_back(entry: complex) -> tuple[int, complex]:
    """`k` and `x` with `entry == i**k x`, `x.real > 0` and `x.imag >= 0`; exact."""
    x, y, quarters = entry.real, entry.imag, 0
    while not (x > 0 and y >= 0):
        x, y, quarters = y, -x, quarters + 1
    return quarters, complex(x, abs(y))


def _touched(matrix: NDArray[np.complex128]) -> NDArray[np.intp]:
    """The rows that change, and the rows that they are made from."""
    changes = (matrix != np.eye(len(matrix))).any(axis=1)
    return np.flatnonzero(changes | matrix[changes].any(axis=0))


def _row_gate(matrix: NDArray[np.complex128]) -> RowGate:
    changed = np.flatnonzero((matrix != np.eye(len(matrix))).any(axis=1)).tolist()
    products: dict[tuple[int, int, float], int] = {}

    def term(c: int, part: int, factor: float) -> SignedProduct:
        # To the last bit, subtracting a product is adding the product with a negative factor.
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
