"""The sentences below a comparison: which limits would be met, and how it was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qframe.comparison.comparison import Comparison
from qframe.comparison.outcome import Outcome
from qframe.machine.disk import ext_directory_bytes, ext_entry_bytes

EXT4_DIRECTORY = ext_directory_bytes(4096) // ext_entry_bytes(16)
"""Names of 16 characters in an ext4 directory, with blocks of 4 KiB and without `large_dir`."""

FAT32_DIRECTORY = 65_534
EXFAT_DIRECTORY = 2_796_202
"""Names in a directory of file systems that USB disks and small file servers (CIFS) often have."""


def ranked(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes with the fastest writer first. Those that wrote nothing come last."""
    return sorted(outcomes, key=lambda o: -(o.write.rate if o.write else 0.0))


def limits(comparison: Comparison) -> Iterator[str]:
    """The limits of file systems that the config's full number of records would meet."""
    for outcome in ranked(comparison.outcomes):
        projected = outcome.projected
        if projected is None:
            continue
        met = []
        if comparison.inodes and projected.files > comparison.free_inodes:
            met.append(
                f"{projected.files:,} files, {comparison.free_inodes:,} inodes are free here"
            )
        entries = projected.directory_entries or 0
        for limit, where in (
            (EXT4_DIRECTORY, "ext4 without large_dir holds about"),
            (EXFAT_DIRECTORY, "exFAT holds"),
            (FAT32_DIRECTORY, "FAT32 holds"),
        ):
            if entries > limit:
                met.append(f"{entries:,} files in one directory, {where} {limit:,}")
                break
        if projected.refused and not met:
            met.append(projected.refused)
        if met:
            yield f"At {projected.records:,} records {outcome.label} meets: {'; '.join(met)}."
    if any((o.projected.directory_entries or 0) > 1000 for o in comparison.outcomes if o.projected):
        yield (
            f"A directory holds {FAT32_DIRECTORY:,} files on FAT32, {EXFAT_DIRECTORY:,} on exFAT, "
            f"about {EXT4_DIRECTORY:,} on ext4 without large_dir; over CIFS, what the server's "
            "file system holds."
        )


def conditions(comparison: Comparison) -> Iterator[str]:
    """How it was measured, and what the words in the table mean."""
    workers = {o.workers for o in comparison.outcomes if o.workers}
    count = " or ".join(map(str, sorted(workers)))
    yield (
        f"{comparison.config}, recipe {comparison.recipe_id[:12]}: "
        f"{comparison.seconds:g} s of writing per storage, "
        f"{count} worker{'' if workers == {1} else 's'}; one process reads, from the page cache."
    )
    yield f"{comparison.machine}; {comparison.date}."
    if any(o.write and not o.steady for o in comparison.outcomes):
        yield "~: the run was too short, so that the rate includes starting the workers."
    yield (
        "database is locked: how often a writer gave up waiting; its task was then tried again. "
        "A power cut may cost nothing, the last tasks (run again), or damage (verify --repair)."
    )
