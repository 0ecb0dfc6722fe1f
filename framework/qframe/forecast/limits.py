"""Limit: an amount that a growing dataset can exhaust, such as free bytes, inodes, SQLite pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MOST_RECORDS = 1 << 62
"""Largest number of records for which a limit is searched."""

SQLITE_PAGES = 2**32 - 2
"""SQLite's largest page number, `SQLITE_MAX_PAGE_COUNT` (sqlite.org/limits.html, 14)."""


@dataclass(frozen=True)
class Limit:
    """A limit, and how much of it a dataset uses.

    Attributes:
        what: what is limited, in words.
        most: the largest amount that there may be.
        used: the amount that the dataset uses.
        records: number of records of the largest dataset within the limit; None if every dataset
            is within it.
    """

    what: str
    most: int
    used: int
    records: int | None

    @property
    def hit(self) -> bool:
        """Whether the dataset exceeds the limit."""
        return self.used > self.most


def limit_of(what: str, most: int, use: Callable[[int], int], records: int) -> Limit:
    """The limit `most` on something of which a dataset of `n` records uses `use(n)`.

    Args:
        what: what is limited, in words.
        most: the largest amount that there may be.
        use: the amount that so many records use. It must not decrease with their number.
        records: number of records of the dataset.
    """
    low, high = 0, MOST_RECORDS
    if use(high) <= most:
        return Limit(what, most, use(records), None)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if use(middle) <= most else (low, middle)
    return Limit(what, most, use(records), low)
