"""SharedReader: one dataset's reader for any number of threads, and for both sides of a fork."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Condition, get_ident
from weakref import WeakSet

from qframe.contracts.storage import Reader
from qframe.errors import StorageError
from qframe.recipe.columns import Arrays
from qframe.recipe.ledger import Stored
from qframe.recipe.schema import Schema

MOST_READERS = max(8, os.cpu_count() or 1)
"""Number of readers of one dataset that work at the same time; further threads wait."""

FORK_WAIT_S = 10.0
"""Seconds that a fork waits for the reads of other threads to end."""


class SharedReader(Reader):
    """Reads a dataset from any number of threads: each read has a reader of its own.

    A storage's reader serves one thread at a time: it has a connection, buffers, or a cache of
    blocks. This one opens as many as there are reads at the same time, and keeps them. Before the
    process forks it closes all of them, so that no connection is in two processes; parent and child
    then open their own.

    Args:
        open_reader: opens the dataset, each time with a new reader.
        source: name of the dataset, for messages.

    Raises:
        StorageError: as `open_reader`.
    """

    def __init__(self, open_reader: Callable[[], Reader], source: str) -> None:
        self._open = open_reader
        self._source = source
        first = open_reader()
        self.header = first.header
        self._schema = first.schema
        self._free = [first]
        self._closed = False
        self._forget_threads()
        _open_readers.add(self)

    def _forget_threads(self) -> None:
        """No thread is reading: at the start, and in the child of a fork."""
        self._changed = Condition()
        self._reading: set[int] = set()

    @property
    def schema(self) -> Schema:
        return self._schema

    def stored(self) -> Iterator[Stored]:
        with self._opened_anew() as reader:
            yield from reader.stored()

    def stored_records(self) -> int:
        with self._reader() as reader:
            return reader.stored_records()

    def checksums(self) -> Iterator[tuple[int, int, bytes]]:
        with self._opened_anew() as reader:
            yield from reader.checksums()

    def proved_checksum(self, block: int) -> tuple[int, bytes] | None:
        with self._reader() as reader:
            return reader.proved_checksum(block)

    def drawn_digests(self) -> Iterator[tuple[int, int, bytes]]:
        with self._opened_anew() as reader:
            yield from reader.drawn_digests()

    def form(self) -> dict[str, str]:
        with self._reader() as reader:
            return reader.form()

    def read(self, block: int, start: int = 0, stop: int | None = None) -> Arrays:
        with self._reader() as reader:
            return reader.read(block, start, stop)

    @contextmanager
    def _reader(self) -> Iterator[Reader]:
        """A reader that no other thread uses."""
        reader = self._take()
        try:
            yield reader
        finally:
            self._give_back(reader)

    def _take(self) -> Reader:
        with self._changed:
            while len(self._reading) >= MOST_READERS:
                self._changed.wait()
            self._refuse_if_closed()
            self._reading.add(get_ident())
            if self._free:
                return self._free.pop()  # the last one used: its caches fit best
        try:
            return self._open_same()
        except BaseException:
            self._give_back(None)
            raise

    def _give_back(self, reader: Reader | None) -> None:
        with self._changed:
            self._reading.discard(get_ident())
            if reader is not None and not self._closed:
                self._free.append(reader)
                reader = None
            self._changed.notify_all()
        if reader is not None:
            reader.close()

    @contextmanager
    def _opened_anew(self) -> Iterator[Reader]:
        """A reader for a loop whose body may read, too; it is closed when the loop ends."""
        self._refuse_if_closed()
        with closing(self._open_same()) as reader:
            yield reader

    def _open_same(self) -> Reader:
        """A further reader of the same dataset.

        Raises:
            StorageError: if what is there by now is another dataset.
        """
        reader = self._open()
        same = reader.header.recipe.id == self.header.recipe.id and reader.schema == self._schema
        if not same:
            reader.close()
            raise StorageError(
                f"{self._source} has been replaced by another dataset since it was opened",
                hint="open it again",
            )
        return reader

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise StorageError(f"{self._source} is closed", hint="open it again with qframe.open")

    def close(self) -> None:
        """Closes the readers; one that is in use, as soon as its read ends."""
        with self._changed:
            self._closed = True
            free, self._free = self._free, []
        for reader in free:
            reader.close()

    def _before_fork(self) -> None:
        """Waits until no other thread reads, closes the readers, and keeps the lock.

        Should a read of another thread last too long, the fork goes on: the child does not use
        that thread's reader.
        """
        self._changed.acquire()
        own = get_ident()
        self._changed.wait_for(lambda: not self._reading - {own}, FORK_WAIT_S)
        while self._free:
            self._free.pop().close()

    def _after_fork_in_parent(self) -> None:
        self._changed.release()


_open_readers: WeakSet[SharedReader] = WeakSet()

_held: list[SharedReader] = []
"""The readers whose locks the forking thread holds."""


def _before_fork() -> None:
    _held[:] = _open_readers
    for reader in _held:
        reader._before_fork()


def _after_fork_in_parent() -> None:
    while _held:
        _held.pop()._after_fork_in_parent()


def _after_fork_in_child() -> None:
    while _held:
        _held.pop()._forget_threads()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
