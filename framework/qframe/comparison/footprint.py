"""What a storage leaves on the disk, counted."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from qframe.comparison.outcome import Footprint

UNIT = 512
"""Bytes of one of `st_blocks`, whatever the file system."""


def footprint(directory: Path) -> Footprint:
    """Everything below `directory`; the directory itself does not count."""
    taken = files = directories = most = 0
    waiting = [directory]
    while waiting:
        place = waiting.pop()
        entries = 0
        with os.scandir(place) as found:
            for entry in found:
                entries += 1
                status = entry.stat(follow_symlinks=False)
                taken += status.st_blocks * UNIT
                if stat.S_ISDIR(status.st_mode):
                    directories += 1
                    waiting.append(Path(entry.path))
                else:
                    files += 1
        most = max(most, entries)
    return Footprint(taken, files, files + directories, most)
