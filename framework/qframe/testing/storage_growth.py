"""StorageGrowth: tests that a dataset can be written in parts, again, and by several writers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qframe.contracts.storage import Storage
from qframe.recipe.blocks import Block
from qframe.testing.examples import example_block
from qframe.testing.storage_tests import SMALL, StorageTests, example_blocks
from qframe.testing.stored_blocks import require_holds


class StorageGrowth(StorageTests):
    """Part of `StorageContract`: datasets grow, and blocks are written again."""

    def test_a_cut_block_that_grows(self, storage: Storage[Any]) -> None:
        short = replace(SMALL, records=21)
        self.fill(storage, short, example_blocks(short))
        storage.finish()
        storage.resume(SMALL)
        with storage.writer(SMALL) as writer:
            writer.write(list(example_blocks(SMALL, [1, 2])))
        storage.finish()
        require_holds(storage, SMALL, [0, 1, 2])

    def test_resume_extends_the_dataset(self, storage: Storage[Any]) -> None:
        short = replace(SMALL, records=32)
        self.fill(storage, short, example_blocks(short))
        storage.finish()
        storage.resume(SMALL)
        require_holds(storage, SMALL, [0, 1])
        with storage.writer(SMALL) as writer:
            writer.write(list(example_blocks(SMALL, [2, 3, 4])))
        storage.finish()
        require_holds(storage, SMALL, range(5))

    def test_a_block_that_is_written_twice(self, storage: Storage[Any]) -> None:
        self.fill(storage, SMALL, example_blocks(SMALL, [0, 1, 1, 0]))
        require_holds(storage, SMALL, [0, 1])

    def test_two_writers_take_turns(self, storage: Storage[Any]) -> None:
        storage.create(SMALL)
        with storage.writer(SMALL) as even, storage.writer(SMALL) as odd:
            for block in range(5):
                (odd if block % 2 else even).write([example_block(SMALL, block)])
        storage.finish()
        require_holds(storage, SMALL, range(5))

    def test_a_block_that_cannot_be_written_is_not_in_the_ledger(
        self, storage: Storage[Any]
    ) -> None:
        self.fill(storage, SMALL, example_blocks(SMALL, [0]))
        whole = example_block(SMALL, 1)
        broken = Block(1, 16, {name: whole.arrays[name] for name in ("lengths", "codes")})
        with storage.writer(SMALL) as writer:
            with pytest.raises(KeyError, match="unitaries"):
                writer.write([broken])
            require_holds(storage, SMALL, [0])
            writer.write([whole])  # the writer can go on
        require_holds(storage, SMALL, [0, 1])

    def test_what_was_stored_stays_without_close(self, storage: Storage[Any]) -> None:
        storage.create(SMALL)
        lost = storage.writer(SMALL)
        lost.write([example_block(SMALL, 0)])
        storage.resume(SMALL)
        with storage.writer(SMALL) as writer:
            writer.write([example_block(SMALL, 1)])
        lost.close()
        storage.finish()
        require_holds(storage, SMALL, [0, 1])
