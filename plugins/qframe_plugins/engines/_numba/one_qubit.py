"""The compiled loop for one qubit: words from a table, and a product that stays in registers."""

from __future__ import annotations

from typing import Any

import numpy as np

from qframe_plugins.engines._numba.compiled import compiled


@compiled()
def multiply(
    codes: Any, lengths: Any, extends: Any, size: Any, offsets: Any, table: Any, out: Any
) -> None:
    """Writes the unitaries of all circuits into `out` `(n, 8)`.

    All entries are written out, which takes half the time of a loop over them. `u..` is the product
    so far, `w..` the next word, `n..` their product; `00` to `11` is the entry, `r` or `i` its real
    or imaginary part.

    Integers are unsigned: for signed indices Numba checks each time whether they count from the
    end.

    Args:
        codes: `(n, width)`.
        lengths: `(n,)`.
        extends: `(n,)`: whether a circuit starts from the product of the one before it (fold 1).
        size: number of instructions.
        offsets: `(fold + 1,)`: index of the first word of each length.
        table: `(words, 2, 2, 2)`: real parts and imaginary parts of the words' products.
        out: `(n, 8)`: the entries in C order, real part and imaginary part of each.
    """
    fold = np.uintp(len(offsets) - 1)
    u00r, u01r, u10r, u11r = 1.0, 0.0, 0.0, 1.0
    u00i, u01i, u10i, u11i = 0.0, 0.0, 0.0, 0.0
    for i in range(np.uintp(len(codes))):
        length = np.uintp(lengths[i])
        start = length - np.uintp(1)
        if not extends[i]:
            u00r, u01r, u10r, u11r = 1.0, 0.0, 0.0, 1.0
            u00i, u01i, u10i, u11i = 0.0, 0.0, 0.0, 0.0
            start = np.uintp(0)
        while start < length:
            stop = min(start + fold, length)
            word, j = np.uintp(0), stop
            while j > start:  # a seventh less time than with powers of `size`
                j -= np.uintp(1)
                word = word * size + np.uintp(codes[i, j])
            word += offsets[stop - start]
            w00r, w01r = table[word, 0, 0, 0], table[word, 0, 0, 1]
            w10r, w11r = table[word, 0, 1, 0], table[word, 0, 1, 1]
            w00i, w01i = table[word, 1, 0, 0], table[word, 1, 0, 1]
            w10i, w11i = table[word, 1, 1, 0], table[word, 1, 1, 1]
            if start == 0:
                u00r, u01r, u10r, u11r = w00r, w01r, w10r, w11r
                u00i, u01i, u10i, u11i = w00i, w01i, w10i, w11i
            else:
                n00r = ((w00r * u00r - w00i * u00i) + w01r * u10r) - w01i * u10i
                n01r = ((w00r * u01r - w00i * u01i) + w01r * u11r) - w01i * u11i
                n10r = ((w10r * u00r - w10i * u00i) + w11r * u10r) - w11i * u10i
                n11r = ((w10r * u01r - w10i * u01i) + w11r * u11r) - w11i * u11i
                n00i = ((w00r * u00i + w00i * u00r) + w01r * u10i) + w01i * u10r
                n01i = ((w00r * u01i + w00i * u01r) + w01r * u11i) + w01i * u11r
                n10i = ((w10r * u00i + w10i * u00r) + w11r * u10i) + w11i * u10r
                n11i = ((w10r * u01i + w10i * u01r) + w11r * u11i) + w11i * u11r
                u00r, u01r, u10r, u11r = n00r, n01r, n10r, n11r
                u00i, u01i, u10i, u11i = n00i, n01i, n10i, n11i
            start += fold
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = u00r + 0.0, u00i + 0.0, u01r + 0.0, u01i + 0.0
        out[i, 4], out[i, 5], out[i, 6], out[i, 7] = u10r + 0.0, u10i + 0.0, u11r + 0.0, u11i + 0.0
