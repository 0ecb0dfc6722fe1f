"""Recognition of exact entries: from a gate's doubles to small numbers of a ring."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from qframe.errors import ConfigError
from qframe.rings.exact_matrix import ENTRY_TOLERANCE, ExactMatrix
from qframe.rings.registry import rings
from qframe.rings.ring import Integers, Ring
from qframe.rings.rounding import nearest_doubles

LARGEST_TRIED = 2
"""Largest coefficient that is tried."""

EXPONENTS = (0, 1, 2)
"""Exponents that are tried."""


def recognise(matrix: NDArray[np.complex128], ring: Ring) -> ExactMatrix | None:
    """The small numbers of a ring whose doubles are the entries of `matrix`; None if none are.

    Such numbers lie far apart (1e-3) compared to the difference that is allowed (4e-15). So no
    other gate is taken for one of them, apart from a rotation by 1e-15.
    """
    for exponent in EXPONENTS:
        numbers = _numbers(ring, exponent, matrix)
        if numbers is not None:
            exact = ExactMatrix(ring.name, numbers.tolist(), exponent)
            try:
                exact.check("", matrix)
            except ConfigError:
                return None
            return exact
    return None


def _numbers(ring: Ring, exponent: int, matrix: NDArray[np.complex128]) -> Integers | None:
    """The numbers of all entries over `base**exponent`; None if an entry is none of those tried."""
    weights = np.array([ring.weight_of(index) for index in range(len(matrix))])
    numbers = np.zeros((*matrix.shape, ring.degree), dtype=np.int64)
    for place, entry in np.ndenumerate(matrix):
        if entry:
            difference = int(weights[place[0]] - weights[place[1]])
            candidates, values = _candidates(ring.name, exponent, difference)
            distances = np.abs(values - entry)
            nearest = int(distances.argmin())
            if distances[nearest] > ENTRY_TOLERANCE:
                return None
            numbers[place] = candidates[nearest]
    return numbers


@cache
def _candidates(
    name: str, exponent: int, difference: int
) -> tuple[Integers, NDArray[np.complex128]]:
    """All numbers with small coefficients, and their doubles where the weights differ so much.

    `nearest_doubles` takes whole matrices: each number stands in one that has a place with this
    difference of weights, between a state of all ones and the first state.
    """
    ring = rings()[name]
    coefficients = range(-LARGEST_TRIED, LARGEST_TRIED + 1)
    numbers = np.array(list(product(coefficients, repeat=ring.degree)), dtype=np.int64)
    exponents = np.full(len(numbers), exponent, dtype=np.int64)
    side = 1 << abs(difference)
    matrices = np.zeros((len(numbers), side, side, ring.degree), dtype=np.int64)
    row, column = ((-1, 0) if difference > 0 else (0, -1)) if difference else (0, 0)
    matrices[:, row, column] = numbers
    return numbers, nearest_doubles(ring, matrices, exponents)[:, row, column]
