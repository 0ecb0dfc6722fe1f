"""What each instruction does to rows, as tables that a compiled loop can read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qframe import InstructionSet
from qframe_plugins.engines._numpy.row_gates import in_register_order

MOVES, REAL_PAIRS, PAIRS, MIXES = range(4)
"""Kinds of gates, cheapest first: they move rows; one qubit with real entries; one qubit; any."""


class Gates(NamedTuple):
    """The tables of all `n` instructions. Their first axis is the code; short rows are padded.

    Attributes:
        kind: `(n,)`: which of the other tables describes the gate.
        moves: gates with one entry per row.
        pairs: other gates on one qubit.
        mixes: all other gates.
    """

    kind: NDArray[np.uint8]
    moves: Moves
    pairs: Pairs
    mixes: Mixes


class Moves(NamedTuple):
    """Gates with one entry per row (`cx`, `swap`, `t`, `ccz`): a row becomes a multiple of a row.

    Attributes:
        changes: `(n,)`: number of rows that change.
        to: `(n, dim)`: the rows that change.
        source: `(n, dim)`: the rows that they are made from.
        factor: `(n, dim, 2)`: real and imaginary part of the number they are multiplied by.
    """

    changes: NDArray[np.uintp]
    to: NDArray[np.uintp]
    source: NDArray[np.uintp]
    factor: NDArray[np.float64]


class Pairs(NamedTuple):
    """Gates on one qubit: rows `r` and `r + apart` both become a sum of multiples of the two.

    Attributes:
        apart: `(n,)`: distance of the two rows.
        entries: `(n, 8)`: the matrix in C order, real part and imaginary part of each entry.
    """

    apart: NDArray[np.uintp]
    entries: NDArray[np.float64]


class Mixes(NamedTuple):
    """Gates of any size, with their rows in the register's order (`in_register_order`).

    Attributes:
        rows: `(n, dim, local)`: the rows that a gate mixes with each other, group by group.
        groups: `(n,)`: number of groups.
        local: `(n,)`: rows per group.
        terms: `(n, local)`: number of entries in a row that are not zero.
        columns: `(n, local, local)`: the columns of these entries, ascending.
        entries: `(n, local, local, 2)`: real and imaginary part of these entries.
    """

    rows: NDArray[np.uintp]
    groups: NDArray[np.uintp]
    local: NDArray[np.uintp]
    terms: NDArray[np.uintp]
    columns: NDArray[np.uintp]
    entries: NDArray[np.float64]


def gates_of(instructions: InstructionSet) -> Gates:
    """The tables of a gate set."""
    n, dim = len(instructions), instructions.dim
    local = max(len(instructions.matrix_of(code)) for code in range(n))
    gates = Gates(
        kind=np.zeros(n, dtype=np.uint8),
        moves=Moves(
            changes=np.zeros(n, dtype=np.uintp),
            to=np.zeros((n, dim), dtype=np.uintp),
            source=np.zeros((n, dim), dtype=np.uintp),
            factor=np.zeros((n, dim, 2)),
        ),
        pairs=Pairs(apart=np.zeros(n, dtype=np.uintp), entries=np.zeros((n, 8))),
        mixes=Mixes(
            rows=np.zeros((n, dim // 2, local), dtype=np.uintp),
            groups=np.zeros(n, dtype=np.uintp),
            local=np.zeros(n, dtype=np.uintp),
            terms=np.zeros((n, local), dtype=np.uintp),
            columns=np.zeros((n, local, local), dtype=np.uintp),
            entries=np.zeros((n, local, local, 2)),
        ),
    )
    for code in range(n):
        gates.kind[code] = _place(gates, code, instructions)
    return gates


def _place(gates: Gates, code: int, instructions: InstructionSet) -> int:
    """Describes the gate in the table that suits it, and returns its kind."""
    on = instructions.instructions[code].qubits
    rows, matrix = in_register_order(instructions, code)
    if (np.count_nonzero(matrix, axis=1) == 1).all():
        _move(gates.moves, code, rows, matrix)
        return MOVES
    if len(on) == 1:
        gates.pairs.apart[code] = 1 << on[0]
        gates.pairs.entries[code] = matrix.reshape(-1).view(np.float64)
        return PAIRS if matrix.imag.any() else REAL_PAIRS
    _mix(gates.mixes, code, rows, matrix)
    return MIXES


def _move(moves: Moves, code: int, rows: NDArray[np.intp], matrix: NDArray[np.complex128]) -> None:
    """Describes a gate with one entry per row, by the result of `in_register_order`."""
    to, source, factor = [], [], []
    for local, row in enumerate(matrix):
        [column] = np.flatnonzero(row)
        if column == local and row[column] == 1:
            continue
        to += rows[local].tolist()
        source += rows[column].tolist()
        factor += [(row[column].real, row[column].imag)] * rows.shape[1]
    moves.changes[code] = len(to)
    moves.to[code, : len(to)] = to
    moves.source[code, : len(to)] = source
    moves.factor[code, : len(to)] = np.array(factor).reshape(-1, 2)


def _mix(mixes: Mixes, code: int, rows: NDArray[np.intp], matrix: NDArray[np.complex128]) -> None:
    """Describes any other gate, by the result of `in_register_order`."""
    local, groups = rows.shape
    mixes.rows[code, :groups, :local] = rows.T
    mixes.groups[code], mixes.local[code] = groups, local
    for r, row in enumerate(matrix):
        at = np.flatnonzero(row)
        mixes.terms[code, r] = len(at)
        mixes.columns[code, r, : len(at)] = at
        mixes.entries[code, r, : len(at), 0] = row[at].real
        mixes.entries[code, r, : len(at), 1] = row[at].imag
