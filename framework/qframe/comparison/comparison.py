"""A whole comparison: every storage in turn, in temporary directories beside the output."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qframe.__about__ import __version__
from qframe.comparison.contenders import Contender
from qframe.comparison.measurement import Terms, measure
from qframe.comparison.outcome import Outcome
from qframe.config.load import LoadedConfig, output_of
from qframe.config.to_recipe import gate_set_of, header_of
from qframe.errors import StorageError
from qframe.machine.signals import stopped_by_signals

MOST_RECORDS = 10**9
"""Where nothing else sets a limit but time."""

ProgressCallback = Callable[[int, int, str], None]
"""Called before each turn: how many are done, how many there are, the label."""


@dataclass(frozen=True)
class Comparison:
    """All outcomes, and where they were found out.

    Attributes:
        machine: in words.
        directory: where the data went; there only if it was kept.
        records: of the config, that the projections are for.
        inodes, free_inodes: of the file system; 0 where it makes them as it goes.
    """

    machine: str
    date: str
    config: str
    recipe_id: str
    directory: Path
    records: int
    seconds: float
    inodes: int
    free_inodes: int
    outcomes: tuple[Outcome, ...]


def compare(
    contenders: Sequence[Contender],
    *,
    records: int | None,
    seconds: float,
    keep: bool,
    progress: ProgressCallback,
) -> Comparison:
    """Gives every contender its turn.

    Args:
        contenders: all of one config.
        records: at most so many each; None: as many as the time allows.
        seconds: each one writes for so long.
        keep: leave the data where it is.
        progress: told before each turn.

    Raises:
        StorageError: there is no directory to write to.
    """
    usable = [c.loaded for c in contenders if c.loaded is not None]
    if not usable:
        raise StorageError("no storage that can be used", hint="`qframe plugins` says why")
    loaded = usable[0]
    header = header_of(loaded)
    limit = _limit(loaded, records)
    with stopped_by_signals() as stop, _directory(output_of(loaded), keep) as directory:
        disk = os.statvfs(directory)
        outcomes = []
        for number, contender in enumerate(contenders):
            progress(number, len(contenders), contender.label)
            place = directory / f"{number:03d}-{contender.storage.replace('/', '_')}"
            place.mkdir()
            outcomes.append(measure(contender, place, Terms(limit, seconds, stop)))
            if not keep:
                shutil.rmtree(place, ignore_errors=True)
    return Comparison(
        machine=_machine(),
        date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        config=str(loaded.path),
        recipe_id=header.recipe.id,
        directory=directory,
        records=header.records,
        seconds=seconds,
        inodes=disk.f_files,
        free_inodes=disk.f_favail,
        outcomes=tuple(outcomes),
    )


def _limit(loaded: LoadedConfig, records: int | None) -> int:
    """Records at most; a sampler that ranks has no more than it has."""
    sampler: Any = loaded.plugins["sampler"].make(gate_set_of(loaded))
    there = MOST_RECORDS if sampler.count is None else int(sampler.count)
    return min(there, MOST_RECORDS if records is None else records)


@contextmanager
def _directory(output: Path, keep: bool) -> Iterator[Path]:
    """A new directory on the file system of the output; removed however this ends."""
    beside = output.absolute().parent
    while not beside.exists():
        beside = beside.parent
    try:
        directory = Path(tempfile.mkdtemp(prefix=".qframe-compare-", dir=beside))
    except OSError as cause:
        raise StorageError(
            f"{beside}: no directory can be made there: {cause.strerror}",
            hint="name a place for it with --output",
        ) from cause
    try:
        yield directory
    finally:
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)


def _machine() -> str:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{_cpu()}, {cores} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"qframe {__version__}"
    )


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    found = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return found[0] if found else platform.machine()
