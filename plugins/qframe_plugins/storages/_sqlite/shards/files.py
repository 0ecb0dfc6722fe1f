"""The files of a dataset in shards: N dataset files and a catalogue, used as one dataset."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from time import monotonic

from qframe import (
    Estimate,
    Header,
    Loss,
    Storage,
    StorageBusy,
    StorageError,
    Writer,
    move_new,
    record_width,
)
from qframe_plugins.storages._sqlite.checks import problems, problems_of_catalogue
from qframe_plugins.storages._sqlite.connection import is_catalogue, refuse_long_path, translated
from qframe_plugins.storages._sqlite.database import Database
from qframe_plugins.storages._sqlite.file import FINISH_S
from qframe_plugins.storages._sqlite.lock_wait import LockWait
from qframe_plugins.storages._sqlite.options import SqliteOptions
from qframe_plugins.storages._sqlite.reader import SqliteReader
from qframe_plugins.storages._sqlite.shards.catalogue import (
    Catalogue,
    read_catalogue,
    shard_path,
    shards_of,
)
from qframe_plugins.storages._sqlite.shards.reader import SalvageReader, ShardsReader
from qframe_plugins.storages._sqlite.shards.writer import ShardsWriter
from qframe_plugins.storages._sqlite.wal_file import WRITE_CACHE_KIB, WalFile

_FILE_OF_A_SHARD = re.compile(r"[0-9][0-9]\.db(-wal|-shm|-journal)?")
_LEAST_CACHE_KIB = 2048


class Shards(Storage[SqliteOptions]):
    """A dataset in several files, for disks that outrun the one writer that a file can have.

    YAML that selects it::

        storage: {plugin: sqlite, shards: 4}

    `data/x.db` is the catalogue. `data/x.db.shards/00.db` and so on hold the records; each is an
    ordinary dataset file. Each run of `shard_blocks` blocks, which is usually a task, goes to the
    next shard. The catalogue never names a path.
    """

    kill_may_cost: Loss = "nothing"

    def __init__(self, options: SqliteOptions, path: Path) -> None:
        super().__init__(options, path)
        self._catalogue = Database(path, options.synchronous)
        self._claimed: list[WalFile] | None = None

    @property
    def power_cut_may_cost(self) -> Loss:
        return WalFile.power_cut[self.options.synchronous]

    @classmethod
    def recognises(cls, path: Path) -> bool:
        return is_catalogue(path)

    def _shard_count(self) -> int:
        return len(read_catalogue(self.path).ids)

    def _shards(self, catalogue: Path | None = None, count: int | None = None) -> list[WalFile]:
        """The first `count` dataset files beside a catalogue; by default all those of this one."""
        count = count or self._shard_count()
        options = self.options.model_copy(update={"shards": None})
        cache_kib = max(_LEAST_CACHE_KIB, WRITE_CACHE_KIB // count)
        return [
            WalFile(options, shard_path(catalogue or self.path, number), cache_kib)
            for number in range(count)
        ]

    def _claim(self, number: int | None = None) -> list[WalFile]:
        """The shards, which from now on are the same objects: they know the files they write.

        Args:
            number: the random number that the catalogue must have, if that is known.
        """
        self._catalogue.claim(number)
        self._claimed = self._shards()
        return self._claimed

    def files(self) -> Iterator[Path]:
        yield self.path
        yield from (shard.path for shard in self._claimed or self._shards())

    def abandon(self) -> Iterator[Path]:
        yield from self._catalogue.abandon()
        for shard in self._claimed or ():
            yield from shard.abandon()

    def create(self, header: Header) -> None:
        """Builds shards and catalogue under other names; the catalogue moves into place last."""
        if os.path.lexists(self.path):
            raise StorageError(f"{self.path} exists already")
        self._clear_leftovers()
        new = self.path.with_name(f".{self.path.name}.new")
        try:
            shards_of(new).mkdir()
            shards = self._shards(new, self.options.shards or 1)
            for shard in shards:
                shard.create(header)
            catalogue = self._new_catalogue(header, shards)
            number = self._catalogue.make(new, catalogue, self.options.new_page_size(catalogue))
            move_new(new, self.path, [shards_of(new)])
            for shard, own in zip(self._claim(number), catalogue.ids, strict=True):
                shard.claim(own)
        except OSError as cause:
            _remove(new)
            if isinstance(cause, StorageError):
                raise
            raise StorageError(f"{self.path} cannot be made: {cause}") from cause

    def _new_catalogue(self, header: Header, shards: Sequence[WalFile]) -> Catalogue:
        ids = []
        for shard in shards:
            with closing(shard.reader()) as reader:
                ids.append(reader.dataset_id)
        tables = self.options.new_tables(header)
        usual = self.task_bytes // (header.recipe.block * record_width(header.schema))
        stripe = self.options.shard_blocks or max(1, usual)
        return Catalogue(header, tables.layout, tables.form, tuple(ids), stripe)

    def _clear_leftovers(self) -> None:
        """Removes what a `create` that was killed left; never a record.

        Raises:
            StorageError: there are shards with records, or other files, and no catalogue.
        """
        _remove(self.path.with_name(f".{self.path.name}.new"))
        directory = shards_of(self.path)
        if directory.exists():
            if not directory.is_dir() or not all(map(_is_empty_shard, directory.iterdir())):
                raise StorageError(
                    f"{directory} exists, but not its catalogue {self.path.name}",
                    hint="move it away, or put the catalogue back; each file in it is a dataset",
                )
            shutil.rmtree(directory)

    def check(self, header: Header) -> None:
        if not self.path.exists():
            refuse_long_path(self.path)
            self._catalogue.refuse_strays()
            self.options.new_tables(header)

    def check_form(self) -> None:
        catalogue = read_catalogue(self.path)
        self.options.refuse_other_form(self.path, catalogue.form)
        self.options.refuse_other_shards(self.path, len(catalogue.ids))

    def resume(self, header: Header) -> None:
        """The shards first: the catalogue never counts records that a shard does not expect."""
        self.check_form()
        for shard in self._claim():
            shard.resume(header)
        self._catalogue.set_records(header.records)

    def writer(self, header: Header) -> Writer:
        catalogue = read_catalogue(self.path)
        shards = self._shards(count=len(catalogue.ids))
        return ShardsWriter(catalogue, lambda number: shards[number].writer(header))

    def finish(self) -> None:
        """Leaves N + 1 plain files."""
        wait = LockWait(self.path, end=monotonic() + FINISH_S)
        busy: StorageBusy | None = None
        for shard in self._claimed or self._shards():
            try:
                shard.finish_after(wait)
            except StorageBusy as error:  # the others are finished all the same
                busy = error
        if busy is not None:
            raise busy
        with closing(self._catalogue.connect(wait=wait)) as db, translated(self.path):
            db.execute("SELECT count(*) FROM meta").fetchall()  # takes back a cut transaction

    def finished(self) -> bool:
        journal = any(p.name.endswith("-journal") for p in self._catalogue.companions())
        return not journal and all(shard.finished() for shard in self._shards())

    def half_done(self) -> bool:
        return self._catalogue.half_done() or any(shard.half_done() for shard in self._shards())

    def recover(self) -> None:
        self._catalogue.recover()
        for shard in self._shards():
            shard.recover()

    def hindered(self) -> str | None:
        return next((said for shard in self._shards() if (said := shard.hindered())), None)

    def parts(self) -> Iterator[Path]:
        if shards_of(self.path).exists():
            yield shards_of(self.path)
        yield from self._catalogue.companions()

    def reader(self) -> ShardsReader:
        return ShardsReader(self.path)

    def salvage(self, header: Header) -> SalvageReader:
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
        """The options, with the number of shards and the form of the dataset."""
        with closing(self.reader()) as reader:
            return self.options.model_copy(update=reader.options)

    def estimate(self, header: Header) -> Estimate:
        """As one file that holds all records, and an empty file more for each shard."""
        count = self._shard_count() if self.path.exists() else self.options.shards or 1
        one = WalFile(self.options, self.path)
        size = one.estimate(header).bytes + count * one.empty_bytes(header)
        return Estimate(size, count + 1, count)


def _is_empty_shard(file: Path) -> bool:
    """Whether the file belongs to a shard, and holds no records."""
    if not _FILE_OF_A_SHARD.fullmatch(file.name):
        return False
    if not file.name.endswith(".db"):
        return True
    try:
        with closing(SqliteReader(file)) as reader:
            return next(reader.checksums(), None) is None
    except StorageError:
        return False


def _remove(new: Path) -> None:
    """Removes a half-made catalogue at `new`, and its shards."""
    new.unlink(missing_ok=True)
    shutil.rmtree(shards_of(new), ignore_errors=True)
