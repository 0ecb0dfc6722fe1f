"""What a long run will take: calculated from a calibration, not measured.

The model, with `n` records and `c` workers:

- seconds = `n * max(1/rate(c), bytes a record / disk rate)`;
- `rate(c)` is measured for the workers of the config. For another number it is
  `min(c / (generate + write), files / write) * efficiency`: `generate` and `write` are the seconds
  a record of one worker alone, writers of one file take turns, and `efficiency`, at most 1, is the
  measured rate over this formula's for the workers of the config;
- bytes = what the storage estimates, times what the calibration found over what it estimated;
- another form of the dataset changes `write` as it changes the bytes a record.
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
from qframe.recipe.blocks import records_per_block
from qframe.recipe.columns import Column
from qframe.recipe.header import MAX_BYTES, Header
from qframe.recipe.schema import Schema, record_width
from qframe.runs.plan import RunPlan

MANY_FILES = 1000
"""Files that a storage keeps however many records there are: fewer than this."""

CORES = (2, 4, 8, 16, 32, 64, 128)
SHARDS = (2, 4, 8)
DIFFERENT = 0.02
"""Share by which a change has to matter to be mentioned."""


@dataclass(frozen=True)
class Change:
    """What the run would take if one thing were otherwise."""

    what: str
    bytes: int
    files: int
    hours: float


@dataclass(frozen=True)
class Projection:
    """What a dataset will take, by the model above.

    Attributes:
        records: of the dataset.
        to_do: of them, not stored yet.
        bytes: room on the disk.
        files: how many.
        hours: for what is to do.
        bound: what sets the pace: `cores`, `writer` or `disk`.
        free: bytes free.
        needed: bytes that are needed besides those that the dataset takes now.
        limits: what fills up, the first one first.
        exact: duplicates among the unitaries as they are.
        up_to_phase: duplicates, global phases ignored.
        changes: what else could be done.
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
    """The model of one config on one machine."""

    def __init__(self, planned: RunPlan, measured: Calibration, disk: FileSystem) -> None:
        self._planned = planned
        self._measured = measured
        self._disk = disk

    def project(self, sample: Sample) -> Projection:
        """All that `qframe plan` says."""
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
        said = storage.estimate(header)
        return Estimate(round(said.bytes * self._measured.correction), said.files)

    def _of(self, records: int) -> Estimate:
        header = replace(self._planned.header, records=max(1, records))
        return self._estimate(self._planned.storage, header)

    def rate(self, workers: int, scale: float = 1.0, files: int = 1) -> float:
        """Records/s of so many workers, the disk left out; `scale` for the seconds of writing."""
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
        """Writers that can work at once: one a file, and all where files are many."""
        return files if files < MANY_FILES else 1 << 30

    def _hours(self, whole: Estimate, records: int, **other: Any) -> float:
        rate = self.rate(**other) if other else self._measured.all.rate
        return records * max(1 / rate, whole.bytes / records / self._measured.disk_rate) / 3600

    def _bound(self, whole: Estimate, records: int) -> str:
        pace, write = self._measured.all, self._measured.one.write_s
        if whole.bytes / records / self._measured.disk_rate > 1 / pace.rate:
            return "disk"
        turns = pace.workers / (self._measured.one.generate_s + write)
        writer = self._writers(self._planned_files()) / max(write, 1e-12)
        return "cores" if turns < writer else "writer"

    def _limits(self) -> Iterator[Limit]:
        records, found, disk = self._planned.header.records, self._measured.disk, self._disk
        used = self._planned.stored / records
        free = disk.free + round(self._of(records).bytes * used)
        yield limit_of("bytes free", free, lambda n: self._of(n).bytes, records)
        if disk.inodes is not None:
            yield limit_of("inodes free", disk.inodes, lambda n: self._of(n).files, records)
        if disk.file_bytes is not None:
            what = f"bytes in one file ({disk.kind or 'this disk'})"
            yield limit_of(what, disk.file_bytes, self._largest, records)
        if found.page_size is not None:
            what = f"SQLite pages of {found.page_size:,} bytes"
            page = found.page_size
            yield limit_of(what, SQLITE_PAGES, lambda n: self._largest(n) // page, records)
        if disk.directory_bytes is not None and found.directory_entries * 2 > found.files > 1:
            entry = ext_entry_bytes(found.name_bytes)
            what = f"entries in one directory ({disk.kind})"
            yield limit_of(what, disk.directory_bytes // entry, self._directory_entries, records)
        width = record_width(self._planned.header.schema)
        yield limit_of("bytes of records (qframe)", MAX_BYTES, width.__mul__, records)

    def _grows_in_files(self, records: int) -> bool:
        return self._of(records).files > max(MANY_FILES, self._of(self._measured.records).files)

    def _largest(self, records: int) -> int:
        """Bytes of the largest file: its share as found, where the number of files stays."""
        if self._grows_in_files(records):
            return self._measured.disk.largest_file
        share = self._measured.disk.largest_file / max(1, self._measured.disk.bytes)
        return round(self._of(records).bytes * min(1.0, share))

    def _directory_entries(self, records: int) -> int:
        share = self._measured.disk.directory_entries / self._measured.disk.files
        return round(self._of(records).files * share)

    def _changes(self, whole: Estimate) -> Iterator[Change]:
        header, storage = self._planned.header, self._planned.storage
        records, workers = header.records, self._measured.all.workers
        last = self._hours(whole, records)
        for more in (c for c in CORES if c > workers):
            hours = self._hours(whole, records, workers=more, files=self._writers(whole.files))
            yield Change(f"{more} cores, as many workers", whole.bytes, whole.files, hours)
            if hours > (1 - DIFFERENT) * last:
                break  # something else is the limit now
            last = hours
        if header.recipe.dtype != "complex64":
            yield from self._other("dtype: complex64", storage, _in_complex64(header), whole)
        for option, value in _options(storage):
            with suppress(ValidationError, QframeError):  # the storage refuses it
                changed = self._with(option, value)
                yield from self._other(f"storage.{option}: {word(value)}", changed, header, whole)

    def _other(
        self, what: str, storage: Storage[Any], header: Header, now: Estimate
    ) -> Iterator[Change]:
        then = self._estimate(storage, header)
        same_size = abs(then.bytes / now.bytes - 1) < DIFFERENT
        if same_size and then.files == now.files:
            return
        scale = then.bytes / now.bytes
        workers, files = self._measured.all.workers, self._writers(then.files)
        hours = self._hours(then, header.records, workers=workers, scale=scale, files=files)
        yield Change(what, then.bytes, then.files, hours)

    def _with(self, option: str, value: Any) -> Storage[Any]:
        """The storage of the config with one option changed, for a dataset that is not there."""
        spec = self._planned.loaded.plugins["storage"].spec
        changed: Any = replace(spec, options={**spec.options, option: value})
        output = self._planned.output
        storage: Storage[Any] = build(changed, output.with_name(f".{output.name}.changed"))
        return storage


def word(value: Any) -> str:
    """A value as YAML writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _in_complex64(header: Header) -> Header:
    unitaries = header.schema.unitaries
    single = Column(unitaries.name, "<c8", unitaries.shape)
    schema = Schema(tuple(single if c is unitaries else c for c in header.schema))
    block = records_per_block(record_width(schema.base))
    recipe = replace(header.recipe, dtype="complex64", block=block)
    return replace(header, recipe=recipe, schema=schema)


def _options(storage: Storage[Any]) -> Iterator[tuple[str, Any]]:
    """Other values of the storage's options that have few, and of `shards`."""
    for name, field in type(storage.options).model_fields.items():
        now = getattr(storage.options, name)
        values = SHARDS if name == "shards" else tuple(_values(field.annotation))
        yield from ((name, value) for value in values if value not in (now, None))


def _values(annotation: Any) -> Iterator[Any]:
    """All values of a type that has few: a literal, true or false, or several such types."""
    if annotation is bool:
        yield from (False, True)
    elif get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif get_origin(annotation) in (Union, UnionType):
        for one in get_args(annotation):
            yield from _values(one)
