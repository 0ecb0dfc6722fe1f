"""Reading a dataset in shards: one reader for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import Any

from qframe import (
    Arrays,
    CannotOpen,
    Header,
    NotADataset,
    QframeError,
    Reader,
    RecordMissing,
    Schema,
    Stored,
    shell_words,
    stored_runs,
)
from qframe_plugins.storages._sqlite.reader import READ_CACHE_KIB, SqliteReader
from qframe_plugins.storages._sqlite.shards.catalogue import (
    read_catalogue,
    shard_path,
    shards_of,
)


class ShardsReader(Reader):
    """Reads the shards beside a catalogue. A lost shard is an error only when it is needed.

    Args:
        path: the catalogue.

    Attributes:
        catalogue: what the catalogue says.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.catalogue = read_catalogue(path)
        self.header = self.catalogue.header
        self._shards: list[SqliteReader | QframeError] = []
        for number, own in enumerate(self.catalogue.ids):
            self._shards.append(self._opened(number, own))

    def _opened(self, number: int, own: int) -> SqliteReader | QframeError:
        """A reader of the shard, or the error to raise when it is needed.

        Args:
            number: of the shard.
            own: the dataset id that it must have.
        """
        path = shard_path(self.path, number)
        try:
            reader = SqliteReader(path, cache_kib=READ_CACHE_KIB // len(self.catalogue.ids))
        except QframeError as problem:
            hint = f"put it back, or: {shell_words('qframe', 'verify', self.path, '--repair')}"
            kind = CannotOpen if isinstance(problem, CannotOpen) else NotADataset
            return kind(f"{self.path}: shard {number}: {problem.message}", hint=hint)
        if reader.dataset_id == own and reader.tables.form == self.catalogue.form:
            return reader
        reader.close()
        return NotADataset(f"{self.path}: {path} is a shard of another dataset")

    def _shard(self, number: int) -> SqliteReader:
        shard = self._shards[number]
        if isinstance(shard, QframeError):
            raise shard
        return shard

    def _every(self) -> Iterator[SqliteReader]:
        """The readers of all shards; raises the error of one that cannot be read."""
        return map(self._shard, range(len(self._shards)))

    def problems(self) -> Iterator[str]:
        """Why shards cannot be read, one line per shard."""
        for shard in self._shards:
            if isinstance(shard, CannotOpen):
                raise shard
            if isinstance(shard, QframeError):
                yield shard.message

    @property
    def schema(self) -> Schema:
        return self.catalogue.columns.shown

    @property
    def options(self) -> dict[str, Any]:
        """The options that make a dataset of the same form and number of shards."""
        own = {"shards": len(self._shards), "shard_blocks": self.catalogue.shard_blocks}
        return {**next(self._every()).options, **own}

    def form(self) -> dict[str, str]:
        return {**next(self._every()).form(), "shards": str(len(self._shards))}

    def stored(self) -> Iterator[Stored]:
        rows = (shard.trusted() for shard in self._every())
        yield from stored_runs(merge(*rows), self.header.recipe.block)

    def stored_records(self) -> int:
        return sum(shard.stored_records() for shard in self._every())

    def checksums(self) -> Iterator[tuple[int, int, bytes]]:
        rows = (self._own_rows(n, shard) for n, shard in enumerate(self._every()))
        return merge(*rows, key=itemgetter(0))

    def _own_rows(self, number: int, shard: SqliteReader) -> Iterator[tuple[int, int, bytes]]:
        for row in shard.checksums():
            if self.catalogue.shard_of(row[0]) != number:
                raise NotADataset(
                    f"{shard.path} has block {row[0]}, which belongs to another shard"
                )
            yield row

    def read(self, block: int, start: int = 0, stop: int | None = None) -> Arrays:
        return self._shard(self.catalogue.shard_of(block)).read(block, start, stop)

    def proved_checksum(self, block: int) -> tuple[int, bytes] | None:
        return self._shard(self.catalogue.shard_of(block)).proved_checksum(block)

    def close(self) -> None:
        for shard in self._shards:
            if isinstance(shard, SqliteReader):
                shard.close()


class SalvageReader(Reader):
    """Reads the shards that can be read, with a header from elsewhere.

    It does not use the catalogue, which may be damaged, and so looks for a block in every shard.
    """

    def __init__(self, path: Path, header: Header) -> None:
        self.header = header
        self._shards: list[SqliteReader] = []
        for file in sorted(shards_of(path).glob("[0-9][0-9].db")):
            try:
                self._shards.append(SqliteReader(file, header))
            except QframeError:
                continue

    @property
    def schema(self) -> Schema:
        return self._shards[0].schema if self._shards else self.header.schema

    def stored(self) -> Iterator[Stored]:
        rows = ((block, records) for block, records, _ in self.checksums())
        yield from stored_runs(rows, self.header.recipe.block)

    def checksums(self) -> Iterator[tuple[int, int, bytes]]:
        return merge(*map(_readable_checksums, self._shards), key=itemgetter(0))

    def read(self, block: int, start: int = 0, stop: int | None = None) -> Arrays:
        for shard in self._shards:
            try:
                return shard.read(block, start, stop)
            except RecordMissing:
                continue
        raise RecordMissing(f"block {block} is in no shard")

    def proved_checksum(self, block: int) -> tuple[int, bytes] | None:
        for shard in self._shards:
            try:
                return shard.proved_checksum(block)
            except RecordMissing:
                continue
        raise RecordMissing(f"block {block} is in no shard")

    def close(self) -> None:
        for shard in self._shards:
            shard.close()


def _readable_checksums(shard: SqliteReader) -> Iterator[tuple[int, int, bytes]]:
    """The ledger of a shard, up to the first row that cannot be read."""
    try:
        yield from shard.checksums()
    except QframeError:
        return
