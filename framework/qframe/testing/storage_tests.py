"""StorageTests: what the parts of StorageContract share, a new storage and how to fill it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from qframe.contracts.storage import Storage
from qframe.recipe.blocks import Block
from qframe.recipe.header import Header
from qframe.testing.examples import example_block, example_header
from qframe.testing.plugin import PluginContract

SMALL = example_header(70)
"""Header of five blocks of 16 records, of which the last is cut to 6."""


class StorageTests(PluginContract):
    """Base of the parts of `StorageContract`; a plugin's author uses `StorageContract` itself."""

    plugin: ClassVar[type[Storage[Any]]]

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Storage[Any]:
        """A storage at a path where nothing is yet, alone in its directory."""
        return self.at(tmp_path / "place" / f"dataset{self.plugin.suffix}")

    def at(self, path: Path) -> Storage[Any]:
        """A storage at `path`, with the options."""
        path.parent.mkdir(exist_ok=True)
        return self.plugin(self.read_options(), path)

    def fill(self, storage: Storage[Any], header: Header, blocks: Iterable[Block]) -> None:
        """Creates the dataset and writes the blocks, one by one."""
        storage.create(header)
        with storage.writer(header) as writer:
            for block in blocks:
                writer.write([block])


def example_blocks(header: Header, which: Iterable[int] | None = None) -> Iterator[Block]:
    """The example blocks of a header with the numbers `which`, or all of them."""
    for block in range(header.blocks) if which is None else which:
        yield example_block(header, block)
