"""What tables and charts say about a comparison in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qframe.comparison.comparison import Comparison
from qframe.comparison.outcome import Outcome
from qframe.machine.disk import ext_directory_bytes, ext_entry_bytes

EXT4_DIRECTORY = ext_directory_bytes(4096) // ext_entry_bytes(16)
"""Entries of an ext4 directory with names of 16 characters, blocks of 4 KiB and no `large_dir`."""

FAT32_DIRECTORY = 65_534
EXFAT_DIRECTORY = 2_796_202
"""What USB disks and small file servers that speak CIFS often have underneath."""


def ranked(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Fastest writer first; those that wrote nothing last."""
    return sorted(outcomes, key=lambda o: -(o.write.rate if o.write else 0.0))


def size(count: float) -> str:
    """Bytes for people: `96.5 MB`."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} PB"


def short(count: float) -> str:
    """A number in little room: `4.2 M`."""
    for unit in ("", "k", "M", "G"):
        if count < 1000:
            return f"{count:.3g}{' ' if unit else ''}{unit}"
        count /= 1000
    return f"{count:,.3g} T"


def limits(found: Comparison) -> Iterator[str]:
    """Which limits of file systems the config's full number of records would meet."""
    for outcome in ranked(found.outcomes):
        projected = outcome.projected
        if projected is None:
            continue
        hits = []
        if found.inodes and projected.files > found.free_inodes:
            hits.append(f"{projected.files:,} files, {found.free_inodes:,} inodes are free here")
        entries = projected.directory_entries or 0
        for limit, where in (
            (EXT4_DIRECTORY, "ext4 without large_dir holds about"),
            (EXFAT_DIRECTORY, "exFAT holds"),
            (FAT32_DIRECTORY, "FAT32 holds"),
        ):
            if entries > limit:
                hits.append(f"{entries:,} files in one directory, {where} {limit:,}")
                break
        if projected.refused and not hits:
            hits.append(projected.refused)
        if hits:
            yield f"At {projected.records:,} records {outcome.label} meets: {'; '.join(hits)}."
    if any((o.projected.directory_entries or 0) > 1000 for o in found.outcomes if o.projected):
        yield (
            f"In one directory: FAT32 {FAT32_DIRECTORY:,} files, exFAT {EXFAT_DIRECTORY:,}, ext4 "
            f"about {EXT4_DIRECTORY:,} (without large_dir); over CIFS, what the server has."
        )


def about(found: Comparison) -> Iterator[str]:
    """Under what conditions, and what the words in the table mean."""
    workers = {o.workers for o in found.outcomes if o.workers}
    count = " or ".join(map(str, sorted(workers)))
    yield (
        f"{found.config}, recipe {found.recipe_id[:12]}, {found.seconds:g} s of writing each, "
        f"{count} worker{'' if workers == {1} else 's'}; reading from the page cache, one process."
    )
    yield f"{found.machine}; {found.date}."
    if any(o.write and not o.steady for o in found.outcomes):
        yield "~: too short a run to leave out the start of the workers."
    yield (
        "database is locked: how often a writer gave up; its task was then tried again. "
        "A power cut may cost nothing, the last tasks (run again), or damage (verify --repair)."
    )
