"""What a dataset's records are, whatever its checksums say: unitary, distinct, as many as exist."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.gates import UNITARY_TOLERANCE
from qframe.contracts.storage import Reader
from qframe.dataset.distinct import DistinctKeys, circuit_hashes
from qframe.dataset.keys import DatasetKeys
from qframe.dataset.records import Batch
from qframe.errors import ConfigError
from qframe.progress import ProgressCallback, no_progress
from qframe.recipe.header import Header

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
    return UNITARY_TOLERANCE * (1 + header.schema.max_length)


def content_of(
    reader: Reader,
    skip: Container[int] = (),
    count: int | None = None,
    progress: ProgressCallback = no_progress,
) -> Content:
    """Reads every stored block but those in `skip`, which are known to be damaged."""
    for exact in (True, False):  # by tolerance if the integers of a circuit outgrow 64 bits
        found = Content(tolerance(reader.header), count)
        try:
            _look_at(found, reader, skip, exact, progress)
        except ConfigError:
            if not exact:
                raise
        else:
            return found
    raise AssertionError("unreachable")


def _look_at(
    found: Content, reader: Reader, skip: Container[int], exact: bool, progress: ProgressCallback
) -> None:
    header = reader.header
    keys: DatasetKeys | None = None
    for batch in _stored_blocks(reader, skip, progress):
        errors = unitarity_errors(batch.unitaries)
        worst = int(errors.argmax())
        if errors[worst] > found.unitarity_error:
            found.unitarity_error, found.worst = float(errors[worst]), int(batch.index[worst])
        found.records += len(batch)
        if batch.has_circuits:
            found.circuits.add(circuit_hashes(batch.codes, batch.lengths))
        if np.isfinite(errors[worst]):
            keys = keys or DatasetKeys(header, batch, 64, coarse=True, exact=exact)
            found.unitaries.add(keys.of(batch)[:, 0])


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
                yield Batch.of(index, arrays)


def unitarity_errors(unitaries: NDArray[Any]) -> NDArray[np.float64]:
    """Largest entry of |U U† - 1| of each of `(n, d, d)`; infinite for one that is not finite."""
    u = unitaries.astype(np.complex128)
    finite = np.isfinite(u).all(axis=(1, 2))
    u[~finite] = 0.0
    product = u @ u.conj().transpose(0, 2, 1)
    errors = np.abs(product - np.eye(u.shape[1])).max(axis=(1, 2))
    return np.where(finite, errors, np.inf)
