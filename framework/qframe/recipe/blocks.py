"""Block: consecutive records, and how many of them a full block has."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from qframe.recipe.columns import Arrays, Column

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
        width: bytes of lengths, codes and unitary of one record.
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

    def checksum(self, schema: Iterable[Column]) -> bytes:
        """SHA-256 over the bytes of the columns, in the order of the schema.

        It is the same in every storage and layout.
        """
        digest = hashlib.sha256()
        for column in schema:
            digest.update(np.ascontiguousarray(self.arrays[column.name]).data)
        return digest.digest()

    def cut(self, records: int) -> Block:
        """The first `records` records of the block, without a copy."""
        return Block(self.index, records, {k: v[:records] for k, v in self.arrays.items()})
