"""EighthRoots: Z[w] over powers of sqrt(2), w = e^(i pi/4), for Clifford+T, CS and CCZ."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

from qframe.rings.ring import DIGITS, Integers, Ring


class EighthRoots(Ring):
    """The ring of `(a + b w + c w^2 + d w^3) / sqrt(2)**k` with `w = e^(i pi/4)`.

    It holds the entries of all products of H, S, T, CX, CZ, CS, CCZ, ... (Giles and Selinger,
    arXiv:1212.0506). The parts of a number are `re = a + (b - d) sqrt(1/2)` and
    `im = c + (b + d) sqrt(1/2)`, over `sqrt(2)**k`.
    """

    name = "Z[w8]/sqrt2"
    degree = 4
    wrap = (-1, 0, 0, 0)
    roots = 8
    re = (((1, 0, 0, 0), "1"), ((0, 1, 0, -1), "r"))
    im = (((0, 0, 1, 0), "1"), ((0, 1, 0, 1), "r"))

    def constant(
        self,
        name: str,
        exponent: int,
        weight: int,  # noqa: ARG002
        digits: int = DIGITS,
    ) -> Decimal:
        """`sqrt(1/2)**exponent`, and for `r` that times `sqrt(1/2)`."""
        power = exponent + (name == "r")
        with localcontext(prec=digits):
            whole = Decimal(1) / Decimal(2) ** (power // 2)
            return whole * Decimal("0.5").sqrt() if power % 2 else whole

    def reduce(self, numbers: Integers, exponents: Integers) -> None:
        """Divides by the power of two that all coefficients share, then by sqrt(2) at most once.

        After the first step some coefficient is odd. So sqrt(2) divides all of them at most once:
        two factors sqrt(2) would be a factor 2.
        """
        flat = numbers.reshape(len(numbers), -1)
        shared = np.bitwise_or.reduce(flat, axis=1)
        twos = _zeros_at_the_end(shared)
        flat >>= twos[:, None].astype(flat.dtype, copy=False)
        exponents -= 2 * twos
        # a = c and b = d modulo 2: the number is a multiple of sqrt(2) = w - w^3.
        quads = flat.reshape(len(flat), -1, 4)
        differ = (quads[..., :2] ^ quads[..., 2:]).reshape(len(flat), -1)
        odd = np.bitwise_or.reduce(differ, axis=1) & 1
        rows = np.flatnonzero((odd == 0) & (shared != 0))
        if len(rows):
            a, b, c, d = np.moveaxis(quads[rows], -1, 0)
            quads[rows] = np.stack([b - d, a + c, b + d, c - a], axis=-1) >> 1
            exponents[rows] -= 1


def _zeros_at_the_end(shared: Integers) -> NDArray[np.int64]:
    """Number of zeros at the end of each integer `(n,)` in binary; 0 for the integer 0."""
    if shared.dtype == object:
        return np.array([max(0, (x & -x).bit_length() - 1) for x in shared.tolist()], np.int64)
    lowest = shared & -shared
    zeros = np.zeros(len(shared), dtype=np.int64)
    np.log2(lowest, out=zeros, where=lowest > 0, casting="unsafe")  # exact: a power of two
    return zeros
