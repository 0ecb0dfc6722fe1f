"""`qframe.open`: a dataset from a file, a directory, or a config with no data at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from qframe.contracts.storage import Header, Reader
from qframe.dataset.dataset import Dataset
from qframe.errors import NotADataset, PluginError, RecordMissing
from qframe.generation.generator import Generator
from qframe.plugins.installed import installed
from qframe.plugins.resolve import find_class
from qframe.recipe.blocks import Stored
from qframe.recipe.columns import Arrays

CONFIG_SUFFIXES = (".yaml", ".yml")


def open(  # noqa: A001 - qframe.open is the public name
    path: str | Path, overrides: Sequence[str] = ()
) -> Dataset:
    """Opens what `qframe run` wrote, or a config, whose records are then made on demand.

    `overrides` are `key.path=value`, as for `qframe run --set`; a dataset has none.

    Reading is safe whoever wrote the data: read-only, no plugin that the data names is loaded.
    A config is code if it names local plugins; open only configs that you would run.

    Raises:
        NotADataset: if nothing there can be read as a dataset.
    """
    path = Path(path)
    if path.suffix in CONFIG_SUFFIXES:
        return Dataset(ComputedReader.from_config(path, overrides), str(path))
    if overrides:
        raise NotADataset(f"{path} is no config: nothing of it can be set")
    if not path.exists():
        raise NotADataset(
            f"{path} does not exist", hint="make it with `qframe run`, or open its config"
        )
    for storage in installed_storages():
        if storage.recognises(path):
            return Dataset(storage(storage.Options(), path).reader(), str(path))
    raise NotADataset(f"{path} is not a dataset of any installed storage")


def installed_storages() -> Iterator[Any]:
    """Installed storages; one that is broken is no reason not to read with another."""
    for found in installed("storage"):
        try:
            yield find_class("storage", found.name, Path())
        except PluginError:
            continue


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
        from qframe.runs.plan import header_of

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
