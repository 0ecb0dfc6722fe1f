"""What a dataset can run into: room, inodes, sizes of files, entries of directories, pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MOST_RECORDS = 1 << 62
"""Beyond this no limit is looked for."""

SQLITE_PAGES = 2**32 - 2
"""SQLite's largest page number, `SQLITE_MAX_PAGE_COUNT` (sqlite.org/limits.html, 14)."""


@dataclass(frozen=True)
class Limit:
    """Something that fills up.

    Attributes:
        what: in words.
        most: how much there is.
        used: how much of it the dataset takes.
        records: the largest dataset that stays within it; None if that is beyond any number.
    """

    what: str
    most: int
    used: int
    records: int | None

    @property
    def hit(self) -> bool:
        return self.used > self.most


def limit_of(what: str, most: int, use: Callable[[int], int], records: int) -> Limit:
    """The limit `most` for something of which a dataset of `n` records takes `use(n)`.

    `use` does not decrease.
    """
    low, high = 0, MOST_RECORDS
    if use(high) <= most:
        return Limit(what, most, use(records), None)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if use(middle) <= most else (low, middle)
    return Limit(what, most, use(records), low)
