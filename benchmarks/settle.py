"""The same memory before each run: full of cached files, with nothing left to write back.

So memory is in the middle of a long run: whoever writes takes a page from the cache of files that
were read or written before. A virtual machine that has been idle has given its free memory back to
its host instead, and pays several times what a write costs for each page that it touches first; a
benchmark of seconds would measure that, and not what a record costs.
"""

from __future__ import annotations

import os
from pathlib import Path

PIECE = 8 << 20
KEPT_FREE = 1 << 30
"""Bytes; more than the kernel keeps free of a full memory of some ten GiB."""

MOST = 64 << 30
"""Bytes; a machine with more memory than that keeps the rest as it is."""


def settle(directory: Path) -> None:
    """Fills memory with clean cached pages, those of a file of holes that stays in `directory`."""
    os.sync()
    holes = directory / "settle"
    size = min(memory_bytes(), MOST)
    if not holes.exists():
        holes.touch()
        os.truncate(holes, size)
    room = memoryview(bytearray(PIECE))
    with holes.open("rb", buffering=0) as file:
        while file.readinto(room):
            pass
    touch_free(directory)


def touch_free(directory: Path) -> None:
    """Writes to the little that the kernel keeps free all the same; good for two seconds."""
    scratch = directory / "scratch"
    with scratch.open("wb", buffering=0) as file:
        for _ in range(KEPT_FREE // PIECE):
            file.write(bytes(PIECE))
    scratch.unlink()


def memory_bytes() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
