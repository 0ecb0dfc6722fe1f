"""Unitaries by applying each gate to the rows that it touches, in one compiled loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from qframe import InstructionSet, local_rows


class Gates(NamedTuple):
    """All instructions as local gates, padded to the widest; first axis: the code.

    A gate's basis is ordered so that the register's index rises with the local one: sums then run
    in the order that the law asks for.

    Attributes:
        rows: `(n, groups, local)`: the register's rows that a gate mixes, group by group.
        groups: `(n,)`: groups of rows.
        changed: `(n, local)`: local rows that the gate does not leave as they are.
        needed: `(n, local)`: local rows that changed rows are made from.
        counts: `(n, 2)`: how many are changed, and needed.
        terms: `(n, local)`: entries that are not zero in a row.
        columns: `(n, local, local)`: where those stand, in rising order.
        re, im: `(n, local, local)`: and what they are.
    """

    rows: NDArray[np.intp]
    groups: NDArray[np.intp]
    changed: NDArray[np.intp]
    needed: NDArray[np.intp]
    counts: NDArray[np.intp]
    terms: NDArray[np.intp]
    columns: NDArray[np.intp]
    re: NDArray[np.float64]
    im: NDArray[np.float64]


class LocalKernel:
    """The gates and the loop over the circuits."""

    def __init__(self, instructions: InstructionSet) -> None:
        self.gates = _gates(instructions)
        self._loop = _loop(instructions.dim)

    def multiply(self, codes: NDArray[Any], lengths: NDArray[Any], out: NDArray[Any]) -> None:
        """Writes the unitaries of `codes` `(n, width)` into `out` `(n, 2 * dim * dim)`, real."""
        self._loop(codes, lengths, self.gates, out)


def _gates(instructions: InstructionSet) -> Gates:
    count = len(instructions)
    local = max(len(instructions.matrix_of(code)) for code in range(count))
    groups = max(instructions.dim // len(instructions.matrix_of(code)) for code in range(count))
    gates = Gates(
        rows=np.zeros((count, groups, local), dtype=np.intp),
        groups=np.zeros(count, dtype=np.intp),
        changed=np.zeros((count, local), dtype=np.intp),
        needed=np.zeros((count, local), dtype=np.intp),
        counts=np.zeros((count, 2), dtype=np.intp),
        terms=np.zeros((count, local), dtype=np.intp),
        columns=np.zeros((count, local, local), dtype=np.intp),
        re=np.zeros((count, local, local)),
        im=np.zeros((count, local, local)),
    )
    for code in range(count):
        _place(gates, code, instructions)
    return gates


def _place(gates: Gates, code: int, instructions: InstructionSet) -> None:
    rows = local_rows(instructions.instructions[code].qubits, instructions.qubits)
    order = np.argsort(rows[:, 0])
    rows, matrix = rows[order], instructions.matrix_of(code)[np.ix_(order, order)]
    gates.rows[code, : rows.shape[1], : rows.shape[0]] = rows.T
    gates.groups[code] = rows.shape[1]
    kept = np.eye(len(matrix), dtype=np.complex128)
    changed = [r for r in range(len(matrix)) if (matrix[r] != kept[r]).any()]
    needed = sorted({int(c) for r in changed for c in np.flatnonzero(matrix[r])})
    gates.changed[code, : len(changed)] = changed
    gates.needed[code, : len(needed)] = needed
    gates.counts[code] = len(changed), len(needed)
    for r, row in enumerate(matrix):
        at = np.flatnonzero(row)
        gates.terms[code, r] = len(at)
        gates.columns[code, r, : len(at)] = at
        gates.re[code, r, : len(at)] = row[at].real
        gates.im[code, r, : len(at)] = row[at].imag


@lru_cache(maxsize=8)
def _loop(dim: int) -> Callable[..., None]:
    """The loop for one size: with the row's width constant, a row is a few vectors."""

    @njit(cache=True, nogil=True)
    def apply(gates, code, re, im, old_re, old_im):  # type: ignore[no-untyped-def]
        for group in range(gates.groups[code]):
            rows = gates.rows[code, group]
            for j in range(gates.counts[code, 1]):
                local = gates.needed[code, j]
                row = rows[local]
                for c in range(dim):
                    old_re[local, c], old_im[local, c] = re[row, c], im[row, c]
            for j in range(gates.counts[code, 0]):
                local = gates.changed[code, j]
                row = rows[local]
                for c in range(dim):
                    re[row, c] = im[row, c] = 0.0
                for t in range(gates.terms[code, local]):
                    x, y = gates.re[code, local, t], gates.im[code, local, t]
                    k = gates.columns[code, local, t]
                    # What a zero part would add is skipped; it could change a zero's sign only.
                    if y == 0.0:
                        for c in range(dim):
                            re[row, c] += x * old_re[k, c]
                            im[row, c] += x * old_im[k, c]
                    elif x == 0.0:
                        for c in range(dim):
                            re[row, c] -= y * old_im[k, c]
                            im[row, c] += y * old_re[k, c]
                    else:
                        for c in range(dim):
                            re[row, c] = (re[row, c] + x * old_re[k, c]) - y * old_im[k, c]
                            im[row, c] = (im[row, c] + x * old_im[k, c]) + y * old_re[k, c]

    @njit(cache=True, nogil=True)
    def multiply(codes, lengths, gates, out):  # type: ignore[no-untyped-def]
        re, im = np.empty((dim, dim)), np.empty((dim, dim))
        old_re, old_im = np.empty((dim, dim)), np.empty((dim, dim))
        for i in range(len(codes)):
            for r in range(dim):
                for c in range(dim):
                    re[r, c], im[r, c] = 1.0 if r == c else 0.0, 0.0
            for position in range(np.intp(lengths[i])):
                apply(gates, np.intp(codes[i, position]), re, im, old_re, old_im)
            for r in range(dim):
                for c in range(dim):
                    out[i, 2 * (r * dim + c)] = re[r, c] + 0.0
                    out[i, 2 * (r * dim + c) + 1] = im[r, c] + 0.0

    return multiply  # type: ignore[no-any-return]  # njit is untyped
