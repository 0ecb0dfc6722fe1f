"""Unitaries by applying each gate to the rows that it touches, in one compiled loop."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from qframe import Circuits, InstructionSet, local_rows
from qframe_plugins.engines.numba_one_qubit import extends_the_one_before

ONE = np.uintp(1)


class Gates(NamedTuple):
    """All instructions as local gates, padded to the widest; first axis: the code.

    Rows that move together and follow each other are one run. A gate's basis is ordered so that
    the register's index rises with the local one: sums then run in the order of the law.

    Attributes:
        starts: `(n, groups, local)`: first row of the runs that a gate mixes, group by group.
        run, groups: `(n,)`: rows in a run, and how many groups of runs there are.
        changes, needs: `(n,)`: how many of the next two count.
        changed: `(n, local)`: local rows that the gate does not leave as they are.
        needed: `(n, local)`: local rows that changed rows are made from.
        terms: `(n, local)`: entries that are not zero in a row.
        columns: `(n, local, local)`: where those stand, in rising order.
        re, im: `(n, local, local)`: and what they are.
        turns: `(n,)`: whether any has an imaginary part.
    """

    starts: NDArray[np.uintp]
    run: NDArray[np.uintp]
    groups: NDArray[np.uintp]
    changes: NDArray[np.uintp]
    needs: NDArray[np.uintp]
    changed: NDArray[np.uintp]
    needed: NDArray[np.uintp]
    terms: NDArray[np.uintp]
    columns: NDArray[np.uintp]
    re: NDArray[np.float64]
    im: NDArray[np.float64]
    turns: NDArray[np.bool_]


class LocalKernel:
    """The gates and the loop over the circuits."""

    def __init__(self, instructions: InstructionSet) -> None:
        self.gates = _gates(instructions)
        self.dim = np.uintp(instructions.dim)

    def multiply(self, circuits: Circuits, out: NDArray[Any]) -> None:
        """Writes the unitaries of `circuits` into `out` `(n, 2 * dim * dim)`, real."""
        extends = extends_the_one_before(circuits)
        multiply(circuits.codes, circuits.lengths, extends, self.dim, self.gates, out)


def _gates(instructions: InstructionSet) -> Gates:
    count = len(instructions)
    local = max(len(instructions.matrix_of(code)) for code in range(count))
    groups = instructions.dim // 2
    gates = Gates(
        starts=np.zeros((count, groups, local), dtype=np.uintp),
        run=np.zeros(count, dtype=np.uintp),
        groups=np.zeros(count, dtype=np.uintp),
        changes=np.zeros(count, dtype=np.uintp),
        needs=np.zeros(count, dtype=np.uintp),
        changed=np.zeros((count, local), dtype=np.uintp),
        needed=np.zeros((count, local), dtype=np.uintp),
        terms=np.zeros((count, local), dtype=np.uintp),
        columns=np.zeros((count, local, local), dtype=np.uintp),
        re=np.zeros((count, local, local)),
        im=np.zeros((count, local, local)),
        turns=np.zeros(count, dtype=np.bool_),
    )
    for code in range(count):
        _place(gates, code, instructions)
    return gates


def _place(gates: Gates, code: int, instructions: InstructionSet) -> None:
    on = instructions.instructions[code].qubits
    rows = local_rows(on, instructions.qubits)
    order = np.argsort(rows[:, 0])
    rows, matrix = rows[order], instructions.matrix_of(code)[np.ix_(order, order)]
    run = 1 << min(on)  # qubits below the lowest of the gate count through consecutive rows
    starts = rows[:, ::run].T
    kept = np.eye(len(matrix), dtype=np.complex128)
    changed = [r for r in range(len(matrix)) if (matrix[r] != kept[r]).any()]
    needed = sorted({int(c) for r in changed for c in np.flatnonzero(matrix[r])})
    gates.starts[code, : starts.shape[0], : starts.shape[1]] = starts
    gates.run[code], gates.groups[code] = run, len(starts)
    gates.changes[code], gates.needs[code] = len(changed), len(needed)
    gates.changed[code, : len(changed)] = changed
    gates.needed[code, : len(needed)] = needed
    gates.turns[code] = matrix.imag.any()
    for r, row in enumerate(matrix):
        at = np.flatnonzero(row)
        gates.terms[code, r] = len(at)
        gates.columns[code, r, : len(at)] = at
        gates.re[code, r, : len(at)] = row[at].real
        gates.im[code, r, : len(at)] = row[at].imag


@njit(cache=True, nogil=True)
def multiply(codes: Any, lengths: Any, extends: Any, dim: Any, gates: Gates, out: Any) -> None:
    """Circuit by circuit; one that `extends` the one before goes on from its product.

    A row of the product stands as its real parts, then its imaginary ones. Side by side they make
    one loop long enough for vectors, also in a small register. Indices are unsigned: for signed
    ones Numba asks each time whether they count from the end.
    """
    width = dim + dim
    product, old, turned = np.empty(dim * width), np.empty(dim * width), np.empty(dim * width)
    for i in range(len(codes)):
        first = lengths[i] - 1
        if not extends[i]:
            first = 0
            for e in range(dim * width):
                product[e] = 0.0
            for r in range(dim):
                product[r * width + r] = 1.0
        for position in range(first, lengths[i]):
            _apply(gates, np.uintp(codes[i, position]), dim, product, old, turned)
        for r in range(dim):
            for c in range(dim):
                e = r * width + c
                out[i, e + c] = product[e] + 0.0
                out[i, e + c + ONE] = product[e + dim] + 0.0


@njit(cache=True, nogil=True)
def _apply(gates: Gates, code: Any, dim: Any, product: Any, old: Any, turned: Any) -> None:
    """Replaces the rows that a gate touches.

    `old` keeps what they were, and `turned` that times i: `(x + iy) b = x b + y (i b)`, where
    adding `y * -b.im` is subtracting `y * b.im` to the last bit. What a zero part of an entry
    would add is skipped: it could change the sign of a zero only.
    """
    width = dim + dim
    span = gates.run[code] * width
    for group in range(gates.groups[code]):
        for j in range(gates.needs[code]):
            local = gates.needed[code, j]
            at, saved = gates.starts[code, group, local] * width, local * span
            for e in range(span):
                old[saved + e] = product[at + e]
            if gates.turns[code]:
                for r in range(gates.run[code]):
                    row = r * width
                    for c in range(dim):
                        turned[saved + row + c] = -product[at + row + dim + c]
                    for c in range(dim):
                        turned[saved + row + dim + c] = product[at + row + c]
        for j in range(gates.changes[code]):
            local = gates.changed[code, j]
            at = gates.starts[code, group, local] * width
            for t in range(gates.terms[code, local]):
                x, y = gates.re[code, local, t], gates.im[code, local, t]
                k = gates.columns[code, local, t] * span
                if t == 0 and y == 0.0:
                    for e in range(span):
                        product[at + e] = x * old[k + e]
                elif t == 0:
                    for e in range(span):
                        product[at + e] = x * old[k + e] + y * turned[k + e]
                elif y == 0.0:
                    for e in range(span):
                        product[at + e] += x * old[k + e]
                else:
                    for e in range(span):
                        product[at + e] = (product[at + e] + x * old[k + e]) + y * turned[k + e]
