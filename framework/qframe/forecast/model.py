"""The model that projects a long run from a calibration: time, bytes, files and limits.

For `n` records and `c` workers:

- Seconds are `n * max(1/rate(c), bytes per record / disk rate)`.
- `rate(c)` is measured for the workers of the config. For another number of workers it is
  `min(c / (generate + write), files / write) * efficiency`. `generate` and `write` are the seconds
  per record of one worker alone. Writers of one file take turns. `efficiency`, at most 1, is the
  measured rate over the formula's rate for the workers of the config.
- Bytes are those that the storage estimates, times the calibration's measured over estimated bytes.
- Another form of the dataset changes `write` by the factor by which it changes the bytes per
  record.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import ValidationError

from qframe.contracts.storage import Estimate, Storage
from qframe.errors import QframeError
from qframe.forecast.calibration import Calibration
from qframe.forecast.duplicates import Duplicates, Sample, duplicates
from qframe.forecast.limits import SQLITE_PAGES, Limit, limit_of
from qframe.machine.disk import FileSystem, ext_entry_bytes
from qframe.plugins.build import build
from qframe.recipe.header import MAX_BYTES, Header
from qframe.recipe.schema import Schema, record_width
from qframe.runs.plan import RunPlan

MANY_FILES = 1000
"""A storage with fewer files than this has as many however many records there are."""

CORES = (2, 4, 8, 16, 32, 64, 128)
"""Numbers of cores for which the run is projected."""

SHARDS = (2, 4, 8)
"""Values of the option `shards` for which the run is projected."""

DIFFERENT = 0.02
"""Smallest relative difference for which a change is reported."""


@dataclass(frozen=True)
class Change:
    """A change of the config or of the machine, and what the run would then take.

    Attributes:
        what: the change, in words.
        bytes: bytes of the dataset.
        files: number of its files.
        hours: hours of the whole run.
    """

    what: str
    bytes: int
    files: int
    hours: float


@dataclass(frozen=True)
class Projection:
    """What a run will take, by the model.

    Attributes:
        records: number of records of the dataset.
        to_do: number of records that are not stored yet.
        bytes: bytes of the complete dataset on the disk.
        files: number of its files.
        hours: hours for the records that are not stored yet.
        bound: what limits the rate: `cores`, `writer` or `disk`.
        free: free bytes on the disk.
        needed: bytes that the dataset needs in addition to those that it takes now.
        limits: the limits that a dataset can meet, that of the fewest records first.
        exact: duplicates among the unitaries as they are.
        up_to_phase: duplicates among the unitaries up to a global phase.
        changes: changes that make a difference.
    """

    records: int
    to_do: int
    bytes: int
    files: int
    hours: float
    bound: str
    free: int
    needed: int
    limits: tuple[Limit, ...]
    exact: Duplicates
    up_to_phase: Duplicates
    changes: tuple[Change, ...]


class Model:
    """The model of one config on one machine.

    Args:
        planned: the run that is projected.
        measured: a calibration of it.
        disk: the file system of its output.
    """

    def __init__(self, planned: RunPlan, measured: Calibration, disk: FileSystem) -> None:
        self._planned = planned
        self._measured = measured
        self._disk = disk

    def project(self, sample: Sample) -> Projection:
        """The projection of the planned run, with the duplicates from a sample of its records."""
        header = self._planned.header
        whole = self._estimate(self._planned.storage, header)
        share = self._planned.to_do / header.records
        return Projection(
            records=header.records,
            to_do=self._planned.to_do,
            bytes=whole.bytes,
            files=whole.files,
            hours=self._hours(whole, header.records) * share,
            bound=self._bound(whole, header.records),
            free=self._disk.free,
            needed=round(whole.bytes * share),
            limits=tuple(sorted(self._limits(), key=lambda each: each.records or float("inf"))),
            exact=duplicates(sample.exact, header.records),
            up_to_phase=duplicates(sample.up_to_phase, header.records),
            changes=tuple(self._changes(whole)),
        )

    def _estimate(self, storage: Storage[Any], header: Header) -> Estimate:
        """The storage's estimate, with its bytes corrected by the calibration."""
        estimate = storage.estimate(header)
        return Estimate(round(estimate.bytes * self._measured.correction), estimate.files)

    def _estimate_of(self, records: int) -> Estimate:
        """The same for the planned dataset with another number of records."""
        header = replace(self._planned.header, records=max(1, records))
        return self._estimate(self._planned.storage, header)

    def rate(self, workers: int, scale: float = 1.0, files: int = 1) -> float:
        """Records/s of `workers` that write to `files` files, if the disk does not limit them.

        `scale` multiplies the seconds per record of writing.
        """
        formula = self._formula(workers, scale, files)
        own = self._formula(self._measured.all.workers, 1.0, self._writers(self._planned_files()))
        return formula * min(1.0, self._measured.all.rate / own)

    def _formula(self, workers: int, scale: float, files: int) -> float:
        one = self._measured.one
        write = one.write_s * scale
        return min(workers / (one.generate_s + write), files / max(write, 1e-12))

    def _planned_files(self) -> int:
        return self._planned.storage.estimate(self._planned.header).files

    def _writers(self, files: int) -> int:
        """Number of writers that can write at once: one per file, and all if files are many."""
        return files if files < MANY_FILES else 1 << 30

    def _hours(self, whole: Estimate, records: int, **other: Any) -> float:
        rate = self.rate(**other) if other else self._measured.all.rate
        return records * max(1 / rate, whole.bytes / records / self._measured.disk_rate) / 3600

    def _bound(self, whole: Estimate, records: int) -> str:
        """What limits the rate: `cores`, `writer` or `disk`."""
        speed, write = self._measured.all, self._measured.one.write_s
        if whole.bytes / records / self._measured.disk_rate > 1 / speed.rate:
            return "disk"
        by_cores = speed.workers / (self._measured.one.generate_s + write)
        by_writer = self._writers(self._planned_files()) / max(write, 1e-12)
        return "cores" if by_cores < by_writer else "writer"

    def _limits(self) -> Iterator[Limit]:
        records, usage, disk = self._planned.header.records, self._measured.disk, self._disk
        used = self._planned.stored / records
        free = disk.free + round(self._estimate_of(records).bytes * used)
        yield limit_of("bytes free", free, lambda n: self._estimate_of(n).bytes, records)
        if disk.inodes is not None:
            yield limit_of(
                "inodes free", disk.inodes, lambda n: self._estimate_of(n).files, records
            )
        if disk.file_bytes is not None:
            what = f"bytes in one file ({disk.kind or 'this disk'})"
            yield limit_of(what, disk.file_bytes, self._largest, records)
        if usage.page_size is not None:
            what = f"SQLite pages of {usage.page_size:,} bytes"
            page = usage.page_size
            yield limit_of(what, SQLITE_PAGES, lambda n: self._largest(n) // page, records)
        if disk.directory_bytes is not None and usage.directory_entries * 2 > usage.files > 1:
            entry = ext_entry_bytes(usage.name_bytes)
            what = f"entries in one directory ({disk.kind})"
            yield limit_of(what, disk.directory_bytes // entry, self._directory_entries, records)
        width = record_width(self._planned.header.schema)
        yield limit_of("bytes of records (qframe)", MAX_BYTES, width.__mul__, records)

    def _grows_in_files(self, records: int) -> bool:
        return self._estimate_of(records).files > max(
            MANY_FILES, self._estimate_of(self._measured.records).files
        )

    def _largest(self, records: int) -> int:
        """Bytes of the largest file. Its share of all bytes stays if the number of files stays."""
        if self._grows_in_files(records):
            return self._measured.disk.largest_file
        share = self._measured.disk.largest_file / max(1, self._measured.disk.bytes)
        return round(self._estimate_of(records).bytes * min(1.0, share))

    def _directory_entries(self, records: int) -> int:
        share = self._measured.disk.directory_entries / self._measured.disk.files
        return round(self._estimate_of(records).files * share)

    def _changes(self, whole: Estimate) -> Iterator[Change]:
        header, storage = self._planned.header, self._planned.storage
        records, workers = header.records, self._measured.all.workers
        last = self._hours(whole, records)
        for more in (c for c in CORES if c > workers):
            hours = self._hours(whole, records, workers=more, files=self._writers(whole.files))
            yield Change(f"{more} cores, as many workers", whole.bytes, whole.files, hours)
            if hours > (1 - DIFFERENT) * last:
                break  # more cores no longer help
            last = hours
        if header.recipe.dtype != "complex64":
            yield from self._change("dtype: complex64", storage, _in_complex64(header), whole)
        for option, value in _options(storage):
            with suppress(ValidationError, QframeError):  # the storage refuses it
                changed = self._storage_with(option, value)
                what = f"storage.{option}: {yaml_word(value)}"
                yield from self._change(what, changed, header, whole)

    def _change(
        self, what: str, storage: Storage[Any], header: Header, now: Estimate
    ) -> Iterator[Change]:
        """The run with another storage or header, if its bytes or files differ from `now`."""
        then = self._estimate(storage, header)
        same_size = abs(then.bytes / now.bytes - 1) < DIFFERENT
        if same_size and then.files == now.files:
            return
        scale = then.bytes / now.bytes
        workers, files = self._measured.all.workers, self._writers(then.files)
        hours = self._hours(then, header.records, workers=workers, scale=scale, files=files)
        yield Change(what, then.bytes, then.files, hours)

    def _storage_with(self, option: str, value: Any) -> Storage[Any]:
        """The config's storage with one option changed, at a path where no dataset is."""
        spec = self._planned.loaded.plugins["storage"].spec
        changed: Any = replace(spec, options={**spec.options, option: value})
        output = self._planned.output
        storage: Storage[Any] = build(changed, output.with_name(f".{output.name}.changed"))
        return storage


def yaml_word(value: Any) -> str:
    """A value as YAML writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _in_complex64(header: Header) -> Header:
    """The header of the same dataset with unitaries in complex64."""
    unitaries = header.schema.unitaries
    single = replace(unitaries, dtype="<c8")
    schema = Schema(tuple(single if c is unitaries else c for c in header.schema))
    return replace(header, recipe=replace(header.recipe, dtype="complex64"), schema=schema)


def _options(storage: Storage[Any]) -> Iterator[tuple[str, Any]]:
    """Other values of the storage's options that have few values, and of `shards`."""
    for name, field in type(storage.options).model_fields.items():
        now = getattr(storage.options, name)
        values = SHARDS if name == "shards" else tuple(_values(field.annotation))
        yield from ((name, value) for value in values if value not in (now, None))


def _values(annotation: Any) -> Iterator[Any]:
    """All values of a type that has few: a literal, a boolean, or a union of these."""
    if annotation is bool:
        yield from (False, True)
    elif get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif get_origin(annotation) in (Union, UnionType):
        for one in get_args(annotation):
            yield from _values(one)
