"""Correctly rounded cosines and sines of rational multiples of pi.

The last bit of the C library's functions differs between machines, but gate matrices enter the
recipe as exact bytes. Here a value is computed to about 60 digits with Python's `decimal`, whose
results are the same everywhere, and then rounded once, to the double nearest to the exact value.

Angles are given in *turns*, as fractions: `Fraction(1, 8)` is pi/4.
"""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from fractions import Fraction

DIGITS = 60
"""Significant digits of the computation; a double has up to 17."""

PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")
"""80 digits of pi."""

_CONTEXT = Context(prec=DIGITS + 5, traps=[])
_SMALL = Decimal(10) ** -(DIGITS + 10)


def cos_turns(turns: Fraction) -> float:
    """`cos(2 pi turns)`, rounded to the nearest double.

    >>> cos_turns(Fraction(1, 6)), cos_turns(Fraction(1, 4))
    (0.5, 0.0)
    """
    return _round(_cosine(turns))


def sin_turns(turns: Fraction) -> float:
    """`sin(2 pi turns)`, rounded to the nearest double."""
    return _round(_cosine(turns - Fraction(1, 4)))


def phase(turns: Fraction) -> complex:
    """`e^(2 pi i turns)`, each part rounded to the nearest double.

    >>> phase(Fraction(1, 4))
    1j
    """
    return complex(cos_turns(turns), sin_turns(turns))


def polar(modulus_squared: Fraction | Decimal, turns: Fraction) -> complex:
    """`sqrt(modulus_squared) e^(2 pi i turns)`, each part rounded once, at the end.

    >>> polar(Fraction(2), Fraction(1, 8))
    (1+1j)
    """
    with localcontext(_CONTEXT):
        modulus = _decimal(modulus_squared).sqrt()
        re = modulus * _cosine(turns)
        im = modulus * _cosine(turns - Fraction(1, 4))
    return complex(_round(re), _round(im))


def sin_squared(turns: Fraction) -> Decimal:
    """`sin(2 pi turns)**2` to about `DIGITS` digits, for `polar`."""
    with localcontext(_CONTEXT):
        return _cosine(turns - Fraction(1, 4)) ** 2


def _decimal(value: Fraction | Decimal) -> Decimal:
    if isinstance(value, Fraction):
        return Decimal(value.numerator) / Decimal(value.denominator)
    return value


def _cosine(turns: Fraction) -> Decimal:
    """`cos(2 pi turns)` to about `DIGITS` significant digits; exactly 0 at its zeros."""
    turns %= 1
    turns = min(turns, 1 - turns)  # now 0 to 1/2: the cosine is even
    if turns > Fraction(1, 4):
        return -_cosine(Fraction(1, 2) - turns)
    with localcontext(_CONTEXT):
        if turns > Fraction(1, 8):  # as a sine, which keeps its digits near the zero
            return _series(2 * PI * _decimal(Fraction(1, 4) - turns), start=1)
        return _series(2 * PI * _decimal(turns), start=0)


def _series(x: Decimal, start: int) -> Decimal:
    """The Taylor series of the cosine (`start` 0) or of the sine (`start` 1), for 0 <= x < 0.8."""
    term = x if start else Decimal(1)
    total, power = Decimal(0), start
    while abs(term) > _SMALL * (x if start else 1):
        total += term
        power += 2
        term = -term * x * x / (power * (power - 1))
    return total


def _round(value: Decimal) -> float:
    """The nearest double, after rounding to `DIGITS` - 10 digits: short values become exact."""
    with localcontext(_CONTEXT) as context:
        context.prec = DIGITS - 10
        return float(+value) + 0.0
