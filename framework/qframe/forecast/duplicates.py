"""Duplicates: an estimate, from a sample, of how many records repeat an earlier unitary.

A record is a *duplicate* if an earlier record has the same unitary, within the tolerance
`qframe.circuits.phase.FINE_CELL`. Unitaries are compared as they are, or up to a global phase. If
`n` records have `D(n)` distinct unitaries, the share of duplicates is `1 - D(n)/n`. It is estimated
from a sample of `m` records, in which `f_k` unitaries occur `k` times each:

- **at least**: `D` is concave, and at `m` it grows by `f_1/m` per record (Good, Biometrika 40,
  1953). So `D(n) <= D(m) + (n - m) f_1/m`.
- **at most**: there are no more duplicates than pairs of equal records, which are `n (n - 1)/2`
  times the share of equal pairs in the sample.
- **expected**: frequencies of a negative binomial distribution, continued to `n` (Fisher, Corbet
  and Williams, J. Anim. Ecol. 12, 1943; Efron and Thisted, Biometrika 63, 1976), and kept between
  the two bounds.

No estimator is reliable for more than about `m log m` records (Orlitsky, Suresh and Wu, PNAS 113,
2016). The two bounds hold for any number, but for the noise of the sample itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import expm1, log, log1p, sqrt
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.keys import hash_rows, unitary_keys
from qframe.circuits.phase import FINE_CELL, cells
from qframe.contracts.sampler import Sampler
from qframe.generation.generator import Generator
from qframe.runs.plan import RunPlan

MOST_SAMPLES = 1 << 21
"""Most records in a sample."""

PICKED = 64
"""Records that are taken from a block if its records are related, so that more blocks are used."""

_SEED = 20


@dataclass(frozen=True)
class Frequencies:
    """How often unitaries occur in a sample.

    Attributes:
        sample: number of records in the sample.
        distinct: number of distinct unitaries in it.
        of: number of unitaries that occur once, twice, and three times.
        equal_pairs: number of pairs of records with the same unitary.
    """

    sample: int
    distinct: int
    of: tuple[int, int, int]
    equal_pairs: int

    @classmethod
    def count(cls, keys: NDArray[np.uint64]) -> Frequencies:
        """The frequencies in a sample, from a key per record; `(n,)`."""
        _, times = np.unique(keys, return_counts=True)
        first, second, third = (int((times == k).sum()) for k in (1, 2, 3))
        pairs = int((times.astype(np.int64) * (times - 1) // 2).sum())
        return cls(len(keys), len(times), (first, second, third), pairs)


@dataclass(frozen=True)
class Duplicates:
    """Share of duplicates in a dataset, from 0 to 1: the expected share and its two bounds."""

    at_least: float
    expected: float
    at_most: float


def duplicates(seen: Frequencies, records: int) -> Duplicates:
    """The share of duplicates in a dataset of `records`, from a random sample of it."""
    m, once = seen.sample, seen.of[0]
    if records <= m:
        share = 1 - seen.distinct / m
        if records < m:  # the dataset is smaller than the sample
            share = min(share, _at_most(seen, records))
        return Duplicates(share, share, share)
    more = records - m
    at_least = 1 - (seen.distinct + more * once / m) / records
    at_most = max(at_least, _at_most(seen, records))
    expected = 1 - (seen.distinct + _new(seen, more / m)) / records
    return Duplicates(at_least, min(max(expected, at_least), at_most), at_most)


def _at_most(seen: Frequencies, records: int) -> float:
    """Pairs of equal records over records.

    If the sample has few pairs, this is the largest share that it does not exclude (at 95%).
    """
    pairs = seen.equal_pairs + 2 * sqrt(seen.equal_pairs) + 3
    share = pairs / max(1.0, seen.sample * (seen.sample - 1) / 2)
    return min(1.0, share * (records - 1) / 2)


def _new(seen: Frequencies, t: float) -> float:
    """Number of new unitaries in further records, `t` times as many as the sample has.

    Efron and Thisted, equation 3.4.
    """
    first, second, third = seen.of
    if not first:
        return 0.0
    if not second:
        return first * t
    rise = 2 * second / first  # (alpha + 1) gamma
    gamma = min(1.0, 3 * third / second - rise)
    if gamma <= 1e-6 or third < 10:  # all unitaries are equally frequent: gamma -> 0
        return -first * expm1(-rise * t) / rise
    alpha = rise / gamma - 1
    if abs(alpha) < 1e-9:
        return first * log1p(gamma * t) / gamma
    return -first * expm1(-alpha * log1p(gamma * t)) / (gamma * alpha)


@dataclass(frozen=True)
class Sample:
    """A random sample of the records of a dataset.

    Attributes:
        exact: frequencies of the unitaries as they are.
        up_to_phase: frequencies of the unitaries up to a global phase.
        ranked: whether the sampler numbers its circuits, so that no circuit occurs twice.
    """

    exact: Frequencies
    up_to_phase: Frequencies
    ranked: bool


def sample(planned: RunPlan, seconds: float) -> Sample:
    """A sample of the planned dataset: records of random blocks, generated for about `seconds`."""
    plugins = planned.loaded.plugins
    # In complex128 whatever is stored: equal unitaries then differ by less than a cell.
    recipe = replace(planned.recipe, dtype="complex128", key=None)
    sampler: Sampler[Any] = plugins["sampler"].make(recipe.instructions)
    ranked = sampler.count is not None
    thin = ranked and planned.header.records > MOST_SAMPLES
    generator = Generator.from_specs(recipe, plugins["sampler"].spec, plugins["engine"].spec)
    random = np.random.default_rng(_SEED)
    exact, phased = [], []
    start, taken = perf_counter(), 0
    for block in _blocks(planned.header.blocks, random):
        records = planned.header.records_in(block)
        [made] = generator.blocks(block, [records])
        unitaries = made.arrays["unitaries"]
        if thin and records > PICKED:
            unitaries = unitaries[random.choice(records, PICKED, replace=False)]
        exact.append(_keys(unitaries))
        phased.append(unitary_keys(unitaries, 64)[:, 0])
        taken += len(unitaries)
        if taken >= MOST_SAMPLES or perf_counter() - start > seconds:
            break
    return Sample(
        Frequencies.count(np.concatenate(exact)), Frequencies.count(np.concatenate(phased)), ranked
    )


def _blocks(blocks: int, random: np.random.Generator) -> Iterator[int]:
    """Distinct random blocks. They end only if the dataset has few blocks."""
    if blocks <= MOST_SAMPLES:
        yield from map(int, random.permutation(blocks))
        return
    seen = set()
    while True:
        block = int(random.integers(blocks))
        if block not in seen:
            seen.add(block)
            yield block


def _keys(unitaries: NDArray[np.complex128]) -> NDArray[np.uint64]:
    """A hash of each unitary with its phase, `(n,)`: equal if all entries lie in the same cells."""
    parts = np.ascontiguousarray(unitaries).view(np.float64).reshape(len(unitaries), -1)
    return hash_rows(cells(parts, FINE_CELL), 64)[:, 0]


def reach(seen: Frequencies) -> float:
    """Number of records up to which the expected share is reliable."""
    return seen.sample * log(max(2, seen.sample))
