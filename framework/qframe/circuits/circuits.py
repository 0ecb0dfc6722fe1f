"""Circuits: several circuits as arrays, which a sampler returns and an engine takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Circuits:
    """Several circuits as arrays.

    Attributes:
        codes: `(n, max_length)` `uint8` or `uint16`, C order; the codes of each circuit in circuit
            order, then zeros.
        lengths: `(n,)` `uint8` (max_length < 256) or `uint16`; number of gates of each circuit.
        extra: the columns that the sampler adds, by name.
        unitaries: `(n, dim, dim)` `complex128`, from a sampler that `gives_unitaries`; else None.
        parents: `(n,)` `int64`, from a sampler whose `fold` is 1; else None. For each row the
            index of a row above it that it extends by one gate, or -1. With fold 1 the unitary of
            a circuit is its last gate times the unitary of the other gates. So an engine may use
            the parent's unitary; one that ignores `parents` gives the same bits.
    """

    codes: NDArray[Any]
    lengths: NDArray[Any]
    extra: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    unitaries: NDArray[Any] | None = None
    parents: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.codes)

    def part(self, rows: slice) -> Circuits:
        """Codes, lengths and parents of a slice of rows; a parent outside of it becomes -1."""
        start, stop, _ = rows.indices(len(self))
        parents = self.parents
        if parents is not None and (start, stop) != (0, len(self)):
            parents = np.maximum(parents[start:stop] - start, -1)
        return Circuits(self.codes[start:stop], self.lengths[start:stop], parents=parents)

    @classmethod
    def padded(cls, codes: NDArray[Any], lengths: NDArray[Any]) -> Circuits:
        """Circuits from full rows of codes: the codes beyond a circuit's length become 0."""
        width = codes.shape[1]
        if width < 256:  # a triangle of 64 KiB at most: its rows are the masks of all lengths
            kept = np.tri(width + 1, width, -1, dtype=codes.dtype).take(lengths, axis=0)
        else:
            kept = (np.arange(width, dtype=np.uint16) < lengths[:, None]).astype(codes.dtype)
        kept *= codes
        return cls(kept, lengths)
