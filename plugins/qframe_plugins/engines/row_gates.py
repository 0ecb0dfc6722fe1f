"""Instructions as what they do to rows: move and turn them, or make new ones of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qframe import InstructionSet, local_rows
from qframe_plugins.engines.row_pool import PHASE

QUARTERS: dict[complex, int] = {1: 0, 1j: 1, -1: 2, -1j: 3}
"""Entries that turn a row by so many quarters, exactly: parts are swapped and change sign."""

Term = tuple[int, bool]
"""Which product, and whether it is subtracted."""


@dataclass(frozen=True)
class RowGate:
    """One matrix, wherever it is placed: local rows that become sums of products of local rows.

    Attributes:
        inputs: how many local rows it reads, or changes.
        changed: which of them it changes.
        mixes: whether a sum has more than one row in it, so that turns have to be done first.
        turned_like: for each changed row an input: the new row is turned as that was.
        products: `(input, part, factor)`: parts of rows times positive numbers.
        sums: for each changed row its real part and its imaginary one, terms in the law's order.
    """

    inputs: int
    changed: tuple[int, ...]
    mixes: bool
    turned_like: tuple[int, ...]
    products: tuple[tuple[int, int, float], ...]
    sums: tuple[tuple[tuple[Term, ...], tuple[Term, ...]], ...]


class RowGates:
    """All instructions, and last one that does nothing.

    Attributes:
        moves: `(codes + 1, dim)`: how far from a row that stands which takes its place.
        turns: `(codes + 1, dim)`: and by how many quarters it is turned, from bit `PHASE` on.
        kinds: `(codes + 1,)`: 0, or 1 + index into `gates` of what is left to do.
        gates: matrices with other entries than those of `QUARTERS`.
        rows: of each of those: `(inputs, groups, codes)`, rows of the register.
    """

    def __init__(self, instructions: InstructionSet) -> None:
        n, dim = len(instructions), instructions.dim
        self.moves = np.zeros((n + 1, dim), dtype=np.intp)
        self.turns = np.zeros((n + 1, dim), dtype=np.uint32)
        self.kinds = np.zeros(n + 1, dtype=np.uint16 if n < 1 << 16 else np.uint32)
        self.gates: list[RowGate] = []
        self.rows: list[NDArray[np.intp]] = []
        known: dict[bytes, int] = {}
        for code in range(n):
            rows = local_rows(instructions.instructions[code].qubits, instructions.qubits)
            # In the register's order, so that sums run in the order that the law asks for.
            order = np.argsort(rows[:, 0])
            rows, matrix = rows[order], instructions.matrix_of(code)[np.ix_(order, order)]
            if self._moved(code, rows, matrix):
                continue
            local = _touched(matrix)
            kind = known.setdefault(matrix.tobytes(), len(self.gates))
            if kind == len(self.gates):
                self.gates.append(_row_gate(matrix[np.ix_(local, local)]))
                self.rows.append(np.zeros((len(local), rows.shape[1], n), dtype=np.intp))
            self.kinds[code] = 1 + kind
            self.rows[kind][..., code] = rows[local]

    def _moved(self, code: int, rows: NDArray[np.intp], matrix: NDArray[np.complex128]) -> bool:
        """Whether the gate only moves and turns rows; enters it if so."""
        found = [np.flatnonzero(row).tolist() for row in matrix]
        if any(len(at) != 1 or matrix[r, at[0]] not in QUARTERS for r, at in enumerate(found)):
            return False
        for r, [source] in enumerate(found):
            self.moves[code, rows[r]] = rows[source] - rows[r]
            self.turns[code, rows[r]] = QUARTERS[complex(matrix[r, source])] << PHASE
        return True


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
    like = (0 if mixes else int(np.flatnonzero(row)[0]) for row in matrix[changed])
    return RowGate(len(matrix), tuple(changed), mixes, tuple(like), tuple(products), tuple(sums))
