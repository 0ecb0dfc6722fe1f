"""TenthRoots: Z[z], z = e^(i pi/5), with powers of sqrt(tau), for Fibonacci anyons."""

from __future__ import annotations

from decimal import Decimal, localcontext

from qframe.rings.ring import DIGITS, Integers, Ring


class TenthRoots(Ring):
    """The ring of `sqrt(tau)**w (a + b z + c z^2 + d z^3)`.

    `z = e^(i pi/5)`, and `tau = (sqrt(5) - 1)/2` is the inverse golden ratio. `w` belongs to the
    place in the matrix and not to the number: it is the number of ones in the column's index less
    that in the row's. With `D = diag(1, sqrt(tau))` on each qubit, a unitary U is held as the
    integer matrix `D U D^-1`, and products of those are products of unitaries. `sqrt(tau)`
    occurs only off the diagonal of a qubit's matrix, so braids of three anyons fit (Kliuchnikov,
    Bocharov and Svore, arXiv:1310.4150). There is no denominator, because tau is a unit.

    The parts of a number are `re = (2a - c + d)/2 + (b + c - d) cos(36)` and
    `im = b sin(36) + (c + d) sin(72)`, with angles in degrees.
    """

    name = "Z[z10],sqrt(tau)"
    degree = 4
    wrap = (-1, 1, -1, 1)
    roots = 10
    re = (((2, 0, -1, 1), "half"), ((0, 1, 1, -1), "cos36"))
    im = (((0, 1, 0, 0), "sin36"), ((0, 0, 1, 1), "sin72"))

    def weight_of(self, index: int) -> int:
        """Number of ones in the binary form of the index."""
        return index.bit_count()

    def constant(
        self,
        name: str,
        exponent: int,  # noqa: ARG002
        weight: int,
        digits: int = DIGITS,
    ) -> Decimal:
        """The constant times `sqrt(tau)**-weight`."""
        with localcontext(prec=digits):
            root = Decimal(5).sqrt()
            value = {
                "half": Decimal("0.5"),
                "cos36": (1 + root) / 4,
                "sin36": (10 - 2 * root).sqrt() / 4,
                "sin72": (10 + 2 * root).sqrt() / 4,
            }[name]
            return value * ((root - 1) / 2).sqrt() ** -weight

    def reduce(self, numbers: Integers, exponents: Integers) -> None:  # noqa: ARG002
        """Sets the exponents to 0: the numbers have no denominator, whatever a gate declares."""
        exponents[:] = 0
