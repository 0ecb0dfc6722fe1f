"""Unitaries of circuits that extend each other: one product a circuit, many circuits at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe import Circuits, InstructionSet
from qframe_plugins.engines.local_gates import LocalGates
from qframe_plugins.engines.word_table import Pair, product, store

Rows = NDArray[np.intp]


class SharedPrefixes:
    """`U = G U_parent` for all circuits of one length together, the shortest first.

    Real and imaginary parts of the unitaries of one length are kept entry by entry, `(dim, dim,
    n)`, until those of the next length are made from them.
    """

    def __init__(self, instructions: InstructionSet) -> None:
        self.dim = instructions.dim
        gates = np.moveaxis(instructions.matrices, 0, -1)
        self.re = np.ascontiguousarray(gates.real)
        self.im = np.ascontiguousarray(gates.imag)
        self._whole = LocalGates(instructions)
        self._room = Room(self.dim, 0, np.dtype(np.complex128))

    def multiply(self, circuits: Circuits, parents: NDArray[np.int64], out: NDArray[Any]) -> None:
        """Writes the unitaries of `circuits` into `out` `(n, dim, dim)`."""
        order = np.argsort(circuits.lengths, kind="stable")
        ends = np.cumsum(np.bincount(circuits.lengths)).tolist()
        # A unitary as one item: those of a length are put where they belong without a loop over
        # their entries.
        whole = np.dtype((np.void, out.dtype.itemsize * self.dim**2))
        items = out.reshape(-1).view(whole)
        sizes = np.diff(ends, prepend=0).tolist()
        room = self._room_for(max(sizes), out.dtype)
        last, now = order[:0], room.pair(1, 0)
        for length, (end, size) in enumerate(zip(ends, sizes, strict=True)):
            rows = order[end - size : end]
            now = self._of_length(length, circuits, parents.take(rows), rows, last, now)
            made = room.made[:size]
            store(*now, made)
            items[rows] = made.reshape(-1).view(whole)
            last = rows

    def _of_length(
        self, length: int, circuits: Circuits, above: Rows, rows: Rows, last: Rows, now: Pair
    ) -> Pair:
        """The unitaries at `rows` from `now`, those of their parents' length at `last`."""
        if length == 0:
            return self._from_the_start(circuits, rows)
        count = len(rows)
        codes = circuits.codes.reshape(-1).take(rows * circuits.codes.shape[1] + (length - 1))
        after = self._room.pair(1 + length % 2, count)
        gates = self._room.pair(0, count) if length > 1 else after
        self.re.take(codes, axis=2, out=gates[0], mode="clip")  # never clips, and spares a copy
        self.im.take(codes, axis=2, out=gates[1], mode="clip")
        if length == 1:
            return gates
        term = self._room.term[:count]
        if count <= len(last) and (above == last[:count]).all():
            product(gates, (now[0][..., :count], now[1][..., :count]), after, term)
            return after
        place = np.searchsorted(last, above)  # rows of a length ascend
        before = now[0].take(place, axis=2, mode="clip"), now[1].take(place, axis=2, mode="clip")
        product(gates, before, after, term)
        roots = np.flatnonzero(above < 0)
        if len(roots):
            after[0][..., roots], after[1][..., roots] = self._from_the_start(circuits, rows[roots])
        return after

    def _from_the_start(self, circuits: Circuits, rows: Rows) -> Pair:
        """Circuits whose parents are not there."""
        made = np.empty((len(rows), self.dim, self.dim), dtype=np.complex128)
        self._whole.multiply(Circuits(circuits.codes[rows], circuits.lengths[rows]), made)
        planes = np.moveaxis(made, 0, -1)
        return np.ascontiguousarray(planes.real), np.ascontiguousarray(planes.imag)

    def _room_for(self, size: int, dtype: np.dtype[Any]) -> Room:
        if len(self._room.made) < size or self._room.made.dtype != dtype:
            self._room = Room(self.dim, size, dtype)
        return self._room


class Room:
    """Memory for circuits of one length, kept: fresh memory comes from the kernel page by page.

    Attributes:
        made: `(size, dim, dim)` unitaries.
        term: one plane.
    """

    def __init__(self, dim: int, size: int, dtype: np.dtype[Any]) -> None:
        self._dim = dim
        self._planes = np.empty((3, 2, dim * dim * size))
        self.made = np.empty((size, dim, dim), dtype=dtype)
        self.term = np.empty(size)

    def pair(self, which: int, count: int) -> Pair:
        """The planes of `count` matrices, contiguous; there are three such pairs."""
        size = self._dim**2 * count
        re, im = (part[:size].reshape(self._dim, self._dim, count) for part in self._planes[which])
        return re, im
