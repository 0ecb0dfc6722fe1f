"""The estimate of duplicates, against populations whose answer is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qframe.config.load import load_config
from qframe.forecast.duplicates import Frequencies, duplicates, sample
from qframe.runs.plan import unchecked_plan

Config = Callable[..., Path]


def counted(values: np.ndarray) -> Frequencies:
    return Frequencies.count(values.astype(np.uint64))


@pytest.mark.parametrize("times", [3, 20, 1000])
def test_of_equally_likely_unitaries_the_share_is_the_known_one(times: int) -> None:
    kinds, m = 50_000, 20_000
    seen = counted(np.random.default_rng(1).integers(kinds, size=m))
    records = m * times
    truth = 1 - kinds * (1 - (1 - 1 / kinds) ** records) / records  # the birthday problem
    found = duplicates(seen, records)
    assert found.at_least <= truth <= found.at_most
    assert found.expected == pytest.approx(truth, abs=0.03)


@pytest.mark.parametrize("exponent", [1.2, 2.0])
def test_of_very_unequal_ones_it_is_near_the_real_share(exponent: float) -> None:
    random = np.random.default_rng(2)
    weights = np.arange(1, 200_001.0) ** -exponent
    drawn = random.choice(len(weights), size=400_000, p=weights / weights.sum())
    truth = 1 - len(np.unique(drawn)) / len(drawn)
    found = duplicates(counted(drawn[:20_000]), len(drawn))
    assert found.at_least - 0.01 <= truth <= found.at_most
    assert found.expected == pytest.approx(truth, abs=0.03)


def test_a_sample_without_a_repetition_does_not_promise_that_there_is_none() -> None:
    found = duplicates(counted(np.arange(10_000)), 10**12)
    assert found.expected == found.at_least == 0
    assert found.at_most == 1


@settings(max_examples=60)
@given(st.lists(st.integers(0, 40), min_size=2, max_size=200), st.integers(1, 10**13))
def test_bounds_hold_the_expectation_and_more_records_repeat_more(
    values: list[int], records: int
) -> None:
    seen = counted(np.array(values))
    found, longer = duplicates(seen, records), duplicates(seen, 2 * records)
    assert -1e-12 <= found.at_least <= found.expected + 1e-12
    assert found.expected <= found.at_most + 1e-12 <= 1 + 2e-12
    if records >= len(values):
        assert longer.at_least >= found.at_least - 1e-9
        assert longer.expected >= found.expected - 1e-9


@pytest.mark.parametrize("keys", [{}, {"dtype": "complex64"}, {"arithmetic": "exact", "key": True}])
def test_the_clifford_group_has_24_elements_and_192_with_phases(
    keys: dict[str, Any], config: Config
) -> None:
    # Selinger, Quantum Inf. Comput. 15 (2015): 192 = 24 * 8, phases being the eighth roots of 1.
    gate_set = {"plugin": "clifford", "qubits": 1, "gates": ["h", "s"]}
    path = config(gate_set=gate_set, records=10**6, **keys)
    seen = sample(unchecked_plan(load_config(path)), 0)  # one block
    assert seen.exact.distinct == 192
    assert seen.up_to_phase.distinct == 24
    assert duplicates(seen.up_to_phase, 10**6).expected == pytest.approx(1 - 24e-6)


def test_a_sampler_that_counts_unitaries_repeats_none(config: Config) -> None:
    ranked = {"plugin": "matsumoto_amano", "t_count": 7, "mode": "rank"}
    path = config(sampler=ranked, records=24 * (3 * 2**7 - 2))
    seen = sample(unchecked_plan(load_config(path)), 600)
    assert seen.ranked
    assert seen.up_to_phase.distinct == seen.up_to_phase.sample == 9168
