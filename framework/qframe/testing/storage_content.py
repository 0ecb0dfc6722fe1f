"""StorageContent: tests that what is written into a storage comes out, and nothing else."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from qframe.contracts.storage import Storage
from qframe.errors import RecordMissing
from qframe.recipe.header import Header
from qframe.testing.examples import EXTRA, example_block, example_header, same_bytes
from qframe.testing.plugin import require
from qframe.testing.storage_tests import SMALL, StorageTests, example_blocks
from qframe.testing.stored_blocks import require_holds

HEADERS = pytest.mark.parametrize(
    "header",
    [
        example_header(70),
        example_header(70, dtype="complex64"),
        example_header(35, qubits=3, extra=EXTRA),
        example_header(20, max_length=300),
        example_header(1),
    ],
    ids=["complex128", "complex64", "three qubits, more columns", "long circuits", "one record"],
)


class StorageContent(StorageTests):
    """Part of `StorageContract`: blocks come out with every bit, and the ledger is right."""

    @HEADERS
    def test_what_goes_in_comes_out(self, storage: Storage[Any], header: Header) -> None:
        storage.check(header)
        self.fill(storage, header, example_blocks(header))
        require_holds(storage, header, range(header.blocks))
        storage.finish()
        require_holds(storage, header, range(header.blocks))

    def test_several_blocks_at_once(self, storage: Storage[Any]) -> None:
        storage.create(SMALL)
        with storage.writer(SMALL) as writer:
            writer.write(list(example_blocks(SMALL, [0, 1, 2])))
            writer.write(list(example_blocks(SMALL, [3, 4])))
        require_holds(storage, SMALL, range(5))

    def test_blocks_in_any_order_and_with_gaps(self, storage: Storage[Any]) -> None:
        header = replace(SMALL, records=16 * 20 + 1)
        self.fill(storage, header, example_blocks(header, [20, 3, 11, 4, 2, 10]))
        require_holds(storage, header, [2, 3, 4, 10, 11, 20])

    def test_far_apart_blocks(self, storage: Storage[Any]) -> None:
        header = replace(SMALL, records=16 * 10**6)
        self.fill(storage, header, example_blocks(header, [999_999, 0, 123_456]))
        require_holds(storage, header, [0, 123_456, 999_999])

    def test_a_slice_of_a_block(self, storage: Storage[Any]) -> None:
        self.fill(storage, SMALL, example_blocks(SMALL))
        with closing(storage.reader()) as reader:
            for block, stored in ((1, 16), (4, 6)):
                want = example_block(SMALL, block).arrays
                for start, stop in ((0, 1), (3, 4), (5, None), (2, 6), (0, 99), (6, 6), (0, 0)):
                    got = reader.read(block, start, stop)
                    for column in SMALL.schema:
                        part = want[column.name][start : stored if stop is None else stop]
                        require(
                            same_bytes(got[column.name], part),
                            f"read({block}, {start}, {stop}): {column.name} differs",
                        )

    def test_a_block_that_is_not_stored(self, storage: Storage[Any]) -> None:
        self.fill(storage, SMALL, example_blocks(SMALL, [0, 2]))
        with closing(storage.reader()) as reader:
            for block in (1, 3, 4, 5, 10**9):
                with pytest.raises(RecordMissing):
                    reader.read(block)
                with pytest.raises(RecordMissing):
                    reader.read(block, 0, 1)

    def test_an_empty_dataset(self, storage: Storage[Any]) -> None:
        storage.create(SMALL)
        require_holds(storage, SMALL, [])
        storage.finish()
        require_holds(storage, SMALL, [])

    def test_reading_while_a_writer_is_open(self, storage: Storage[Any]) -> None:
        storage.create(SMALL)
        with storage.writer(SMALL) as writer, closing(storage.reader()) as reader:
            for count in range(1, 6):
                writer.write([example_block(SMALL, count - 1)])
                found = [block for block, _, _ in reader.checksums()]
                require(found == list(range(count)), f"an open reader sees blocks {found}")
