"""Checks of what a storage holds: its header, its ledger and every bit of its blocks."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import Any

from qframe.contracts.storage import Reader, Storage
from qframe.recipe.blocks import CHECKSUM_BYTES, DIGEST_BYTES, Block
from qframe.recipe.header import Header
from qframe.recipe.ledger import Stored, missing
from qframe.testing.examples import columns_in_words, example_block, same_bytes
from qframe.testing.plugin import require


def require_holds(storage: Storage[Any], header: Header, blocks: Iterable[int]) -> None:
    """Requires that a dataset has a header and exactly these example blocks, with every bit.

    Args:
        storage: the storage of the dataset.
        header: the header that the dataset should have.
        blocks: numbers of the blocks that it should have, in ascending order.
    """
    with closing(storage.reader()) as reader:
        _require_header(reader.header, header)
        want = [example_block(header, block) for block in blocks]
        ledger = list(reader.checksums())
        expected = [(b.index, b.records, b.drawn(header.schema)) for b in want]
        require(
            [(block, records, checksum[:DIGEST_BYTES]) for block, records, checksum in ledger]
            == expected,
            f"the ledger has blocks {[(b, n) for b, n, _ in ledger]}, want "
            f"{[(b, n) for b, n, _ in expected]}, each with the digest of what was drawn",
        )
        for block, row in zip(want, ledger, strict=True):
            _require_proved(reader, block, row[2])
        _require_runs(reader, header, want)
        for block in want:
            got = reader.read(block.index)
            for column in header.schema:
                require(
                    same_bytes(got[column.name], block.arrays[column.name]),
                    f"block {block.index}: column {column.name} differs from what was written",
                )


def _require_proved(reader: Reader, block: Block, checksum: bytes) -> None:
    """Requires that the ledger has `Block.checksum` of a block, or what the reader proves."""
    proved = reader.proved_checksum(block.index)
    if proved is None:
        proved = block.records, block.checksum(reader.header.schema)
    require(
        proved == (block.records, checksum) and len(checksum) == CHECKSUM_BYTES,
        f"block {block.index}: the ledger's checksum is not that of what is stored",
    )


def _require_header(got: Header, want: Header) -> None:
    require(got.recipe.text == want.recipe.text, "the recipe is another one")
    require(got.records == want.records, f"header.records is {got.records}, want {want.records}")
    require(got.about == want.about, f"header.about is {got.about}, want {want.about}")
    require(
        got.schema == want.schema,
        f"the schema is {columns_in_words(got.schema)}, want {columns_in_words(want.schema)}",
    )


def _require_runs(reader: Reader, header: Header, want: list[Block]) -> None:
    """Requires that `stored()` keeps to its contract and agrees with the ledger."""
    size = header.recipe.block
    runs = list(reader.stored())
    position = -1
    for run in runs:
        require(run.first > position, f"runs are not in ascending order: {runs}")
        full = run.records == (run.last - run.first + 1) * size
        require(full or run.first == run.last, f"{run} holds a cut block among others")
        position = run.last
    stored = [block for run in runs for block in range(run.first, run.last + 1)]
    require(stored == [block.index for block in want], f"stored() says {runs}")
    records = sum(block.records for block in want)
    require(sum(run.records for run in runs) == records, f"stored() counts {runs}")
    require(
        reader.stored_records() == records,
        f"stored_records() says {reader.stored_records()}, want {records}",
    )
    lacking = {b for first, end in missing(runs, header.records, size) for b in range(first, end)}
    complete = {b.index for b in want if b.records == header.records_in(b.index)}
    require(not lacking & complete, f"blocks count as missing: {sorted(lacking & complete)[:5]}")
    require(all(isinstance(run, Stored) for run in runs), "stored() yields other than Stored")
