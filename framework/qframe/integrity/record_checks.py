"""Checks of the records themselves: are the matrices unitary, and how many records differ?

Checksums cannot answer this: a sampler or a gate set that is wrong has right checksums.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.gates import UNITARY_TOLERANCE
from qframe.contracts.storage import Reader
from qframe.dataset.distinct_keys import DistinctKeys, circuit_hashes
from qframe.dataset.keys import DatasetKeys
from qframe.dataset.records import Batch
from qframe.progress import ProgressCallback, no_progress
from qframe.recipe.header import Header

SINGLE_TOLERANCE = 1e-6
"""Largest |U U† - 1| of a complex64 unitary.

Its entries are rounded to 6e-8, and an entry of U U† is a sum of up to 64 products."""


@dataclass(frozen=True)
class RecordChecks:
    """What the records of a dataset are like.

    Attributes:
        tolerance: largest |U U† - 1| that rounding explains in this dataset.
        count: number of records that the sampler can make; None if it has no end or is not known.
        records: number of records that were read.
        unitarity_error: largest entry of |U U† - 1| of all records.
        worst: index of the record with that entry.
        circuits: the distinct circuits (`qframe.dataset.distinct_keys`); None if circuits are not
            stored.
        unitaries: the distinct unitaries up to a global phase.
    """

    tolerance: float
    count: int | None
    records: int
    unitarity_error: float
    worst: int
    circuits: DistinctKeys | None
    unitaries: DistinctKeys

    @property
    def ok(self) -> bool:
        """Whether every matrix is unitary."""
        return self.unitarity_error <= self.tolerance

    @property
    def estimated(self) -> bool:
        """Whether the numbers of distinct circuits and unitaries are estimates."""
        return any(keys.level for keys in (self.circuits, self.unitaries) if keys is not None)

    def to_data(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "records": self.records,
            # JSON has no infinity: null where a matrix is not finite.
            "unitarity_error": self.unitarity_error if isfinite(self.unitarity_error) else None,
            "unitarity_tolerance": self.tolerance,
            "worst_record": self.worst,
            # null where circuits are not stored.
            "distinct_circuits": None if self.circuits is None else self.circuits.distinct,
            "distinct_unitaries": self.unitaries.distinct,
            "distinct_is_exact": not self.estimated,
            "records_that_exist": self.count,
        }


def tolerance(header: Header) -> float:
    """Largest |U U† - 1| that rounding explains in a dataset.

    Each gate may be off by `UNITARY_TOLERANCE`, and the errors of a product add up.
    """
    if header.recipe.dtype == "complex64":
        return SINGLE_TOLERANCE
    return UNITARY_TOLERANCE * (1 + header.schema.max_length)


def check_records(
    reader: Reader,
    skip: Container[int] = (),
    count: int | None = None,
    progress: ProgressCallback = no_progress,
) -> RecordChecks:
    """Reads every stored block and checks its records.

    Args:
        reader: reads the dataset.
        skip: blocks that are known to be damaged, which are not read.
        count: number of records that the sampler can make, or None.
        progress: called before each block.
    """
    records, largest, worst = 0, 0.0, 0
    circuits = DistinctKeys() if reader.schema.has_circuits else None
    unitaries = DistinctKeys()
    keys: DatasetKeys | None = None
    for batch in _stored_blocks(reader, skip, progress):
        errors = unitarity_errors(batch.unitaries)
        place = int(errors.argmax())
        if errors[place] > largest:
            largest, worst = float(errors[place]), int(batch.index[place])
        records += len(batch)
        if circuits is not None:
            circuits.add(circuit_hashes(batch.codes, batch.lengths))
        if np.isfinite(errors[place]):
            keys = keys or DatasetKeys(reader.header, batch, 64, coarse=True)
            unitaries.add(keys.of(batch)[:, 0])
    return RecordChecks(
        tolerance=tolerance(reader.header),
        count=count,
        records=records,
        unitarity_error=largest,
        worst=worst,
        circuits=circuits,
        unitaries=unitaries,
    )


def _stored_blocks(
    reader: Reader, skip: Container[int], progress: ProgressCallback
) -> Iterator[Batch]:
    size = reader.header.recipe.block
    for run in reader.stored():
        for block in range(run.first, run.last + 1):
            progress("content", block, reader.header.blocks)
            if block not in skip:
                arrays = reader.read(block)
                index = block * size + np.arange(len(arrays["unitaries"]))
                yield Batch.from_columns(index, arrays)


def unitarity_errors(unitaries: NDArray[Any]) -> NDArray[np.float64]:
    """Largest entry of |U U† - 1| of each unitary; `(n,)`, infinite where one is not finite.

    Args:
        unitaries: complex, `(n, d, d)`.
    """
    u = unitaries.astype(np.complex128)
    finite = np.isfinite(u).all(axis=(1, 2))
    u[~finite] = 0.0
    product = u @ u.conj().transpose(0, 2, 1)
    errors = np.abs(product - np.eye(u.shape[1])).max(axis=(1, 2))
    return np.where(finite, errors, np.inf)
