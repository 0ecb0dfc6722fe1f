"""Unitaries of circuits that extend each other: one product per circuit, many at once, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe import Circuits, InstructionSet
from qframe_plugins.engines._numpy.local_gates import LocalGates
from qframe_plugins.engines._numpy.word_table import Pair, product

Indices = NDArray[np.intp]


class SharedPrefixes:
    """Computes `U = G U_parent` for all circuits of one length at once, the shortest first.

    Real and imaginary parts of the unitaries of one length are kept entry by entry, `(dim, dim,
    n)`, until the unitaries of the next length are made from them.

    Args:
        instructions: the gates, placed on qubits.
    """

    def __init__(self, instructions: InstructionSet) -> None:
        self.dim = instructions.dim
        gates = np.moveaxis(instructions.matrices, 0, -1)
        self.gates = np.stack([gates.real, gates.imag])  # (2, dim, dim, codes)
        self._whole = LocalGates(instructions)
        self._buffers = PlaneBuffers(self.dim, 0)

    def multiply(self, circuits: Circuits, parents: NDArray[np.int64], out: NDArray[Any]) -> None:
        """Writes the unitaries of `circuits` into `out` `(n, dim, dim)`.

        `parents` is `(n,)`: the row of the circuit without its last gate, or -1.
        """
        order = np.argsort(circuits.lengths, kind="stable")
        sizes = np.bincount(circuits.lengths).tolist()
        if self._buffers.capacity < max(sizes):
            self._buffers = PlaneBuffers(self.dim, max(sizes))
        entries = out.reshape(len(out), -1)
        end, last, now = 0, order[:0], self._buffers.pair(1, 0)
        for length, size in enumerate(sizes):
            end += size
            rows = order[end - size : end]
            now = self._of_length(length, circuits, parents.take(rows), rows, last, now)
            self._store(now, rows, entries)
            last = rows

    def _of_length(
        self,
        length: int,
        circuits: Circuits,
        above: Indices,
        rows: Indices,
        last: Indices,
        now: Pair,
    ) -> Pair:
        """The unitaries of the circuits `rows`, which have this length.

        Args:
            length: gates in each of the circuits.
            circuits: all circuits.
            above: the parents of `rows`.
            rows: ascending.
            last: the circuits that are one gate shorter.
            now: their unitaries.
        """
        if length == 0:
            return self._from_the_start(circuits, rows)
        count = len(rows)
        places = rows * circuits.codes.shape[1]
        places += length - 1
        codes = circuits.codes.reshape(-1).take(places)
        after = self._buffers.pair(1 + length % 2, count)
        gates = self._buffers.pair(0, count) if length > 1 else after
        for part, into in zip(self.gates, gates, strict=True):
            part.take(codes, axis=2, out=into, mode="clip")  # never clips, and saves a copy
        if length == 1:
            return after
        term = self._buffers.pair(3, count)[0]
        if count <= len(last) and (above == last[:count]).all():
            product(gates, (now[0][..., :count], now[1][..., :count]), after, term)
            return after
        place = np.searchsorted(last, above)  # the rows of one length ascend
        before = now[0].take(place, axis=2, mode="clip"), now[1].take(place, axis=2, mode="clip")
        product(gates, before, after, term)
        roots = np.flatnonzero(above < 0)
        if len(roots):
            after[0][..., roots], after[1][..., roots] = self._from_the_start(circuits, rows[roots])
        return after

    def _from_the_start(self, circuits: Circuits, rows: Indices) -> Pair:
        """The unitaries of circuits that have no parents, multiplied from their first gate."""
        made = np.empty((len(rows), self.dim, self.dim), dtype=np.complex128)
        self._whole.multiply(Circuits(circuits.codes[rows], circuits.lengths[rows]), made)
        planes = np.moveaxis(made, 0, -1)
        return np.ascontiguousarray(planes.real), np.ascontiguousarray(planes.imag)

    def _store(self, now: Pair, rows: Indices, entries: NDArray[Any]) -> None:
        """Writes into `entries` `(n, dim * dim)`; adding zero makes negative zeros positive.

        Entry by entry this takes half the time of writing whole matrices (measured).
        """
        plane = np.empty(len(rows), dtype=entries.dtype)
        for entry, (re, im) in enumerate(
            zip(*(part.reshape(self.dim**2, -1) for part in now), strict=True)
        ):
            np.add(re, 0.0, out=plane.real, casting="same_kind")
            np.add(im, 0.0, out=plane.imag, casting="same_kind")
            entries[:, entry][rows] = plane


class PlaneBuffers:
    """Four buffers for the matrices of circuits of one length, reused from length to length.

    Fresh memory would come from the kernel page by page.

    Attributes:
        capacity: matrices that each buffer can hold.
    """

    def __init__(self, dim: int, capacity: int) -> None:
        self.capacity = capacity
        self._dim = dim
        self._planes = np.empty((4, 2, dim * dim * capacity))

    def pair(self, which: int, count: int) -> Pair:
        """Contiguous planes for `count` matrices, in buffer `which` of 0 to 3."""
        size = self._dim**2 * count
        re, im = (part[:size].reshape(self._dim, self._dim, count) for part in self._planes[which])
        return re, im
