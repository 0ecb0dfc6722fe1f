"""A pool of rows of many matrices: one memory for all of them, and a name for each row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

PHASE = np.uint32(30)
"""First of the two bits of a name that count quarter turns; the 30 bits below it are the place."""

PLACE = np.uint32((1 << PHASE) - 1)
TURN = np.uint32(3 << PHASE)
ONE = np.uint32(1)

Names = NDArray[np.uint32]
RowParts = NDArray[np.float64]
"""Real parts and imaginary parts: `(2, ..., dim)`."""


class RowPool:
    """Rows of complex numbers, added one behind the other and never changed.

    A name is the place of a row and a number of quarter turns: 0 to 3 multiply it by 1, i, -1 or
    -i. That is exact, and done when the row is read.

    Attributes:
        capacity: rows that it can hold.
        used: rows that it holds.
    """

    def __init__(self, dim: int, capacity: int) -> None:
        self.capacity, self.used = capacity, 0
        self._dim = dim
        self._rows, self._other = np.empty((2, 2, capacity, dim))
        self._signs = np.array([[1.0], [-1.0]]) * np.ones(dim)
        self._sign_rows = np.empty((0, dim))

    def identities(self, n: int) -> Names:
        """Forgets all rows, and stores one identity matrix.

        Returns:
            The names of `n` identity matrices, `(n, dim)`: all name the same rows.
        """
        self.used = self._dim
        self._rows[0, : self.used] = np.eye(self._dim)
        self._rows[1, : self.used] = 0.0
        return np.tile(np.arange(self._dim, dtype=np.uint32), (n, 1))

    def add(self, count: int) -> tuple[Names, RowParts]:
        """Names of `count` new rows, and the arrays `(2, count, dim)` to write them to."""
        start, self.used = self.used, self.used + count
        return np.arange(start, self.used, dtype=np.uint32), self._rows[:, start : self.used]

    def keep(self, names: Names) -> None:
        """Drops all rows that are not in `names`, and writes the new names into `names`."""
        place = (names.reshape(-1) & PLACE).astype(np.intp)
        self.used = len(place)
        for rows, kept in zip(self._rows, self._other, strict=True):
            rows.take(place, axis=0, out=kept[: self.used], mode="clip")
        self._rows, self._other = self._other, self._rows
        names &= TURN
        names |= np.arange(names.size, dtype=np.uint32).reshape(names.shape)

    def unturned(self, names: Names, out: RowParts) -> None:
        """Writes the rows `names` `(n,)` into `out` `(2, n, dim)` without their turns."""
        place = (names & PLACE).astype(np.intp)
        for rows, part in zip(self._rows, out, strict=True):
            # "clip" never clips here; with it NumPy writes to `out` without a safety copy.
            rows.take(place, axis=0, out=part, mode="clip")

    def turned(self, names: Names, out: RowParts) -> None:
        """Writes the rows `names` `(n,)` into `out` `(2, n, dim)`, turned.

        i (x + iy) = -y + ix: odd turns swap real and imaginary parts, and the signs follow.
        """
        quarters = names >> PHASE
        place = (names & PLACE).astype(np.intp)
        swapped = (quarters & ONE) * np.intp(self.capacity)
        halves = self._rows.reshape(-1, self._dim)
        self._signed(halves, place + swapped, (quarters + ONE) >> ONE & ONE, out[0])
        self._signed(halves, place + self.capacity - swapped, quarters >> ONE, out[1])

    def _signed(
        self, halves: RowParts, place: NDArray[np.intp], minus: NDArray[Any], out: RowParts
    ) -> None:
        if len(self._sign_rows) < len(place):
            self._sign_rows = np.empty((len(place), self._dim))
        signs = self._sign_rows[: len(place)]
        # Whole rows of signs: with one factor per row NumPy would start its inner loop per row.
        self._signs.take(minus, axis=0, out=signs, mode="clip")
        halves.take(place, axis=0, out=out, mode="clip")
        out *= signs
