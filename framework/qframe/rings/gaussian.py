"""GaussianFifths: Z[i] over powers of sqrt(5), for the gates of Harrow, Recht and Chuang."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np

from qframe.rings.ring import DIGITS, Integers, Ring


class GaussianFifths(Ring):
    """The ring of `(a + b i) / sqrt(5)**k`.

    It holds the entries of all products of the V gates (Bocharov, Gurevich and Svore,
    arXiv:1303.1411).
    """

    name = "Z[i]/sqrt5"
    degree = 2
    wrap = (-1, 0)
    roots = 4
    re = (((1, 0), "1"),)
    im = (((0, 1), "1"),)

    def constant(
        self,
        name: str,  # noqa: ARG002
        exponent: int,
        weight: int,  # noqa: ARG002
        digits: int = DIGITS,
    ) -> Decimal:
        """`1 / sqrt(5)**exponent`."""
        with localcontext(prec=digits):
            fives = Decimal(5) ** -(-exponent // 2)
            return (Decimal(5).sqrt() if exponent % 2 else Decimal(1)) / fives

    def reduce(self, numbers: Integers, exponents: Integers) -> None:
        """Divides by 5 while all coefficients are multiples of it; sqrt(5) is not in Z[i]."""
        flat = numbers.reshape(len(numbers), -1)
        rows = np.flatnonzero((flat != 0).any(axis=1))
        while len(rows):
            rows = rows[(flat[rows] % 5 == 0).all(axis=1)]
            flat[rows] //= 5
            exponents[rows] -= 2
