"""Unitaries by applying each gate to the rows that it touches, many circuits at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe import Circuits, InstructionSet

Place = tuple[int | slice, ...]
"""Basic index into `(n, 2, ..., 2, dim)` that fixes the bits of a gate's qubits: gives a view."""


@dataclass(frozen=True)
class LocalGate:
    """A gate with the places of the rows that it mixes.

    The gate's basis is ordered so that the register's index rises with the local one: sums then
    run in the order that the law asks for.
    """

    places: tuple[Place, ...]
    matrix: NDArray[np.complex128]


class LocalGates:
    """All instructions as local gates. What acts at one position is grouped by instruction."""

    def __init__(self, instructions: InstructionSet) -> None:
        self.gates = [_local(instructions, code) for code in range(len(instructions))]
        self.qubits = instructions.qubits
        self.dim = instructions.dim

    def multiply(self, circuits: Circuits, out: NDArray[Any]) -> None:
        """Writes the unitaries of `circuits` into `out` `(n, dim, dim)`."""
        codes, lengths = circuits.codes, circuits.lengths
        source, shared = np.arange(len(codes)), np.zeros(len(codes), dtype=np.bool_)
        if circuits.parents is not None:
            shared = circuits.parents >= 0
            source[shared] = circuits.parents[shared]
        shape = (len(codes), *(2,) * self.qubits, self.dim)
        re = np.broadcast_to(np.eye(self.dim), (len(codes), self.dim, self.dim)).reshape(shape)
        re, im = re.copy(), np.zeros(shape)
        for position in range(int(lengths.max(initial=0))):
            # Where the product of all gates but the last is shared, only the last is left to do.
            active = np.flatnonzero((lengths > position) & (~shared | (lengths == position + 1)))
            here = codes[active, position]
            order = active[np.argsort(here, kind="stable")]
            ends = np.cumsum(np.bincount(here, minlength=len(self.gates)))
            for code in np.unique(here):
                which = order[ends[code - 1] if code else 0 : ends[code]]
                before = source.take(which)
                part_re, part_im = re.take(before, axis=0), im.take(before, axis=0)
                _apply(self.gates[code], part_re, part_im)
                re[which], im[which] = part_re, part_im
        np.add(re.reshape(out.shape), 0.0, out=out.real, casting="same_kind")
        np.add(im.reshape(out.shape), 0.0, out=out.imag, casting="same_kind")


def _local(instructions: InstructionSet, code: int) -> LocalGate:
    on = instructions.instructions[code].qubits
    matrix = instructions.matrix_of(code)
    offsets = [sum(1 << q for bit, q in enumerate(on) if j >> bit & 1) for j in range(len(matrix))]
    order = np.argsort(offsets)
    places = []
    for offset in np.array(offsets)[order]:
        place: list[int | slice] = [slice(None)] * (instructions.qubits + 1)
        for q in on:  # the axis of qubit q counts from the right, before the columns' axis
            place[instructions.qubits - q] = int(offset) >> q & 1
        places.append(tuple(place))
    return LocalGate(tuple(places), matrix[np.ix_(order, order)])


def _apply(gate: LocalGate, re: NDArray[np.float64], im: NDArray[np.float64]) -> None:
    """Replaces the touched rows, in place; what a zero of the gate would add is skipped."""
    changed = [r for r, row in enumerate(gate.matrix) if not _keeps(row, r)]
    needed = {c for r in changed for c in np.flatnonzero(gate.matrix[r])}
    old = {c: (re[gate.places[c]].copy(), im[gate.places[c]].copy()) for c in needed}
    for r in changed:
        new_re, new_im = _row(gate.matrix[r], old)
        re[gate.places[r]] = new_re
        im[gate.places[r]] = new_im


def _keeps(row: NDArray[np.complex128], r: int) -> bool:
    return bool(row[r] == 1.0 and np.count_nonzero(row) == 1)


def _row(row: NDArray[np.complex128], old: dict[Any, tuple[Any, Any]]) -> tuple[Any, Any]:
    """One row of the product: its sums run over the columns in rising order."""
    new_re: Any = 0.0
    new_im: Any = 0.0
    for c in np.flatnonzero(row):
        (x, y), (b_re, b_im) = (row[c].real, row[c].imag), old[c]
        if x:
            new_re, new_im = new_re + x * b_re, new_im + x * b_im
        if y:
            new_re, new_im = new_re - y * b_im, new_im + y * b_re
    return new_re, new_im
