"""ComputedReader: records made on demand from a config, without any file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from qframe.contracts.storage import Reader
from qframe.errors import RecordMissing
from qframe.generation.generator import Generator
from qframe.recipe.columns import Arrays
from qframe.recipe.header import Header
from qframe.recipe.ledger import Stored


class ComputedReader(Reader):
    """Records on demand: the law needs no file."""

    def __init__(self, header: Header, generator: Generator) -> None:
        self.header = header
        # Neighbours are read together; a few blocks in hand save most of the work.
        self._block = lru_cache(maxsize=4)(self._make)
        self._generator = generator

    @classmethod
    def from_config(cls, path: Path, overrides: Sequence[str] = ()) -> ComputedReader:
        """The dataset that `qframe run` would write, computed."""
        from qframe.config.load import load_config
        from qframe.config.to_recipe import header_of

        loaded = load_config(path, overrides)
        header = header_of(loaded)
        plugins = loaded.plugins
        return cls(
            header,
            Generator.from_specs(header.recipe, plugins["sampler"].spec, plugins["engine"].spec),
        )

    def _make(self, block: int) -> Arrays:
        made = self._generator.blocks(block, [self.header.records_in(block)])[0].arrays
        for array in made.values():
            array.flags.writeable = False
        return made

    def stored(self) -> Iterator[Stored]:
        yield Stored(0, self.header.blocks - 1, self.header.records)

    def checksums(self) -> Iterator[tuple[int, int, bytes]]:
        return iter(())

    def read(self, block: int, start: int = 0, stop: int | None = None) -> Arrays:
        if not 0 <= block < self.header.blocks:
            raise RecordMissing(f"block {block} of {self.header.blocks}")
        return {name: array[start:stop] for name, array in self._block(block).items()}

    def close(self) -> None:
        self._block.cache_clear()
