"""DatasetKeys: makes a key for each record of a dataset, with or without a column `key`."""

from __future__ import annotations

from typing import Literal

import numpy as np

from qframe.circuits.circuits import Circuits
from qframe.circuits.exact.products import ExactProducts
from qframe.circuits.keys import Bits, ExactKeys, Keys, hash_rows, unitary_keys
from qframe.circuits.phase import COARSE_CELL, cells_without_phase
from qframe.dataset.records import Batch
from qframe.errors import StorageError
from qframe.recipe.columns import KEY
from qframe.recipe.header import Header
from qframe.rings.rounding import nearest_doubles

PRODUCT_TOLERANCE = 1e-6
"""Largest difference between a stored unitary and the product of its circuit."""


class DatasetKeys:
    """Makes a key for each record: records of one unitary, up to a global phase, share it.

    The key comes from the first of these that the dataset allows (`qframe.circuits.keys`):

    1. the column `key`, if it has enough bits;
    2. the circuit, exactly: if circuits are stored, the gates lie in a ring, and the products of
       the circuits of `probe` are its unitaries, with integers of 64 bits (wider ones would take
       long, if not only a few other records need them);
    3. the unitary, by tolerance: if unitaries are stored in double precision, or `coarse` is True.

    Args:
        header: header of the dataset.
        probe: some of its records.
        bits: bits of a key.
        coarse: whether single-precision unitaries may be told apart by cells of `COARSE_CELL`.
            That is good enough to count with: up to half a percent of the unitaries get a second
            key, because an entry lies at the border of a cell.

    Attributes:
        by: `exact` or `tolerance`: how the keys are made.

    Raises:
        StorageError: if a key can only come from single-precision unitaries and `coarse` is False.
    """

    def __init__(
        self,
        header: Header,
        probe: Batch,
        bits: Bits = 128,
        *,
        coarse: bool = False,
    ) -> None:
        recipe = header.recipe
        key = recipe.key
        self._column = key is not None and key["bits"] >= bits
        self.by: Literal["exact", "tolerance"]
        if self._column and key is not None:
            self.by = key["by"]
        else:
            self.by = "exact" if _has_exact_products(header, probe) else "tolerance"
        self._bits = bits
        self._exact = None
        if self._column:
            return
        if self.by == "exact":
            self._exact = ExactKeys(recipe.instructions, bits)
        elif probe.unitaries.dtype != np.complex128 and not coarse:
            raise StorageError(
                f"unitaries are {probe.unitaries.dtype}, which is too coarse for keys by "
                "tolerance, and exact keys need stored circuits of gates that lie in a ring",
                hint="make the dataset with `key: true`, or store its unitaries as complex128",
            )

    def of(self, batch: Batch) -> Keys:
        """The keys of the records of a batch: `(n, bits // 64)` `uint64`."""
        if self._column:
            return np.asarray(batch.extra[KEY][:, : self._bits // 64], dtype=np.uint64)
        if self._exact is not None:
            return self._exact.of(Circuits(batch.codes, batch.lengths))
        if batch.unitaries.dtype != np.complex128:
            return hash_rows(cells_without_phase(batch.unitaries, COARSE_CELL), self._bits)
        return unitary_keys(np.asarray(batch.unitaries), self._bits)


def _has_exact_products(header: Header, probe: Batch) -> bool:
    """Whether the unitaries are the products of the circuits, and those have an exact form."""
    instructions = header.recipe.instructions
    if instructions.exact is None or not probe.has_circuits:
        return False
    for rows, matrices in ExactProducts(instructions).parts(Circuits(probe.codes, probe.lengths)):
        if matrices.wide:
            return False
        products = nearest_doubles(matrices.ring, matrices.numbers, matrices.exponents)
        if np.abs(products - probe.unitaries[rows]).max(initial=0) >= PRODUCT_TOLERANCE:
            return False
    return True
