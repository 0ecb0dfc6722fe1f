"""A ring of numbers that gate entries can lie in, as polynomials with integer coefficients."""

from __future__ import annotations

from abc import ABC, abstractmethod
from decimal import Decimal
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

DIGITS = 400
"""Significant digits of a ring's real constants.

A part of a number lies in a field of degree 4 at most. With integers below 2**63, its distance
from a midpoint of two doubles (below 2**-54 of its size) is a number of that field whose norm is
at least 1 over a power of two: above 2**-1000, or zero. So 400 digits, 1328 bits, always tell.
"""

Integers = NDArray[np.int64]
Term = tuple[tuple[int, ...], str]
"""`(weights, constant)`: the integer sum of weights times coefficients, times a real constant."""


class Ring(ABC):
    """Numbers `(a_0 + a_1 x + ... ) / base**k` with integers `a_j` and a root of unity `x`.

    An exact matrix is an integer array `(..., d, d, degree)` with one exponent `k` for the whole
    matrix. It is *reduced* when no smaller exponent will do; the reduced form is unique.

    Attributes:
        name: as it stands in a recipe.
        degree: coefficients of a number.
        wrap: `x**degree` as coefficients.
        roots: order of `x`. Unitaries of gates whose determinants are roots of unity differ by a
            power of `x` if they differ by a phase at all.
        re, im: the two parts of a number, each a sum of terms. Constants of one part are linearly
            independent over the rationals, so that a part is zero only if all its sums are.
    """

    name: ClassVar[str]
    degree: ClassVar[int]
    wrap: ClassVar[tuple[int, ...]]
    roots: ClassVar[int]
    re: ClassVar[tuple[Term, ...]]
    im: ClassVar[tuple[Term, ...]]

    @abstractmethod
    def constant(self, name: str, exponent: int, weight: int) -> Decimal:
        """A constant of `re` or `im` over `base**exponent`, to `DIGITS` digits.

        `weight` is the difference of `weight_of` of the row and the column.
        """

    @abstractmethod
    def reduce(self, numbers: Integers, exponents: Integers) -> None:
        """Brings `(n, ..., degree)` and `(n,)` to the least exponents, in place."""

    def weight_of(self, index: int) -> int:  # noqa: ARG002 - most rings have none
        """Power of an irrational factor that a basis state carries; 0 in most rings."""
        return 0

    def times_x(self, numbers: Integers) -> Integers:
        """`x` times each of `(..., degree)`."""
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
