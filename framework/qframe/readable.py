"""Numbers, bytes and times as people read them: `183 billion`, `4.2 M`, `28.8 TB`, `27.8 h`."""

from __future__ import annotations

from rich.filesize import decimal, pick_unit_and_suffix

WORDS = ["", "thousand", "million", "billion", "trillion", "quadrillion"]
LETTERS = ["", "k", "M", "G", "T"]


def size(count: float) -> str:
    """A number of bytes in decimal units: `28.8 TB`."""
    return decimal(round(count))


def number(count: float) -> str:
    """A number with three digits and a word: `183 billion`."""
    return _three_digits(count, WORDS)


def short(count: float) -> str:
    """A number with three digits and a letter, for charts: `4.2 M`."""
    return _three_digits(count, LETTERS)


def duration(hours: float) -> str:
    """A time, given in hours, in the unit that suits it: `27.8 h`."""
    if hours >= 100:
        return f"{hours / 24:,.1f} days"
    if hours >= 1:
        return f"{hours:.1f} h"
    return f"{hours * 60:.1f} min" if hours * 60 >= 1 else f"{hours * 3600:.1f} s"


def _three_digits(count: float, suffixes: list[str]) -> str:
    rounded = float(f"{count:.3g}")  # first, for 999,999 is a million in three digits
    unit, suffix = pick_unit_and_suffix(int(rounded), suffixes, 1000)
    scaled = rounded / unit
    return f"{scaled:,.0f} {suffix}" if scaled >= 1000 else f"{scaled:.3g} {suffix}".strip()
