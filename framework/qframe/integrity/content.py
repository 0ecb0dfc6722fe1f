"""What a dataset's records are, whatever its checksums say: unitary, distinct, as many as exist."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.gates import UNITARY_TOLERANCE
from qframe.contracts.storage import Header, Reader
from qframe.dataset.distinct import DistinctKeys, circuit_hashes, record_keys
from qframe.integrity.verify import Tell, silent
from qframe.recipe.columns import Arrays

SINGLE_TOLERANCE = 1e-6
"""Of complex64: entries are rounded to 6e-8, and an entry of U U† sums up to 64 products."""


@dataclass
class Content:
    """What was found in the records.

    Attributes:
        tolerance: largest |U U† - 1| that this dataset's rounding explains.
        count: records that the sampler has in all; None if it has no end, or is not known.
        records: that were read.
        unitarity_error: largest entry of |U U† - 1|.
        worst: the record that has it.
        circuits, unitaries: the distinct ones; unitaries up to phase (`qframe.dataset.distinct`).
    """

    tolerance: float
    count: int | None = None
    records: int = 0
    unitarity_error: float = 0.0
    worst: int = 0
    circuits: DistinctKeys = field(default_factory=DistinctKeys)
    unitaries: DistinctKeys = field(default_factory=DistinctKeys)

    @property
    def ok(self) -> bool:
        """Whether every matrix is unitary."""
        return self.unitarity_error <= self.tolerance

    def to_data(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {
            "records": self.records,
            # JSON has no infinity: null where a matrix is not even finite.
            "unitarity_error": self.unitarity_error if isfinite(self.unitarity_error) else None,
            "unitarity_tolerance": self.tolerance,
            "worst_record": self.worst,
            "distinct_circuits": self.circuits.distinct,
            "distinct_unitaries": self.unitaries.distinct,
            "distinct_is_exact": self.circuits.level == self.unitaries.level == 0,
            "records_that_exist": self.count,
        }


def tolerance(header: Header) -> float:
    """Each gate may be off by `UNITARY_TOLERANCE`, and errors of a product add up."""
    if header.recipe.dtype == "complex64":
        return SINGLE_TOLERANCE
    [longest] = header.schema[1].shape
    return UNITARY_TOLERANCE * (1 + int(longest))


def content_of(
    reader: Reader, skip: Container[int] = (), count: int | None = None, tell: Tell = silent
) -> Content:
    """Reads every stored block but those in `skip`, which are known to be damaged."""
    header = reader.header
    found = Content(tolerance(header), count)
    for run in reader.stored():
        for block in range(run.first, run.last + 1):
            tell("content", block, header.blocks)
            if block not in skip:
                arrays = reader.read(block)
                _look(found, block * header.recipe.block, arrays)
                found.circuits.add(circuit_hashes(arrays["codes"], arrays["lengths"]))
    return found


def _look(found: Content, first: int, arrays: Arrays) -> None:
    unitaries = arrays["unitaries"]
    errors = unitarity_errors(unitaries)
    worst = int(errors.argmax())
    if errors[worst] > found.unitarity_error:
        found.unitarity_error, found.worst = float(errors[worst]), first + worst
    found.records += len(unitaries)
    if np.isfinite(errors[worst]):
        found.unitaries.add(record_keys(unitaries, arrays))


def unitarity_errors(unitaries: NDArray[Any]) -> NDArray[np.float64]:
    """Largest entry of |U U† - 1| of each of `(n, d, d)`; infinite for one that is not finite."""
    u = unitaries.astype(np.complex128)
    finite = np.isfinite(u).all(axis=(1, 2))
    u[~finite] = 0.0
    product = u @ u.conj().transpose(0, 2, 1)
    errors = np.abs(product - np.eye(u.shape[1])).max(axis=(1, 2))
    return np.where(finite, errors, np.inf)
