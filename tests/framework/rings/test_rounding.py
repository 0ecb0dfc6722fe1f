"""Numbers of a ring as doubles: the nearest one, each time, in the easy cases and in the hard."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qframe.rings.registry import rings
from qframe.rings.rounding import nearest_doubles

BITS = 2400


def root(x: Fraction) -> Fraction:
    """A square root to about `BITS` bits, by integers alone."""
    return Fraction(isqrt((x.numerator << (2 * BITS)) // x.denominator), 1 << BITS)


FIVE, HALF = root(Fraction(5)), root(Fraction(1, 2))
TAU = (FIVE - 1) / 2
COS36, SIN36, SIN72 = (FIVE + 1) / 4, root((10 - 2 * FIVE) / 16), root((10 + 2 * FIVE) / 16)
COSINES = {
    "Z[w8]/sqrt2": (
        [Fraction(1), HALF, Fraction(0), -HALF],
        [Fraction(0), HALF, Fraction(1), HALF],
    ),
    "Z[i]/sqrt5": ([Fraction(1), Fraction(0)], [Fraction(0), Fraction(1)]),
    "Z[z10],sqrt(tau)": (
        [Fraction(1), COS36, COS36 - Fraction(1, 2), Fraction(1, 2) - COS36],
        [Fraction(0), SIN36, SIN72, SIN72],
    ),
}
"""Real and imaginary parts of the powers of x."""


def nearest(name: str, numbers: list[int], exponent: int) -> complex:
    """By rational numbers of 900 bits; Python rounds a quotient of integers correctly."""
    if name == "Z[w8]/sqrt2":  # sqrt(1/2) twice is exactly 1/2
        a, b, c, d = map(Fraction, numbers)
        parts = [(a, b - d), (c, b + d)]
        if exponent % 2:
            parts = [(q / 2, p) for p, q in parts]
        re, im = (p + q * HALF for p, q in parts)
        over = Fraction(2) ** (exponent // 2)
    else:
        re, im = (
            sum((a * c for a, c in zip(numbers, parts, strict=True)), Fraction(0))
            for parts in COSINES[name]
        )
        over = Fraction(5) ** (exponent // 2) * (FIVE if exponent % 2 else 1)
    return complex(float(re / over), float(im / over))


def one(name: str, numbers: list[int], exponent: int) -> complex:
    ring = rings()[name]
    array = np.array(numbers, dtype=np.int64).reshape(1, 1, 1, -1)
    return complex(nearest_doubles(ring, array, np.array([exponent]))[0, 0, 0])


def same_bits(a: complex, b: complex) -> bool:
    return (a.real.hex(), a.imag.hex()) == (b.real.hex(), b.imag.hex())


@pytest.mark.parametrize("name", rings())
@settings(max_examples=150)
@given(data=st.data())
def test_a_number_becomes_the_nearest_double(name: str, data: st.DataObject) -> None:
    bits = data.draw(st.integers(1, 60))
    integer = st.integers(-(1 << bits), 1 << bits)
    degree = rings()[name].degree
    numbers = data.draw(st.lists(integer, min_size=degree, max_size=degree))
    exponent = data.draw(st.integers(0, 110)) if "tau" not in name else 0
    assert same_bits(one(name, numbers, exponent), nearest(name, numbers, exponent))


@pytest.mark.parametrize("name", rings())
@settings(max_examples=40)
@given(data=st.data())
def test_a_number_of_any_size_becomes_the_nearest_double(name: str, data: st.DataObject) -> None:
    """Python's integers, also at the middle of two doubles: a tie goes to the even one."""
    bits = data.draw(st.integers(1, 400))
    integer = st.integers(-(1 << bits), 1 << bits)
    degree = rings()[name].degree
    numbers = data.draw(st.lists(integer, min_size=degree, max_size=degree))
    if data.draw(st.booleans()):
        numbers = [(1 << bits + 60) + (1 << bits + 7)] + [0] * (degree - 1)
    exponent = data.draw(st.integers(0, 600)) if "tau" not in name else 0
    array = np.array(numbers, dtype=object).reshape(1, 1, 1, -1)
    got = complex(nearest_doubles(rings()[name], array, np.array([exponent]))[0, 0, 0])
    assert same_bits(got, nearest(name, numbers, exponent))


def test_thousands_of_numbers_at_once_become_the_nearest_doubles() -> None:
    random = np.random.default_rng(8)
    for name in rings():
        ring = rings()[name]
        numbers = random.integers(-(10**6), 10**6, size=(300, 1, 1, ring.degree))
        exponents = random.integers(0, 40, size=300) * ("tau" not in name)
        for row, k, got in zip(
            numbers[:, 0, 0].tolist(),
            exponents.tolist(),
            nearest_doubles(ring, numbers, exponents)[:, 0, 0].tolist(),
            strict=True,
        ):
            assert same_bits(got, nearest(name, row, k))


def test_sums_that_nearly_cancel_become_the_nearest_doubles() -> None:
    """`p - q sqrt(1/2)` for the convergents of sqrt(1/2): the worst there are for their size."""
    p, q = 1, 1
    for _ in range(44):
        p, q = p + q, 2 * p + q  # p/q -> sqrt(1/2)
        for k in (0, 1, 30):
            assert same_bits(
                one("Z[w8]/sqrt2", [p, -q, 0, 0], k), nearest("Z[w8]/sqrt2", [p, -q, 0, 0], k)
            )
    assert abs(p - q * HALF) < Fraction(1, 10**16) < abs(p - q * 0.5**0.5)


def test_sums_close_to_the_middle_of_two_doubles_become_the_nearest() -> None:
    """`p + q sqrt(1/2)` just above and below a midpoint, searched for: plain doubles fail here."""
    random = np.random.default_rng(2)
    found = plain = 0
    for q in random.integers(1, 1 << 26, size=6_000).tolist():
        value = q * HALF
        shift = 52 - int(value).bit_length() + 1
        part = value * 2**shift
        away = part - int(part) - Fraction(1, 2)
        if abs(away) < Fraction(1, 2000):
            found += 1
            got = one("Z[w8]/sqrt2", [0, q, 0, 0], 0)
            assert same_bits(got, nearest("Z[w8]/sqrt2", [0, q, 0, 0], 0))
            plain += got.real != q * 0.5**0.5
    assert found >= 2
    assert plain  # the naive product differs somewhere


def test_fibonacci_entries_carry_the_root_of_tau_of_their_place() -> None:
    ring = rings()["Z[z10],sqrt(tau)"]
    numbers = np.array([3, -1, 4, 1]).reshape(1, 1, 1, 4).repeat(2, 1).repeat(2, 2)
    got = nearest_doubles(ring, numbers, np.zeros(1, dtype=np.int64))[0]
    plain = nearest(ring.name, [3, -1, 4, 1], 0)
    assert same_bits(complex(got[0, 0]), plain)
    assert same_bits(complex(got[1, 1]), plain)
    re, _ = (sum(a * c for a, c in zip([3, -1, 4, 1], p, strict=True)) for p in COSINES[ring.name])
    assert got[0, 1].real == float(re * root(TAU))
    assert got[1, 0].real == float(re / root(TAU))


def test_zeros_are_never_negative() -> None:
    for name in rings():
        degree = rings()[name].degree
        for numbers in ([-1] + [0] * (degree - 1), [0] * degree):
            value = one(name, numbers, 0)
            assert not np.signbit([value.imag]).any()
