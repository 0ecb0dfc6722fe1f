"""Writing a dataset in shards: each block goes to the writer of its shard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from qframe import Block, Writer
from qframe_plugins.storages._sqlite.shards.catalogue import Catalogue


class ShardsWriter(Writer):
    """One worker's writer for all shards; connects to a shard when it first writes there.

    Args:
        catalogue: says which shard a block belongs to.
        connect: makes the writer of a shard, by the shard's number.
    """

    def __init__(self, catalogue: Catalogue, connect: Callable[[int], Writer]) -> None:
        self.needs_unitaries = catalogue.needs_unitaries
        self._catalogue = catalogue
        self._connect = connect
        self._writers: dict[int, Writer] = {}

    def write(self, blocks: Sequence[Block]) -> None:
        """One transaction in each shard that some of the blocks belong to, usually one."""
        for number, own in groupby(blocks, lambda block: self._catalogue.shard_of(block.index)):
            if number not in self._writers:
                self._writers[number] = self._connect(number)
            try:
                self._writers[number].write(list(own))
            finally:
                self._count()

    def _count(self) -> None:
        """Sums the counters of all writers."""
        each = [writer.counters for writer in self._writers.values()]
        names = {name for counters in each for name in counters}
        self.counters = {name: sum(one.get(name, 0) for one in each) for name in names}

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()
