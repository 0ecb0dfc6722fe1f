"""Rows of many products in one place, each known by a name."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

PHASE = np.uint32(30)
"""A name has 32 bits: the row's place below this one, and quarters to turn it from it on."""

PLACE = np.uint32((1 << PHASE) - 1)
TURN = np.uint32(3 << PHASE)
ONE = np.uint32(1)

Names = NDArray[np.uint32]
Parts = NDArray[np.float64]
"""Real parts, imaginary parts: `(2, ..., dim)`."""


class RowPool:
    """Rows are added behind those that are there, and never changed.

    To turn a row is to multiply it by 1, i, -1 or -i: exact, and left to be done until it is read.

    Attributes:
        capacity: rows that it can hold.
        used: rows that are there.
    """

    def __init__(self, dim: int, capacity: int) -> None:
        self.capacity, self.used = capacity, 0
        self._dim = dim
        self._rows, self._other = np.empty((2, 2, capacity, dim))
        self._signs = np.array([[1.0], [-1.0]]) * np.ones(dim)
        self._sign_rows = np.empty((0, dim))

    def identities(self, n: int) -> Names:
        """Forgets all rows; names of `n` identity matrices `(n, dim)`, which stand here once."""
        self.used = self._dim
        self._rows[0, : self.used] = np.eye(self._dim)
        self._rows[1, : self.used] = 0.0
        return np.tile(np.arange(self._dim, dtype=np.uint32), (n, 1))

    def add(self, count: int) -> tuple[Names, Parts]:
        """Names of so many new rows, and where to write them: `(2, count, dim)`."""
        start, self.used = self.used, self.used + count
        return np.arange(start, self.used, dtype=np.uint32), self._rows[:, start : self.used]

    def keep(self, names: Names) -> None:
        """Leaves behind the rows that are not in `names`, which become the new names."""
        place = (names.reshape(-1) & PLACE).astype(np.intp)
        self.used = len(place)
        for rows, kept in zip(self._rows, self._other, strict=True):
            rows.take(place, axis=0, out=kept[: self.used], mode="clip")
        self._rows, self._other = self._other, self._rows
        names &= TURN
        names |= np.arange(names.size, dtype=np.uint32).reshape(names.shape)

    def unturned(self, names: Names, out: Parts) -> None:
        """The rows `names` `(n,)` into `out` `(2, n, dim)`, as if their names had no turns."""
        place = (names & PLACE).astype(np.intp)
        for rows, part in zip(self._rows, out, strict=True):
            # "clip" never clips here: it spares NumPy a copy that guards `out`.
            rows.take(place, axis=0, out=part, mode="clip")

    def turned(self, names: Names, out: Parts) -> None:
        """The rows `names` `(n,)` into `out` `(2, n, dim)`.

        i (x + iy) = -y + ix: odd turns swap the parts, and the signs follow.
        """
        quarters = names >> PHASE
        place = (names & PLACE).astype(np.intp)
        swapped = (quarters & ONE) * np.intp(self.capacity)
        halves = self._rows.reshape(-1, self._dim)
        self._signed(halves, place + swapped, (quarters + ONE) >> ONE & ONE, out[0])
        self._signed(halves, place + self.capacity - swapped, quarters >> ONE, out[1])

    def _signed(
        self, halves: Parts, place: NDArray[np.intp], minus: NDArray[Any], out: Parts
    ) -> None:
        if len(self._sign_rows) < len(place):
            self._sign_rows = np.empty((len(place), self._dim))
        signs = self._sign_rows[: len(place)]
        # Whole rows of signs: a factor a row would be one call of NumPy's inner loop a row.
        self._signs.take(minus, axis=0, out=signs, mode="clip")
        halves.take(place, axis=0, out=out, mode="clip")
        out *= signs
