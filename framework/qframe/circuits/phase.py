"""Global phase: unitaries with it removed, and the cells that their entries are rounded to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrices = NDArray[np.complex128]
"""`(n, d, d)` unitaries."""

PIVOT = 0.37
"""The pivot of a unitary is its first entry (row by row) that is larger than `PIVOT / sqrt(d)`.

Its phase is taken for the phase of the unitary. Each row of a unitary has an entry of at least
`1 / sqrt(d)`, so there always is a pivot.
"""

OFFSET = 0.314159
"""Fraction of its width by which each cell is shifted.

Common numbers (0, 1/2, 1/sqrt(2)) then lie far from a border.
"""

FINE_CELL = 2.0**-26
"""Width of a cell for double precision, 1.5e-8: far above rounding errors (1e-16 per gate)."""

COARSE_CELL = 1e-4
"""Width of a cell for single precision, whose entries are right to 1e-7."""


def parts_without_phase(unitaries: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Real and imaginary parts of unitaries, turned so that the pivot is real and positive.

    Args:
        unitaries: `(n, d, d)` complex.

    Returns:
        two arrays `(n, d * d)` `float64`, entries row by row. They are sums of real products that
        are rounded separately, so that they have the same bits on every machine.
    """
    count, dim = unitaries.shape[:2]
    re = unitaries.real.reshape(count, -1).astype(np.float64, copy=False)
    im = unitaries.imag.reshape(count, -1).astype(np.float64, copy=False)
    size = re * re + im * im
    pivot = (size > PIVOT**2 / dim).argmax(axis=1)[:, None]
    p_re, p_im, p_size = (np.take_along_axis(part, pivot, 1) for part in (re, im, size))
    p_size = np.sqrt(p_size)
    cos, sin = p_re / p_size, p_im / p_size
    return re * cos + im * sin, im * cos - re * sin


def without_phase(unitaries: Matrices) -> Matrices:
    """Unitaries `(n, d, d)`, each times the phase that makes its pivot real and positive."""
    re, im = parts_without_phase(unitaries)
    turned: Matrices = (re + 1j * im).reshape(unitaries.shape)
    return turned


def cells(numbers: NDArray[np.float64], width: float) -> NDArray[np.int64]:
    """The cell of each number; cells are `width` wide and shifted by `OFFSET * width`."""
    return np.floor(numbers / width + OFFSET).astype(np.int64)


def cells_without_phase(unitaries: NDArray[Any], width: float) -> NDArray[np.int64]:
    """The cells of the entries of unitaries whose phase was removed.

    Unitaries that are equal up to a phase have equal cells, unless rounding errors put a number
    on two sides of a border.

    Args:
        unitaries: `(n, d, d)` complex.
        width: width of a cell.

    Returns:
        `(n, 2 * d * d)` `int64`: all real parts, then all imaginary parts.
    """
    return cells(np.concatenate(parts_without_phase(unitaries), axis=1), width)
