"""How many records of a long dataset repeat an earlier unitary, guessed from a sample.

A record is a *duplicate* if an earlier record has the same unitary (to
`qframe.circuits.phase.FINE_CELL`), as it is or up to its global phase. With `n` records of which
`D(n)` differ, the share is `1 - D(n)/n`. From a sample of `m` records, in which `f_k` unitaries
occur `k` times each:

- **at least**: `D` is concave and grows by `f_1/m` a record at `m` (Good, Biometrika 40, 1953), so
  `D(n) <= D(m) + (n - m) f_1/m`.
- **at most**: no more than there are equal pairs, `n (n - 1)/2` times their share of all pairs.
- **expected**: negative binomial frequencies, continued to `n` (Fisher, Corbet and Williams, J.
  Anim. Ecol. 12, 1943; Efron and Thisted, Biometrika 63, 1976), held within the two.

Nobody can do much better: no estimator is reliable beyond about `m log m` (Orlitsky, Suresh and Wu,
PNAS 113, 2016). The two bounds hold however far one goes, but for the sample's own noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import expm1, log, log1p, sqrt
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.keys import hashed, unitary_keys
from qframe.circuits.phase import FINE_CELL, cells
from qframe.contracts.sampler import Sampler
from qframe.generation.generator import Generator
from qframe.runs.plan import RunPlan

MOST_SAMPLES = 1 << 21
PICKED = 64
"""Records taken of a block where neighbours are related, so that they come from all over."""

_SEED = 20


@dataclass(frozen=True)
class Frequencies:
    """What a sample shows: `of[k - 1]` unitaries occur `k` times, up to the third."""

    sample: int
    distinct: int
    of: tuple[int, int, int]
    equal_pairs: int

    @classmethod
    def count(cls, keys: NDArray[np.uint64]) -> Frequencies:
        """Of the keys of a sample, one a record."""
        _, times = np.unique(keys, return_counts=True)
        first, second, third = (int((times == k).sum()) for k in (1, 2, 3))
        pairs = int((times.astype(np.int64) * (times - 1) // 2).sum())
        return cls(len(keys), len(times), (first, second, third), pairs)


@dataclass(frozen=True)
class Duplicates:
    """Share of records whose unitary an earlier record has: expected, and its bounds."""

    at_least: float
    expected: float
    at_most: float


def duplicates(seen: Frequencies, records: int) -> Duplicates:
    """Of a dataset of `records`, from a random sample of it (or of its like)."""
    m, once = seen.sample, seen.of[0]
    if records <= m:
        share = 1 - seen.distinct / m
        if records < m:  # drawn from the sample itself
            share = min(share, _at_most(seen, records))
        return Duplicates(share, share, share)
    more = records - m
    at_least = 1 - (seen.distinct + more * once / m) / records
    at_most = max(at_least, _at_most(seen, records))
    expected = 1 - (seen.distinct + _new(seen, more / m)) / records
    return Duplicates(at_least, min(max(expected, at_least), at_most), at_most)


def _at_most(seen: Frequencies, records: int) -> float:
    """Equal pairs over records; where the sample has few, what it cannot exclude (95%)."""
    pairs = seen.equal_pairs + 2 * sqrt(seen.equal_pairs) + 3
    share = pairs / max(1.0, seen.sample * (seen.sample - 1) / 2)
    return min(1.0, share * (records - 1) / 2)


def _new(seen: Frequencies, t: float) -> float:
    """Further unitaries in `t` times as many further records (Efron and Thisted, eq. 3.4)."""
    first, second, third = seen.of
    if not first:
        return 0.0
    if not second:
        return first * t
    rise = 2 * second / first  # (alpha + 1) gamma
    gamma = min(1.0, 3 * third / second - rise)
    if gamma <= 1e-6 or third < 10:  # the same frequency for all: gamma -> 0
        return -first * expm1(-rise * t) / rise
    alpha = rise / gamma - 1
    if abs(alpha) < 1e-9:
        return first * log1p(gamma * t) / gamma
    return -first * expm1(-alpha * log1p(gamma * t)) / (gamma * alpha)


@dataclass(frozen=True)
class Sample:
    """A random sample of the records of a dataset.

    Attributes:
        exact: frequencies of unitaries as they are.
        up_to_phase: the same, those that differ by a global phase taken as one.
        ranked: whether the sampler numbers its circuits, so that no circuit comes twice.
    """

    exact: Frequencies
    up_to_phase: Frequencies
    ranked: bool


def sample(planned: RunPlan, seconds: float) -> Sample:
    """Makes records from all over the dataset for about `seconds`, and counts them."""
    plugins = planned.loaded.plugins
    # Doubles, whatever is stored: those of one unitary agree to more than a cell.
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
    """Different blocks at random, without end unless they are few."""
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
    """A hash per unitary, phase included: equal if all entries are in the same cells; `(n,)`."""
    parts = np.ascontiguousarray(unitaries).view(np.float64).reshape(len(unitaries), -1)
    return hashed(cells(parts, FINE_CELL), 64)[:, 0]


def reach(seen: Frequencies) -> float:
    """Records up to which the expectation may be trusted."""
    return seen.sample * log(max(2, seen.sample))
