"""Statistics of the records of a dataset: distinct unitaries, histograms, distance to Haar."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.analysis.haar import frame_potential, trace_cdf
from qframe.circuits.costs import can_only_be_zero, t_count
from qframe.circuits.instructions import InstructionSet
from qframe.dataset.dataset import Dataset
from qframe.dataset.distinct_keys import DistinctKeys
from qframe.dataset.keys import DatasetKeys
from qframe.dataset.records import Batch
from qframe.errors import RecordMissing
from qframe.progress import ProgressCallback, no_progress

BINS = 4096
"""Bins of the histogram of `|tr U| / dim`, from 0 to 1.

The Kolmogorov-Smirnov distance is right to about `1 / BINS`."""

PAIRED = 2000
"""Most records that are compared in pairs for the frame potentials."""

PAIRED_BYTES = 1 << 25
"""Most bytes of their unitaries."""

ORDERS = (1, 2, 3)
"""Orders of the frame potentials. Order 3 is left out if Haar's value has no short formula."""

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class FramePotential:
    """A frame potential: the mean of `|tr(U^-1 V)|^(2 order)` over pairs of records.

    An ensemble with the frame potentials of Haar-random unitaries up to `order` is a unitary design
    of that order (Gross, Audenaert and Eisert, J. Math. Phys. 48, 052104 (2007)).

    Attributes:
        order: its order.
        value: the mean.
        standard_error: the standard error of the mean.
        haar: value for Haar-random unitaries, which is the least of any ensemble.
    """

    order: int
    value: float
    standard_error: float
    haar: int


@dataclass(frozen=True)
class Statistics:
    """The statistics of a dataset, or of a sample of its records.

    Attributes:
        instructions: the instructions of the dataset.
        records: number of records that were read.
        stored: number of records that are stored.
        unitaries: the distinct unitaries up to a global phase (`qframe.dataset.distinct_keys`).
        lengths: at index l the number of records with l gates; empty if circuits are not stored.
        codes: at index c how often instruction c occurs in the circuits; zeros if they are
            not stored.
        t_counts: at index t the number of records of T-count t; empty if the gate set has no t or
            tdg, or if circuits are not stored.
        traces: histogram of `|tr U| / dim`, `(BINS,)`.
        mean_trace: mean of `|tr U| / dim`.
        largest_trace: largest value of `|tr U| / dim`.
        frame_potentials: the frame potentials; none for fewer than two records.
    """

    instructions: InstructionSet
    records: int
    stored: int
    unitaries: DistinctKeys
    lengths: Counts
    codes: Counts
    t_counts: Counts
    traces: Counts
    mean_trace: float
    largest_trace: float
    frame_potentials: tuple[FramePotential, ...]

    @property
    def has_circuits(self) -> bool:
        """Whether circuits are stored. If not, nothing is known of lengths, gates and T-counts."""
        return len(self.lengths) > 0

    @property
    def redundancy(self) -> float:
        """Records per distinct unitary."""
        return self.records / self.unitaries.distinct

    @property
    def multiplicities(self) -> Counts:
        """At index k the number of unitaries that occur `2**k` to `2**(k+1) - 1` times.

        Only unitaries whose counts are kept are counted (`DistinctKeys.counts`).
        """
        return np.bincount(np.floor(np.log2(self.unitaries.counts)).astype(np.int64))

    @property
    def ks_distance(self) -> float:
        """Kolmogorov-Smirnov distance of `|tr U| / dim` to Haar-random unitaries."""
        found = np.cumsum(self.traces) / self.records
        want = trace_cdf(np.arange(1, BINS + 1) / BINS, self.instructions.dim)
        return float(np.abs(found - want).max())

    @property
    def distances(self) -> dict[str, float]:
        """Least value and quartiles of the distance to the identity, `sqrt(1 - |tr U| / dim)`.

        The quartiles are right to the width of a bin.
        """
        reached = np.cumsum(self.traces[::-1]) / self.records
        quartiles = [1 - int(np.searchsorted(reached, q)) / BINS for q in (0.25, 0.5, 0.75)]
        values = [self.largest_trace, *quartiles]
        names = ("least", "first_quartile", "median", "third_quartile")
        return {
            name: float(np.sqrt(max(0.0, 1 - value)))
            for name, value in zip(names, values, strict=True)
        }

    @property
    def gates(self) -> dict[str, int]:
        """For each gate name how often the gate occurs in the circuits, on any qubits."""
        counts = dict.fromkeys((gate.name for gate in self.instructions.gates), 0)
        for placed, count in zip(self.instructions.instructions, self.codes.tolist(), strict=True):
            counts[placed.gate] += count
        return counts

    def to_data(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "records": self.records,
            "stored": self.stored,
            "distinct_unitaries": self.unitaries.distinct,
            "distinct_is_exact": self.unitaries.level == 0,
            "redundancy": self.redundancy,
            "most_frequent": int(self.unitaries.counts.max()),
            "multiplicities": self.multiplicities.tolist(),
            **self._circuits_to_data(),
            "distance_to_identity": self.distances,
            "mean_trace": self.mean_trace,
            "trace_ks_distance_to_haar": self.ks_distance,
            "frame_potentials": [vars(one) for one in self.frame_potentials],
        }

    def _circuits_to_data(self) -> dict[str, Any]:
        """What is known of the circuits; null where they are not stored."""
        if not self.has_circuits:
            return dict.fromkeys(("lengths", "t_counts", "gates", "instructions"))
        placed = map(str, self.instructions.instructions)
        return {
            "lengths": _histogram(self.lengths),
            "t_counts": _histogram(self.t_counts),
            "gates": self.gates,
            "instructions": dict(zip(placed, self.codes.tolist(), strict=True)),
        }


def _histogram(counts: Counts) -> dict[str, int]:
    return {str(value): int(counts[value]) for value in np.flatnonzero(counts)}


def statistics(
    dataset: Dataset, sample: int | None = None, progress: ProgressCallback = no_progress
) -> Statistics:
    """Reads all records that are stored, or about `sample` of them, in bounded memory.

    A sample consists of whole blocks, which the recipe id chooses: one dataset has one sample.

    Raises:
        RecordMissing: nothing is stored.
    """
    stored = dataset.stored()
    if not stored:
        raise RecordMissing("nothing is stored yet")
    parts = list(_chosen(dataset, sample))
    probe = dataset[slice(*parts[0])]
    keys = DatasetKeys(dataset.header, probe, 64, coarse=True)
    return _read(dataset, parts, keys, progress).result(stored)


def _read(
    dataset: Dataset,
    parts: Sequence[tuple[int, int]],
    keys: DatasetKeys,
    progress: ProgressCallback,
) -> _Pass:
    """Counts the records of the blocks in `parts`, each `(start, stop)`."""
    records = sum(stop - start for start, stop in parts)
    pass_ = _Pass(dataset, records, keys)
    done = 0
    for start, stop in parts:
        progress("records", done, records)
        pass_.add(dataset[start:stop])
        done += stop - start
    return pass_


def _chosen(dataset: Dataset, sample: int | None) -> Iterator[tuple[int, int]]:
    """The records of each block that is read, as `(start, stop)` in ascending order."""
    size, total = dataset.recipe.block, len(dataset)
    runs = [(run.first, run.last) for run in dataset.reader.stored()]
    blocks = sum(last - first + 1 for first, last in runs)
    wanted: set[int] | None = None
    if sample is not None and sample < dataset.stored():
        choice = random.Random(dataset.recipe.id)  # noqa: S311 - no secret
        wanted = set(choice.sample(range(blocks), min(blocks, -(-sample // size))))
    ends = {run.last: run.records for run in dataset.reader.stored()}
    position = 0
    for first, last in runs:
        for block in range(first, last + 1):
            if wanted is None or position in wanted:
                inside = ends[last] - (last - first) * size if block == last else size
                yield block * size, min(block * size + inside, total)
            position += 1


class _Pass:
    """Reads each record once, batch by batch, and counts."""

    def __init__(self, dataset: Dataset, records: int, keys: DatasetKeys) -> None:
        self._keys = keys
        self._instructions = dataset.recipe.instructions
        self._records = records
        self._done = 0
        dim = self._instructions.dim
        longest = dataset.schema.max_length if dataset.schema.has_circuits else 0
        self._has_t = can_only_be_zero("t_count", self._instructions) is None
        self._lengths = np.zeros(longest + 1, dtype=np.int64)
        self._t_counts = np.zeros(longest + 1, dtype=np.int64)
        self._codes = np.zeros(len(self._instructions), dtype=np.int64)
        self._traces = np.zeros(BINS, dtype=np.int64)
        self._sum, self._largest = 0.0, 0.0
        self._unitaries = DistinctKeys()
        choice = np.random.default_rng(int(dataset.recipe.id[:16], 16))
        paired = min(PAIRED, records, PAIRED_BYTES // (16 * dim * dim))
        self._pick = np.sort(choice.choice(records, paired, replace=False))
        self._picked: list[NDArray[Any]] = []

    def add(self, batch: Batch) -> None:
        """Counts the records of a batch."""
        if batch.has_circuits:
            self._add_circuits(batch.codes, batch.lengths)
        self._add_unitaries(batch.unitaries)
        self._unitaries.add(self._keys.of(batch)[:, 0])
        inside = slice(*np.searchsorted(self._pick, [self._done, self._done + len(batch)]))
        self._picked.append(batch.unitaries[self._pick[inside] - self._done])
        self._done += len(batch)

    def _add_circuits(self, codes: NDArray[Any], lengths: NDArray[Any]) -> None:
        instructions = self._instructions
        counts = np.bincount(codes.reshape(-1), minlength=len(instructions))
        counts[0] -= int((codes.shape[1] - lengths.astype(np.int64)).sum())  # the padding
        self._codes += counts
        self._lengths += np.bincount(lengths, minlength=len(self._lengths))
        if self._has_t:
            found = t_count(instructions, codes, lengths)
            self._t_counts += np.bincount(found, minlength=len(self._t_counts))

    def _add_unitaries(self, unitaries: NDArray[Any]) -> None:
        traces = np.abs(np.trace(unitaries, axis1=1, axis2=2, dtype=np.complex128))
        traces /= self._instructions.dim
        # A trace at the upper end of a bin belongs to the bin, also with a rounding error above it.
        bins = np.ceil(traces * BINS - 1e-6).astype(np.int64) - 1
        self._traces += np.bincount(np.clip(bins, 0, BINS - 1), minlength=BINS)
        self._sum += float(traces.sum())
        self._largest = max(self._largest, float(traces.max()))

    def result(self, stored: int) -> Statistics:
        """The statistics of all records that were counted; `stored` records are in the dataset."""
        return Statistics(
            instructions=self._instructions,
            records=self._records,
            stored=stored,
            unitaries=self._unitaries,
            lengths=np.trim_zeros(self._lengths, "b"),
            codes=self._codes,
            t_counts=np.trim_zeros(self._t_counts, "b"),
            traces=self._traces,
            mean_trace=self._sum / self._records,
            largest_trace=self._largest,
            frame_potentials=frame_potentials(np.concatenate(self._picked)),
        )


def frame_potentials(unitaries: NDArray[Any]) -> tuple[FramePotential, ...]:
    """The frame potentials of the pairs of different unitaries in `(n, d, d)`; none if n < 2.

    Each unitary has a mean over its pairs. The standard error is `2 / sqrt(n)` times the standard
    deviation of these means.
    """
    count, dim = len(unitaries), unitaries.shape[1]
    if count < 2:
        return ()
    flat = unitaries.reshape(count, -1).astype(np.complex128)
    means = {order: np.empty(count) for order in ORDERS if order <= dim or dim == 2}
    for start in range(0, count, 256):
        overlap = np.abs(flat[start : start + 256].conj() @ flat.T) ** 2
        own = np.arange(start, start + len(overlap))
        overlap[own - start, own] = 0.0
        for order, mean in means.items():
            mean[own] = (overlap**order).sum(axis=1) / (count - 1)
    return tuple(
        FramePotential(
            order=order,
            value=float(mean.mean()),
            standard_error=float(2 * mean.std() / np.sqrt(count)),
            haar=frame_potential(order, dim),
        )
        for order, mean in means.items()
    )
