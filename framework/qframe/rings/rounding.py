"""Rounding of ring numbers: the doubles that are nearest to them.

The real or imaginary part of a number is a sum of one or two integers times real constants. It is
computed in double-double arithmetic (Dekker 1971; Knuth, TAOCP 4.2.2), whose error has a bound. A
result that lies farther than this bound from every midpoint of two doubles is proved. The few
others, and integers beyond 2**53, are computed with `DIGITS` decimal digits. All additions and
multiplications are rounded separately, so that every machine gives the same bits.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qframe.rings.ring import DIGITS, Integers, Ring, Term, digits_for

Reals = NDArray[np.float64]

RELATIVE_ERROR = 2.0**-98
"""Bound on the error of a double-double sum, relative to the sum of the terms' sizes.

Each term adds the constant's third part (2**-106) and the rounding of the small product (2**-106),
each sum adds 2**-104. That is 2**-102 for two terms; the rest is margin.
"""

SPLITTER = 134217729.0
"""2**27 + 1: splits a double into two halves of at most 26 bits (Dekker 1971)."""


def nearest_doubles(ring: Ring, numbers: Integers, exponents: Integers) -> NDArray[np.complex128]:
    """Matrices of a ring as doubles: both parts of each entry are rounded once, to the nearest.

    Args:
        ring: the ring of the entries.
        numbers: `(n, d, d, degree)` `int64` below 2**61, or Python's integers of any size
            (`object`), which takes longer.
        exponents: `(n,)` `int64`.

    Returns:
        `(n, d, d)` `complex128`.
    """
    weights = [ring.weight_of(index) for index in range(numbers.shape[1])]
    out = np.empty(numbers.shape[:3], dtype=np.complex128)
    out.real = _part(ring, ring.re, numbers, exponents, weights)
    out.imag = _part(ring, ring.im, numbers, exponents, weights)
    return out


def _part(
    ring: Ring,
    terms: tuple[Term, ...],
    numbers: Integers,
    exponents: Integers,
    weights: list[int],
) -> Reals:
    """One part of each entry, `(n, d, d)`; `terms` are those of the part."""
    sums = [numbers @ np.array(weight, dtype=np.int64) for weight, _ in terms]
    names = tuple(name for _, name in terms)
    differences = np.subtract.outer(weights, weights)
    if numbers.dtype == object:
        return _wide_part(ring, names, sums, exponents, differences)
    distinct, place = np.unique(exponents, return_inverse=True)
    value = np.empty(numbers.shape[:3])
    unproved = np.empty(numbers.shape[:3], dtype=bool)
    for difference in np.unique(differences):
        where = np.nonzero(differences == difference)
        highs, lows = _tables(ring, names, distinct, int(difference))
        entries = [s[:, where[0], where[1]] for s in sums]
        value[:, where[0], where[1]], unproved[:, where[0], where[1]] = _sum(
            entries, highs[:, place, None], lows[:, place, None]
        )
    for entry in zip(*np.nonzero(unproved), strict=True):
        value[entry] = _with_decimals(
            ring,
            names,
            [int(s[entry]) for s in sums],
            int(exponents[entry[0]]),
            int(differences[entry[1:]]),
        )
    return value


def _wide_part(
    ring: Ring,
    names: tuple[str, ...],
    sums: list[Integers],
    exponents: Integers,
    differences: Integers,
) -> Reals:
    """One part of each entry, `(n, d, d)`, from sums of Python's integers."""
    value = np.empty(sums[0].shape)
    for row, exponent in enumerate(exponents.tolist()):
        bits = max(abs(x).bit_length() for s in sums for x in s[row].flat)
        digits = digits_for(bits, exponent)
        for place in np.ndindex(differences.shape):
            integers = [s[row][place] for s in sums]
            weight = int(differences[place])
            value[row][place] = _with_decimals(ring, names, integers, exponent, weight, digits)
    return value


def _tables(
    ring: Ring, names: tuple[str, ...], exponents: Integers, weight: int
) -> tuple[Reals, Reals]:
    """High and low doubles of the constants: `(terms, exponents)` each."""
    pairs = [[_constant(ring, n, int(k), weight) for k in exponents] for n in names]
    table = np.array(pairs, dtype=np.float64).reshape(len(names), -1, 2)
    return table[..., 0], table[..., 1]


@lru_cache(maxsize=4096)
def _constant(ring: Ring, name: str, exponent: int, weight: int) -> tuple[float, float]:
    exact = ring.constant(name, exponent, weight)
    high = float(exact)
    with localcontext(prec=DIGITS):
        return high, float(exact - Decimal(high))


def _sum(integers: list[Integers], highs: Reals, lows: Reals) -> tuple[Reals, NDArray[np.bool_]]:
    """The sums as doubles, and which of them the error bound does not prove."""
    unproved = np.zeros(integers[0].shape, dtype=bool)
    high = low = size = np.zeros(integers[0].shape)
    for whole, c_high, c_low in zip(integers, highs, lows, strict=True):
        p = whole.astype(np.float64)
        unproved |= np.abs(whole) > 1 << 53
        product, rest = _two_product(p, c_high)
        rest = rest + p * c_low
        total, error = _two_sum(high, product)
        high, low = _two_sum(total, error + (low + rest))
        size = size + np.abs(product)
    bound = size * RELATIVE_ERROR
    up = (np.nextafter(high, np.inf) - high) / 2
    down = (high - np.nextafter(high, -np.inf)) / 2
    unproved |= (up - low <= bound) | (down + low <= bound)
    return high + 0.0, unproved & (size > 0)


def _two_sum(a: Reals, b: Reals) -> tuple[Reals, Reals]:
    """The rounded sum and its rounding error: together exactly `a + b` (Knuth)."""
    total = a + b
    b_part = total - a
    return total, (a - (total - b_part)) + (b - b_part)


def _two_product(a: Reals, b: Reals) -> tuple[Reals, Reals]:
    """The rounded product and its rounding error: together exactly `a * b` (Dekker)."""
    product = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    rest = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, rest


def _split(a: Reals) -> tuple[Reals, Reals]:
    """Two halves of a double, of at most 26 bits each; their sum is exactly `a`."""
    scaled = SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high


def _with_decimals(
    ring: Ring,
    names: tuple[str, ...],
    integers: list[int],
    exponent: int,
    weight: int,
    digits: int = DIGITS,
) -> float:
    """One entry's part, computed with so many decimal digits."""
    with localcontext(prec=digits):
        terms = (
            p * _decimal_constant(ring, name, exponent, weight, digits)
            for p, name in zip(integers, names, strict=True)
        )
        total = sum(terms, Decimal(0))
    return float(total) + 0.0


@lru_cache(maxsize=256)
def _decimal_constant(ring: Ring, name: str, exponent: int, weight: int, digits: int) -> Decimal:
    return ring.constant(name, exponent, weight, digits)
