"""The comparison as a whole: each storage is measured in turn, in a temporary directory."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
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
from qframe.machine.signals import deferred_signals
from qframe.progress import ProgressCallback, no_progress

MOST_RECORDS = 10**9
"""Most records that a storage is given, where no other limit is set."""


@dataclass(frozen=True)
class Comparison:
    """The outcomes of all storages, and the conditions under which they were measured.

    Attributes:
        machine: processor, cores, memory and system, in words.
        date: date and time in UTC.
        config: path of the config.
        recipe_id: id of its recipe.
        directory: where the data was written. It exists only if the data was kept.
        records: the config's number of records, for which the projections are.
        seconds: seconds of writing per storage.
        inodes: number of inodes of the file system; 0 if it makes them on demand.
        free_inodes: number of its free inodes.
        outcomes: one per storage, in the order in which they were measured.
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
    progress: ProgressCallback = no_progress,
) -> Comparison:
    """Measures one storage after another.

    Args:
        contenders: the storages, all of one config.
        records: most records per storage; None for as many as the time allows.
        seconds: seconds of writing per storage.
        keep: whether the data is kept.
        progress: called before each storage, with its label.

    Raises:
        StorageError: no storage can be used, or no directory can be made.
    """
    usable = [c.loaded for c in contenders if c.loaded is not None]
    if not usable:
        raise StorageError("no storage that can be used", hint="`qframe plugins` says why")
    loaded = usable[0]
    header = header_of(loaded)
    limit = _limit(loaded, records)
    with deferred_signals() as stop, _directory(output_of(loaded), keep) as directory:
        disk = os.statvfs(directory)
        outcomes = []
        for number, contender in enumerate(contenders):
            progress(contender.label, number, len(contenders))
            own = directory / f"{number:03d}-{contender.storage.replace('/', '_')}"
            own.mkdir()
            outcomes.append(measure(contender, own, Terms(limit, seconds, stop)))
            if not keep:
                shutil.rmtree(own, ignore_errors=True)
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
    """Most records per storage. A sampler that numbers its circuits has a limit of its own."""
    sampler: Any = loaded.plugins["sampler"].make(gate_set_of(loaded))
    most = MOST_RECORDS if sampler.count is None else int(sampler.count)
    return min(most, MOST_RECORDS if records is None else records)


@contextmanager
def _directory(output: Path, keep: bool) -> Iterator[Path]:
    """A new directory on the file system of the output, which is removed at the end unless kept."""
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
    """Processor, cores, memory, system and version of qframe, in words."""
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
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()
