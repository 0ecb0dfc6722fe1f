"""Ring: numbers that gate entries can lie in, as polynomials with integer coefficients."""

from __future__ import annotations

from abc import ABC, abstractmethod
from decimal import Decimal
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

DIGITS = 400
"""Number of significant decimal digits of a ring's real constants, for integers of 64 bits.

The real or imaginary part of a number lies in a field of degree 4 at most. With integers below
2**63, its distance from a midpoint of two doubles (below 2**-54 of its size) is a number of that
field whose norm is at least 1 over a power of two: above 2**-1000, or zero. So 400 digits, which
are 1328 bits, always decide on which side of the midpoint it lies. `digits_for` has the number for
wider integers.
"""

Integers = NDArray[np.int64]
"""Integers of 64 bits; or Python's, of any size, in an array of dtype `object`."""

Term = tuple[tuple[int, ...], str]
"""`(weights, constant)`: the sum of weights times coefficients, times a named real constant."""


def digits_for(bits: int, exponent: int) -> int:
    """Decimal digits that decide how a number is rounded whose integers have so many bits.

    The argument is that of `DIGITS`. A part that is not zero is above `2**-(3 bits + 2 exponent)`,
    so midpoints near it have `3 bits + 2 exponent + 54` binary places. Its distance from one of
    them has a norm of at least 1 over the fourth power of these places, and three conjugates below
    `2**(bits + 3)`. So it is zero or above `2**-(15 bits + 8 exponent + 300)`, next to terms as
    large as `2**bits`: `5 bits + 3 exponent + 100` digits are enough, and the rest is margin.

    It is a multiple of `DIGITS`, so that the constants of many numbers are the same.
    """
    return DIGITS * (2 + 6 * (bits + exponent) // DIGITS)


class Ring(ABC):
    """Numbers `(a_0 + a_1 x + ... ) / base**k` with integers `a_j` and a root of unity `x`.

    An exact matrix is an integer array `(..., d, d, degree)` with one exponent `k` for the whole
    matrix. It is *reduced* if no smaller exponent is possible. The reduced form is unique.

    Attributes:
        name: name of the ring in a recipe.
        degree: number of coefficients of a number.
        wrap: coefficients of `x**degree`.
        roots: order of `x`: the least `n` with `x**n = 1`. If two unitaries of gates whose
            determinants are roots of unity differ by a phase, that phase is a power of `x`.
        re, im: the real and the imaginary part of a number, each a sum of terms. The constants of
            one part are linearly independent over the rationals, so that a part is zero only if
            all its sums are.
    """

    name: ClassVar[str]
    degree: ClassVar[int]
    wrap: ClassVar[tuple[int, ...]]
    roots: ClassVar[int]
    re: ClassVar[tuple[Term, ...]]
    im: ClassVar[tuple[Term, ...]]

    @abstractmethod
    def constant(self, name: str, exponent: int, weight: int, digits: int = DIGITS) -> Decimal:
        """A constant of `re` or `im`, over `base**exponent`.

        Args:
            name: name of the constant.
            exponent: power of the base that it is divided by.
            weight: `weight_of` the entry's row less that of its column.
            digits: number of significant decimal digits.
        """

    @abstractmethod
    def reduce(self, numbers: Integers, exponents: Integers) -> None:
        """Reduces matrices `(n, ..., degree)` with exponents `(n,)`, both in place.

        Whatever the value of a matrix does not depend on is the same afterwards, too: equal
        matrices have equal integers and equal exponents.
        """

    def weight_of(self, index: int) -> int:  # noqa: ARG002 - most rings have none
        """Power of an irrational factor that a basis state carries; 0 in most rings."""
        return 0

    def times_x(self, numbers: Integers) -> Integers:
        """`x` times each of the numbers `(..., degree)`."""
        turned = np.roll(numbers, 1, axis=-1)
        top = turned[..., :1].copy()
        turned[..., 0] = 0
        result: Integers = turned + top * np.array(self.wrap, dtype=np.int64)
        return result

    def representation(self, matrix: Integers) -> Integers:
        """The integer matrix `(d * degree, d * degree)` by which `(d, d, degree)` multiplies."""
        powers = [matrix]
        for _ in range(self.degree - 1):
            powers.append(self.times_x(powers[-1]))
        rows, columns, _ = matrix.shape
        stacked = np.stack(powers, axis=-1)  # (row, column, coefficient, power of x)
        return np.ascontiguousarray(stacked.transpose(0, 2, 1, 3)).reshape(
            rows * self.degree, columns * self.degree
        )
