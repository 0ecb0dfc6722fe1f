"""Keys of the records of any dataset, with or without a column `key`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from qframe.circuits.circuits import Circuits
from qframe.circuits.exact.engine import ExactEngine
from qframe.circuits.keys import Bits, ExactKeys, Keys, unitary_keys
from qframe.contracts.storage import Header
from qframe.errors import ConfigError, StorageError

if TYPE_CHECKING:
    from qframe.dataset.dataset import Batch

MULTIPLIED = 1e-6
"""Largest difference between a stored unitary and the product of its circuit."""


class DatasetKeys:
    """Makes keys (`qframe.circuits.keys`) of records.

    From the column `key` where it has enough bits; else exactly, from the circuits, where the gates
    lie in a ring and the circuits of `probe` multiply out to its unitaries, in 64 bits; else by
    tolerance, from the unitaries.

    Args:
        header: of the dataset.
        probe: some of its records.
        bits: what is wanted; `at_least` takes a column of fewer bits, too.

    Attributes:
        by: `exact` or `tolerance`: what two equal keys mean.

    Raises:
        StorageError: if only single-precision unitaries are there, which have no keys.
    """

    def __init__(self, header: Header, probe: Batch, bits: Bits = 128) -> None:
        recipe = header.recipe
        key = recipe.key
        self._column = key is not None and key["bits"] >= bits
        self.by: Literal["exact", "tolerance"]
        if key is not None:
            self.by = key["by"]
        else:
            self.by = "exact" if _multiplied(header, probe) else "tolerance"
        self._bits = bits
        self._exact = None
        if self._column:
            return
        if self.by == "exact":
            self._exact = ExactKeys(recipe.instructions, bits)
        elif recipe.dtype != "complex128":
            raise StorageError(
                f"unitaries are {recipe.dtype} and their gates lie in no ring: no key can be told",
                hint="make the dataset with `key: true`, or with `dtype: complex128`",
            )

    def of(self, batch: Batch) -> Keys:
        """`(n, bits // 64)` `uint64`."""
        if self._column:
            return np.asarray(batch.extra["key"][:, : self._bits // 64], dtype=np.uint64)
        if self._exact is not None:
            return self._exact.of(Circuits(batch.codes, batch.lengths))
        return unitary_keys(np.asarray(batch.unitaries), self._bits)


def _multiplied(header: Header, probe: Batch) -> bool:
    """Whether the unitaries are the products of the circuits, and those have an exact form."""
    instructions = header.recipe.instructions
    if instructions.exact is None:
        return False
    products = np.empty(probe.unitaries.shape, dtype=np.complex128)
    try:
        ExactEngine(instructions).multiply(Circuits(probe.codes, probe.lengths), products)
    except ConfigError:  # circuits so long that the integers would not fit
        return False
    return bool(np.abs(products - probe.unitaries).max(initial=0) < MULTIPLIED)
