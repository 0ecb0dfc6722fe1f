"""Choosing the page size of a SQLite file, by the pages that rows of a given size take.

SQLite's rules: https://www.sqlite.org/fileformat2.html, "B-tree Pages". Short rows share a page. A
row that is too long for its page keeps a part there, and the rest goes to pages of its own.
"""

from __future__ import annotations

PAGE_SIZES = (65536, 32768, 16384, 8192, 4096)
LARGEST_PAGE = PAGE_SIZES[0]

CELL_OVERHEAD = 22
"""Bytes that a row takes in its page beside its content: lengths, key, pointers."""


def row_bytes(page: int, content: int) -> float:
    """Bytes of pages that a row takes, on average over many rows of `content` bytes.

    Args:
        page: bytes per page.
        content: bytes of the row's columns.
    """
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
    """The largest page size at which rows of `content` bytes waste less than a tenth.

    Large pages are faster to write, and allow a larger file, as SQLite limits the number of pages.
    """
    for page in PAGE_SIZES:
        if row_bytes(page, content) < 1.1 * content:
            return page
    return min(PAGE_SIZES, key=lambda page: row_bytes(page, content))
