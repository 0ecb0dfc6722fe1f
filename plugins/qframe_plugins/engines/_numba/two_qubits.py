"""The compiled loop for two qubits: words from a table, and products computed row by row."""

from __future__ import annotations

from typing import Any

import numpy as np

from qframe_plugins.engines._numba.compiled import compiled

# Unsigned: for signed indices Numba checks each time whether they count from the end.
ONE, TWO, THREE, DIM = np.uintp(1), np.uintp(2), np.uintp(3), np.uintp(4)
ROW, ENTRIES = np.uintp(8), np.uintp(32)  # doubles per row and per matrix
TURNED, NEXT, IMAG = np.uintp(32), np.uintp(64), np.uintp(16)


@compiled()
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
    """Writes the unitaries of all circuits into `out` `(n, 32)`.

    The arguments are those of `one_qubit.multiply`, with a table of `(words, 2, 4, 4)`, and `row`,
    which is always 8. It is an argument because LLVM would unroll a loop of a known short length
    before it could vectorise it; vectorised it takes half the time.
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
            while j > start:  # a seventh less time than with powers of `size`
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


@compiled(inline="always")
def _load(work: Any, entries: Any, word: Any) -> None:
    """Makes the first word the product so far."""
    for r in range(DIM):
        for c in range(DIM):
            work[r * ROW + c] = entries[word + r * DIM + c]
            work[r * ROW + DIM + c] = entries[word + IMAG + r * DIM + c]


@compiled(inline="always")
def _apply(work: Any, entries: Any, word: Any, row: Any) -> None:
    """Multiplies the product so far, `work[:32]`, by the word from the left.

    A row is stored as four real parts, then four imaginary parts. `work[32:64]` holds the same
    matrix times i, so that `(x + iy) b = x b + y (i b)` is one loop over eight numbers: to the last
    bit, adding `y * -b.im` is subtracting `y * b.im`. `work[64:]` holds the result. All three lie
    in one array, because LLVM then knows that it does not write what it reads.
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
    """`multiply_rows`, with the arguments of `one_qubit.multiply`."""
    multiply_rows(codes, lengths, extends, size, offsets, table, out, ROW)
