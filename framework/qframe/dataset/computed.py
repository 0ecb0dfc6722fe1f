"""ComputedReader: reads the records of a config by making them; there is no file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from qframe.config.load import LoadedConfig
from qframe.contracts.storage import Reader
from qframe.errors import RecordMissing
from qframe.generation.generator import Generator
from qframe.recipe.columns import Arrays
from qframe.recipe.header import Header
from qframe.recipe.ledger import Stored


class ComputedReader(Reader):
    """Reads records that are made when they are asked for.

    It serves one thread at a time: it keeps the last blocks, and engines keep their buffers.

    Args:
        header: header of the dataset.
        generator: makes its blocks.
    """

    def __init__(self, header: Header, generator: Generator) -> None:
        self.header = header
        # Records near each other are often read one by one: the last blocks are kept.
        self._block = lru_cache(maxsize=4)(self._make)
        self._generator = generator

    @classmethod
    def from_config(cls, config: LoadedConfig, header: Header) -> ComputedReader:
        """A reader with a generator of its own.

        Args:
            config: names the sampler and the engine.
            header: of the dataset that `qframe run` would write with this config.
        """
        sampler, engine = config.plugins["sampler"].spec, config.plugins["engine"].spec
        return cls(header, Generator.from_specs(header.recipe, sampler, engine))

    def _make(self, block: int) -> Arrays:
        arrays = self._generator.blocks(block, [self.header.records_in(block)])[0].arrays
        for array in arrays.values():
            array.flags.writeable = False
        return arrays

    def stored(self) -> Iterator[Stored]:
        """One run of all blocks: every record can be made."""
        yield Stored(0, self.header.blocks - 1, self.header.records)

    def checksums(self) -> Iterator[tuple[int, int, bytes]]:
        """Nothing: there is no ledger."""
        return iter(())

    def drawn_digests(self) -> Iterator[tuple[int, int, bytes]]:
        """See `Reader.drawn_digests`; the blocks are drawn, and no circuit is multiplied."""
        generator = self._generator.without_products()
        buffers = generator.buffers(1)
        for index in range(self.header.blocks):
            records = self.header.records_in(index)
            [block] = generator.blocks(index, [records], buffers)
            yield index, records, block.drawn(self.header.schema)

    def read(self, block: int, start: int = 0, stop: int | None = None) -> Arrays:
        """Records `start:stop` of a block, as read-only arrays: see `Reader.read`."""
        if not 0 <= block < self.header.blocks:
            raise RecordMissing(f"block {block} of {self.header.blocks}")
        return {name: array[start:stop] for name, array in self._block(block).items()}

    def close(self) -> None:
        """Forgets the blocks that were kept."""
        self._block.cache_clear()
