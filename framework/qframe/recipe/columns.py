"""Column: one fixed-width quantity of a record, such as its codes or its unitary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
"""Columns by name: one array per column, all of the same length along the first axis."""


@dataclass(frozen=True)
class Column:
    """One fixed-width quantity of a record, such as its codes or its unitary.

    Attributes:
        name: lower-case letters, digits and underscores.
        dtype: NumPy's little-endian name (`|u1`, `<u2`, `<c16`).
        shape: shape of one record's entry; `()` for a scalar.
        drawn: whether the sampler draws it. If not, it is a function of recipe and circuit: the
            product of the circuit, a key, a label.
    """

    name: str
    dtype: str
    shape: tuple[int, ...] = ()
    drawn: bool = True

    @cached_property
    def width(self) -> int:
        """Number of bytes per record."""
        return np.dtype(self.dtype).itemsize * prod(self.shape)

    def empty(self, records: int) -> NDArray[Any]:
        """An uninitialised array `(records, *shape)` of this column's dtype."""
        return np.empty((records, *self.shape), dtype=self.dtype)

    def from_bytes(self, data: bytes | memoryview) -> NDArray[Any]:
        """The records in `data` as a read-only array `(records, *shape)`, without a copy."""
        return np.frombuffer(data, dtype=self.dtype).reshape(-1, *self.shape)


SOURCE = Column("source", "<u8")
"""Column of a deduplicated dataset: the index of each record in the dataset it comes from."""

KEY = "key"
"""Name of the column that holds the key of each unitary."""
