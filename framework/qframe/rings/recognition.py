"""The ring entries of a gate that is given in doubles alone."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from qframe.errors import ConfigError
from qframe.rings.exact_matrix import CLOSE, ExactMatrix
from qframe.rings.registry import rings
from qframe.rings.ring import Integers, Ring
from qframe.rings.rounding import rounded

REACH = 2
"""Largest coefficient that is tried."""

EXPONENTS = (0, 1, 2)


def recognised(matrix: NDArray[np.complex128], ring: Ring) -> ExactMatrix | None:
    """Small numbers of the ring whose doubles are those of `matrix`; None if there are none.

    Such numbers lie far apart (1e-3) compared to the difference allowed (4e-15), so that no gate
    that means something else is taken for one, short of a rotation by 1e-15.
    """
    for exponent in EXPONENTS:
        numbers = _numbers(ring, exponent, matrix)
        if numbers is not None:
            found = ExactMatrix(ring.name, numbers.tolist(), exponent)
            try:
                found.check("", matrix)
            except ConfigError:
                return None
            return found
    return None


def _numbers(ring: Ring, exponent: int, matrix: NDArray[np.complex128]) -> Integers | None:
    weights = np.array([ring.weight_of(index) for index in range(len(matrix))])
    found = np.zeros((*matrix.shape, ring.degree), dtype=np.int64)
    for at, entry in np.ndenumerate(matrix):
        if entry:
            numbers, values = _candidates(ring.name, exponent, int(weights[at[0]] - weights[at[1]]))
            near = np.abs(values - entry)
            best = int(near.argmin())
            if near[best] > CLOSE:
                return None
            found[at] = numbers[best]
    return found


@cache
def _candidates(
    name: str, exponent: int, difference: int
) -> tuple[Integers, NDArray[np.complex128]]:
    """All numbers with small coefficients, and their values where the weights differ by that."""
    ring = rings()[name]
    numbers = np.array(list(product(range(-REACH, REACH + 1), repeat=ring.degree)), dtype=np.int64)
    exponents = np.full(len(numbers), exponent, dtype=np.int64)
    side = abs(difference) + 1
    places = np.zeros((len(numbers), 1 << (side - 1), 1 << (side - 1), ring.degree), dtype=np.int64)
    row, column = ((-1, 0) if difference > 0 else (0, -1)) if difference else (0, 0)
    places[:, row, column] = numbers
    return numbers, rounded(ring, places, exponents)[:, row, column]
