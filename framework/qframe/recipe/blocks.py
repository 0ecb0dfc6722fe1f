"""Block: consecutive records, the unit of randomness, of checksums and of the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from qframe.recipe.columns import Arrays, Column

BLOCK_RECORDS = 4096
"""Records of a full block, unless they are too wide."""

BLOCK_BYTES = 8 << 20
"""Largest size of a full block."""


def records_per_block(width: int) -> int:
    """Records of a full block, for records of `width` bytes (lengths, codes and unitary).

    It is 4,096 if such a block stays within 8 MiB, else the largest power of two that does: a
    worker holds whole blocks, and 4,096 unitaries of six qubits would take 256 MiB. The recipe
    records the number.
    """
    records = BLOCK_RECORDS
    while records > 1 and records * width > BLOCK_BYTES:
        records //= 2
    return records


def block_count(records: int, size: int) -> int:
    """Number of blocks of `size` records that hold `records` records; the last may be cut."""
    return -(-records // size)


@dataclass(frozen=True)
class Block:
    """Consecutive records: the unit of randomness, of checksums and of the ledger.

    Attributes:
        index: number of the block in the dataset.
        records: number of records in it.
        arrays: one C-contiguous array of `records` entries per column of the schema.
    """

    index: int
    records: int
    arrays: Arrays

    def checksum(self, schema: Iterable[Column]) -> bytes:
        """SHA-256 over the columns' bytes in schema order: equal in every storage and layout."""
        digest = hashlib.sha256()
        for column in schema:
            digest.update(np.ascontiguousarray(self.arrays[column.name]).data)
        return digest.digest()

    def cut(self, records: int) -> Block:
        """The first `records` records of the block, without a copy."""
        return Block(self.index, records, {k: v[:records] for k, v in self.arrays.items()})
