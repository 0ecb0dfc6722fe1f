"""Block: consecutive records, and how many of them a full block has.

A block has two digests, both BLAKE3 with 32 bytes. The first, *drawn*, is over what the sampler
drew: all else of a record follows from that and the recipe. The second, *stored*, is over what a
storage holds, which may be less than the record, or more than was drawn. Both are over the digests
of columns, so that a column which is stored as it was drawn is read once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from qframe.recipe.columns import Arrays, Column

DIGEST_BYTES = 32
"""Bytes of a digest."""

CHECKSUM_BYTES = 2 * DIGEST_BYTES
"""Bytes of the checksum of a block in a ledger: the digests of what was drawn, and is stored."""

BLOCK_RECORDS = 4096
"""Number of records of a full block, unless they are too wide."""

BLOCK_BYTES = 8 << 20
"""Largest size of a full block."""


def records_per_block(width: int) -> int:
    """Number of records of a full block.

    It is 4,096 if such a block stays within 8 MiB, else the largest power of two that does: a
    worker holds whole blocks, and 4,096 unitaries of six qubits would take 256 MiB. The recipe
    holds the number.

    Args:
        width: bytes of lengths, codes and a complex128 unitary of one record. The recipe's own
            dtype does not count, so that it does not change which circuits a block draws.
    """
    records = BLOCK_RECORDS
    while records > 1 and records * width > BLOCK_BYTES:
        records //= 2
    return records


def block_count(records: int, size: int) -> int:
    """Number of blocks that hold `records` records, `size` in each; the last may be cut."""
    return -(-records // size)


@dataclass(frozen=True)
class Block:
    """Consecutive records: the unit of randomness, of checksums and of the ledger.

    Attributes:
        index: number of the block in the dataset, from 0.
        records: number of records in the block.
        arrays: one C-contiguous array of `records` entries per column of the schema.
    """

    index: int
    records: int
    arrays: Arrays

    def drawn(self, schema: Iterable[Column]) -> bytes:
        """The digest of what the sampler drew: of the drawn columns, in the order of the schema.

        It is the same in every storage and form.
        """
        return _joined(column_digest(self.arrays[c.name]) for c in schema if c.drawn)

    def checksum(self, schema: Iterable[Column], stored: Arrays | None = None) -> bytes:
        """The checksum of the block, 64 bytes: digests of what was drawn, and of what is stored.

        Args:
            schema: the columns of the block.
            stored: the columns as a storage holds them, in their order. None: as the block does.
        """
        columns = tuple(schema)
        digests = {c.name: column_digest(self.arrays[c.name]) for c in columns if c.drawn}
        drawn = _joined(digests.values())
        if stored is None:
            stored = {column.name: self.arrays[column.name] for column in columns}
        held = (
            # What is stored as it was drawn is read once: this takes a fifth of the time.
            digests[name]
            if name in digests and array is self.arrays[name]
            else column_digest(array)
            for name, array in stored.items()
        )
        return drawn + _joined((_numbers(self.index, self.records), drawn, *held))

    def cut(self, records: int) -> Block:
        """The first `records` records of the block, without a copy."""
        return Block(self.index, records, {k: v[:records] for k, v in self.arrays.items()})


def column_digest(column: NDArray[Any]) -> bytes:
    """BLAKE3-256 over the bytes of an array, in C order."""
    return blake3(np.ascontiguousarray(column).reshape(-1).view(np.uint8).data).digest()


def stored_digest(block: int, records: int, drawn: bytes, columns: Iterable[NDArray[Any]]) -> bytes:
    """The digest of what a storage holds of a block, 32 bytes.

    It is the BLAKE3-256 over the number of the block and of its records (8 bytes each,
    little-endian), the digest of what was drawn, and the `column_digest` of each stored column. So
    it also finds a block that stands in the place of another, and a damaged digest.

    Args:
        block: number of the block.
        records: number of its records.
        drawn: `Block.drawn`.
        columns: the columns as they are stored, in their order.
    """
    return _joined((_numbers(block, records), drawn, *map(column_digest, columns)))


def _numbers(block: int, records: int) -> bytes:
    return block.to_bytes(8, "little") + records.to_bytes(8, "little")


def _joined(parts: Iterable[bytes]) -> bytes:
    return blake3(b"".join(parts)).digest()
