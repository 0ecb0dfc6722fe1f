"""How many pages a row takes, and which page size wastes little of them.

SQLite's rules: https://www.sqlite.org/fileformat2.html, "B-tree Pages". A row that is too long for
its page keeps a part there and puts the rest into pages of its own; short ones share pages.
"""

from __future__ import annotations

SIZES = (65536, 32768, 16384, 8192, 4096)
LARGEST = SIZES[0]

CELL_OVERHEAD = 22
"""Bytes that a row takes in its page beside its content: lengths, key, pointers."""


def row_bytes(page: int, content: int) -> float:
    """Bytes of pages that a row of `content` bytes takes among many of its like."""
    most, least = page - 35, (page - 12) * 32 // 255 - 23
    kept, elsewhere = content, 0
    if content > most:
        kept = least + (content - least) % (page - 4)
        if kept > most:
            kept = least
        elsewhere = -(-(content - kept) // (page - 4))
    in_a_page = max(1, (page - 8) // (kept + CELL_OVERHEAD))
    return page / in_a_page + elsewhere * page


def page_size_for(content: int) -> int:
    """The largest page of which rows of `content` bytes waste less than a tenth.

    Large pages are quicker to write, and a file has a fixed number of them.
    """
    for page in SIZES:
        if row_bytes(page, content) < 1.1 * content:
            return page
    return min(SIZES, key=lambda page: row_bytes(page, content))
