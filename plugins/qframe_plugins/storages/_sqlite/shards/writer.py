"""Storage `sqlite` with `shards: N`: N dataset files and a catalogue, written and read as one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path

from qframe import Block, Estimate, Header, StorageError, Writer, record_width
from qframe_plugins.storages._sqlite.checks import problems, problems_of_catalogue
from qframe_plugins.storages._sqlite.connection import translated
from qframe_plugins.storages._sqlite.reader import SqliteReader
from qframe_plugins.storages._sqlite.shards.catalogue import (
    Catalogue,
    read_catalogue,
    shard_path,
    shards_of,
)
from qframe_plugins.storages._sqlite.shards.reader import SalvageReader, ShardsReader
from qframe_plugins.storages._sqlite.tables import Layout
from qframe_plugins.storages.sqlite import Sqlite, SqliteOptions

_OWN_FILE = re.compile(r"[0-9][0-9]\.db(-wal|-shm|-journal)?")
_LEAST_CACHE_KIB = 2048


class SqliteShards(Sqlite):
    """One writer at a time is the limit of a file, so tasks take turns among several.

    YAML that selects it::

        storage: {plugin: sqlite, shards: 4}

    `data/x.db` is the catalogue, `data/x.db.shards/00.db` and so on hold the records, each an
    ordinary dataset file. A run of `shard_blocks` blocks, which is what a task usually is, goes to
    the next shard. The catalogue never names a path.
    """

    journal_mode = "delete"

    def shard_count(self) -> int:
        return len(read_catalogue(self.path).ids)

    def _shards(self, place: Path | None = None, count: int | None = None) -> list[Sqlite]:
        """The storages of the shards beside the catalogue at `place`."""
        count = count or self.shard_count()
        options = self.options.model_copy(update={"shards": None})
        shards = [
            Sqlite(options, shard_path(place or self.path, number)) for number in range(count)
        ]
        for shard in shards:
            shard.cache_kib = max(_LEAST_CACHE_KIB, Sqlite.cache_kib // count)
        return shards

    def create(self, header: Header) -> None:
        """Builds shards and catalogue under other names; the catalogue moves into place last."""
        if self.path.exists():
            raise StorageError(f"{self.path} exists already")
        self._clear_leftovers()
        new = self.path.with_name(f".{self.path.name}.new")
        try:
            shards_of(new).mkdir()
            shards = self._shards(new, self.options.shards or 1)
            for shard in shards:
                shard.create(header)
            self._make(new, self._catalogue(header, shards))
            shards_of(new).rename(shards_of(self.path))
            new.rename(self.path)
        except OSError as cause:
            _remove(new)
            if isinstance(cause, StorageError):
                raise
            raise StorageError(f"{self.path} cannot be made: {cause}") from cause

    def _catalogue(self, header: Header, shards: Sequence[Sqlite]) -> Catalogue:
        ids = []
        for shard in shards:
            with closing(shard.reader()) as reader:
                ids.append(reader.dataset_id)
        layout = self._new_layout(header)
        usual = self.task_bytes // (header.recipe.block * record_width(header.schema))
        stripe = self.options.shard_blocks or max(1, usual)
        return Catalogue(header, layout.kind, layout.form, tuple(ids), stripe)

    def _clear_leftovers(self) -> None:
        """Removes what a `create` that was killed left; never a record.

        Raises:
            StorageError: there are shards with records, or other files, and no catalogue.
        """
        _remove(self.path.with_name(f".{self.path.name}.new"))
        there = shards_of(self.path)
        if there.exists():
            if not there.is_dir() or not all(map(_is_empty_shard, there.iterdir())):
                raise StorageError(
                    f"{there} exists, but not its catalogue {self.path.name}",
                    hint="move it away, or put the catalogue back; each file in it is a dataset",
                )
            shutil.rmtree(there)

    def resume(self, header: Header) -> None:
        """The shards first: the catalogue never speaks of records that a shard does not expect."""
        self.check_form()
        for shard in self._shards():
            shard.resume(header)
        self._set_records(header.records)

    def writer(self, header: Header) -> Writer:
        catalogue = read_catalogue(self.path)
        shards = self._shards(count=len(catalogue.ids))
        return ShardsWriter(catalogue, lambda number: shards[number].writer(header))

    def finish(self) -> None:
        """Leaves N + 1 plain files."""
        for shard in self._shards():
            shard.finish()
        with closing(self._open()) as db, translated(self.path):
            db.execute("SELECT count(*) FROM meta").fetchall()  # takes back a cut transaction

    def half_done(self) -> bool:
        return super().half_done() or any(shard.half_done() for shard in self._shards())

    def recover(self) -> None:
        super().recover()
        for shard in self._shards():
            shard.recover()

    def hindered(self) -> str | None:
        return next((said for shard in self._shards() if (said := shard.hindered())), None)

    def finished(self) -> bool:
        beside = any(part.name.endswith("-journal") for part in self.parts())
        return not beside and all(shard.finished() for shard in self._shards())

    def parts(self) -> Iterator[Path]:
        if shards_of(self.path).exists():
            yield shards_of(self.path)
        yield from super().parts()

    def reader(self) -> ShardsReader:  # type: ignore[override]  # has all of it that is asked for
        return ShardsReader(self.path)

    def salvage(self, header: Header) -> SalvageReader:  # type: ignore[override]  # as above
        return SalvageReader(self.path, header)

    def structure(self) -> Iterator[str]:
        with closing(self.reader()) as reader:
            found = list(reader.problems())
            yield from problems_of_catalogue(self.path, reader.catalogue)
        if found:
            yield from found
            return
        for shard in self._shards():
            for line in problems(shard.path):
                yield f"{shard.path.name}: {line}"

    def made_with(self) -> SqliteOptions:
        with closing(self.reader()) as reader:
            return self.options.model_copy(update=reader.options)

    def estimate(self, header: Header) -> Estimate:
        count = self.shard_count() if self.path.exists() else self.options.shards or 1
        layout: Layout = self._new_layout(header)
        more = count * self._empty_bytes(layout)
        return Estimate(super().estimate(header).bytes + more, count + 1, count)


class ShardsWriter(Writer):
    """One worker's way into the shards; connects to each when it first writes there.

    Args:
        catalogue: says where a block goes.
        connect: makes the writer of a shard.
    """

    def __init__(self, catalogue: Catalogue, connect: Callable[[int], Writer]) -> None:
        self._catalogue = catalogue
        self._connect = connect
        self._writers: dict[int, Writer] = {}

    def write(self, blocks: Sequence[Block]) -> None:
        """A transaction in each shard that has some of the blocks, usually one."""
        for number, own in groupby(blocks, lambda block: self._catalogue.shard_of(block.index)):
            if number not in self._writers:
                self._writers[number] = self._connect(number)
            try:
                self._writers[number].write(list(own))
            finally:
                self._count()

    def _count(self) -> None:
        """What all writers counted, together."""
        each = [writer.counters for writer in self._writers.values()]
        names = {name for counters in each for name in counters}
        self.counters = {name: sum(one.get(name, 0) for one in each) for name in names}

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()


def _is_empty_shard(file: Path) -> bool:
    """Whether nothing is lost with this file."""
    if not _OWN_FILE.fullmatch(file.name):
        return False
    if not file.name.endswith(".db"):
        return True
    try:
        with closing(SqliteReader(file)) as reader:
            return next(reader.checksums(), None) is None
    except StorageError:
        return False


def _remove(new: Path) -> None:
    """What was made for a catalogue at `new`, a name of ours."""
    new.unlink(missing_ok=True)
    shutil.rmtree(shards_of(new), ignore_errors=True)
