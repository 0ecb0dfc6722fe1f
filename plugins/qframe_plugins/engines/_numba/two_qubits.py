"""Two-qubit unitaries from the table of words: the product a row of the result at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

# Unsigned throughout: for signed indices Numba asks each time whether they count from the end.
ONE, TWO, THREE, DIM = np.uintp(1), np.uintp(2), np.uintp(3), np.uintp(4)
ROW, ENTRIES = np.uintp(8), np.uintp(32)  # doubles in a row and in a matrix
TURNED, NEXT, IMAG = np.uintp(32), np.uintp(64), np.uintp(16)


@njit(cache=True, nogil=True)
def multiply_rows(
    codes: Any,
    lengths: Any,
    extends: Any,
    size: Any,
    offsets: Any,
    table: Any,
    out: Any,
    row: Any,
) -> None:
    """Circuit by circuit; one that `extends` the one before (fold 1) goes on from it.

    `table` is `(words, 2, 4, 4)`: real parts, imaginary parts. `row` is always 8, and an argument
    because LLVM unrolls a loop of a known short length before it could become one vector: half of
    the time.
    """
    entries = table.reshape(-1)
    fold = np.uintp(len(offsets) - 1)
    work = np.empty(NEXT + ENTRIES)
    for i in range(np.uintp(len(codes))):
        length = np.uintp(lengths[i])
        start = length - ONE
        if not extends[i]:
            for e in range(ENTRIES):
                work[e] = 0.0
            for r in range(DIM):
                work[r * ROW + r] = 1.0
            start = np.uintp(0)
        while start < length:
            stop = min(start + fold, length)
            word, j = np.uintp(0), stop
            while j > start:  # a seventh of the time less than with powers of `size`
                j -= ONE
                word = word * size + np.uintp(codes[i, j])
            word += offsets[stop - start]
            if start == 0:
                _load(work, entries, word * ENTRIES)
            else:
                _apply(work, entries, word * ENTRIES, row)
            start += fold
        for r in range(DIM):
            for c in range(DIM):
                out[i, TWO * (r * DIM + c)] = work[r * ROW + c] + 0.0
                out[i, TWO * (r * DIM + c) + ONE] = work[r * ROW + DIM + c] + 0.0


@njit(cache=True, nogil=True, inline="always")
def _load(work: Any, entries: Any, word: Any) -> None:
    """The first word is the product so far."""
    for r in range(DIM):
        for c in range(DIM):
            work[r * ROW + c] = entries[word + r * DIM + c]
            work[r * ROW + DIM + c] = entries[word + IMAG + r * DIM + c]


@njit(cache=True, nogil=True, inline="always")
def _apply(work: Any, entries: Any, word: Any, row: Any) -> None:
    """Multiplies the word from the left to the product so far, `work[:32]`.

    A row stands as four real parts and four imaginary ones. `work[32:64]` is the same times i, so
    that `(x + iy) b = x b + y (i b)` is one sum over the eight: adding `y * -b.im` is subtracting
    `y * b.im` to the last bit. `work[64:]` takes the result; all of it is one array because LLVM
    then knows that what it writes is not what it reads.
    """
    for r in range(DIM):
        for c in range(DIM):
            work[TURNED + r * ROW + c] = -work[r * ROW + DIM + c]
            work[TURNED + r * ROW + DIM + c] = work[r * ROW + c]
    for r in range(DIM):
        at = word + r * DIM
        x0, y0 = entries[at], entries[at + IMAG]
        x1, y1 = entries[at + ONE], entries[at + IMAG + ONE]
        x2, y2 = entries[at + TWO], entries[at + IMAG + TWO]
        x3, y3 = entries[at + THREE], entries[at + IMAG + THREE]
        for e in range(row):
            total = x0 * work[e] + y0 * work[TURNED + e]
            total = (total + x1 * work[ROW + e]) + y1 * work[TURNED + ROW + e]
            total = (total + x2 * work[TWO * ROW + e]) + y2 * work[TURNED + TWO * ROW + e]
            total = (total + x3 * work[THREE * ROW + e]) + y3 * work[TURNED + THREE * ROW + e]
            work[NEXT + r * ROW + e] = total
    for e in range(ENTRIES):
        work[e] = work[NEXT + e]


def multiply(
    codes: Any, lengths: Any, extends: Any, size: Any, offsets: Any, table: Any, out: Any
) -> None:
    """The loop of `numba_words` for 4 x 4 matrices."""
    multiply_rows(codes, lengths, extends, size, offsets, table, out, ROW)
