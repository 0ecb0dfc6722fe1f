"""Numbers, bytes and times in words."""

from __future__ import annotations

import pytest

from qframe.readable import duration, number, short, size


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (28.8e12, "28.8 TB"),
        (96_512_000, "96.5 MB"),
        (2.5e15, "2.5 PB"),
    ],
)
def test_bytes_have_decimal_units(count: float, said: str) -> None:
    assert size(count) == said


@pytest.mark.parametrize(
    ("count", "words", "letter"),
    [
        (0, "0", "0"),
        (0.25, "0.25", "0.25"),
        (999, "999", "999"),
        (1000, "1 thousand", "1 k"),
        (4_199_000, "4.2 million", "4.2 M"),
        (999_999, "1 million", "1 M"),
        (183e9, "183 billion", "183 G"),
        (1e12, "1 trillion", "1 T"),
        (2**62, "4,610 quadrillion", "4,610,000 T"),
    ],
)
def test_numbers_have_three_digits(count: float, words: str, letter: str) -> None:
    assert number(count) == words
    assert short(count) == letter


@pytest.mark.parametrize(
    ("hours", "said"),
    [(0.0001, "0.4 s"), (0.5, "30.0 min"), (27.84, "27.8 h"), (240, "10.0 days")],
)
def test_times_have_the_unit_that_suits_them(hours: float, said: str) -> None:
    assert duration(hours) == said
