"""`qframe stats`: redundancy, histograms and distances against what is known or counted by hand."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qframe
from qframe.analysis.haar import frame_potential, trace_cdf
from qframe.analysis.statistics import statistics
from qframe.dataset.distinct_keys import DistinctKeys
from qframe.dataset.keys import DatasetKeys

ONE = {"plugin": "clifford_t", "qubits": 1}


def of(path: Path, sample: int | None = None) -> Any:
    with qframe.open(path) as ds:
        return statistics(ds, sample)


@pytest.mark.parametrize(
    ("gate_set", "options", "words", "unitaries"),
    [
        ({**ONE, "gates": ["h", "t", "tdg"]}, {"max_length": 16, "min_length": 1}, 196_605, 6_844),
        ({"plugin": "fibonacci"}, {"max_length": 11, "min_length": 1}, 354_292, 8_862),
    ],
    ids=["h-t-tdg", "fibonacci"],
)
def test_published_redundancies(
    config: Any, gate_set: Any, options: Any, words: int, unitaries: int
) -> None:
    """Words without the empty one, whose unitary longer words have too."""
    sampler = {"plugin": "enumerate", "reduced": True, **options}
    found = of(config(records=words, gate_set=gate_set, sampler=sampler))
    assert found.unitaries.distinct == unitaries
    assert found.unitaries.level == 0
    assert found.redundancy == words / unitaries
    assert found.unitaries.counts.sum() == found.lengths.sum() == words


def test_histograms_are_the_counts(config: Any, run_qframe: Any, tmp_path: Any) -> None:
    run_qframe(config(records=5_000, gate_set={**ONE, "qubits": 2}))
    found = of(tmp_path / "small.db")
    with qframe.open(tmp_path / "small.db") as ds:
        records = list(ds)
    gates = Counter(i.gate for r in records for i in r.circuit)
    assert {name: n for name, n in found.gates.items() if n} == gates
    assert found.codes.sum() == sum(gates.values())
    lengths = Counter(len(r.circuit) for r in records)
    assert {n: c for n, c in enumerate(found.lengths.tolist()) if c} == lengths
    t_counts = Counter(sum(i.gate in ("t", "tdg") for i in r.circuit) for r in records)
    assert {n: c for n, c in enumerate(found.t_counts.tolist()) if c} == t_counts
    traces = [abs(np.trace(r.unitary)) / 4 for r in records]
    assert found.mean_trace == pytest.approx(np.mean(traces))
    assert found.distances["least"] == pytest.approx(np.sqrt(max(0.0, 1 - max(traces))), abs=1e-7)
    median = np.sqrt(1 - np.median(traces))
    assert found.distances["median"] == pytest.approx(median, abs=2e-3)


def test_the_clifford_group_is_a_3_design(config: Any) -> None:
    """All 24 elements: over pairs of different ones, (24 Haar - 2**2t) / 23 (Webb 1510.02769)."""
    sampler = {"plugin": "matsumoto_amano", "t_count": 0}
    found = of(config(records=24, gate_set=ONE, sampler=sampler))
    for one in found.frame_potentials:
        assert one.value == pytest.approx((24 * one.haar - 4**one.order) / 23, rel=1e-12)
    # |tr U| / 2 of the 24 rotations: 9 half turns, 8 by a third, 6 by a quarter, the identity.
    steps = np.cumsum([9, 8, 6, 1]) / 24
    at = np.array([0, 0.5, np.sqrt(0.5), 1.0])
    below = np.concatenate([[0], steps[:-1]])
    want = max(np.abs(steps - trace_cdf(at, 2)).max(), np.abs(below - trace_cdf(at, 2)).max())
    assert found.ks_distance == pytest.approx(want, abs=1e-3)


@pytest.mark.parametrize(("qubits", "bias"), [(1, 0.0), (2, 0.005), (3, 0.001)])
def test_haar_random_unitaries_are_at_no_distance_to_haar(
    config: Any, qubits: int, bias: float
) -> None:
    """Kolmogorov's 1.95/sqrt(n) is passed by chance once in a thousand; five standard errors."""
    path = config(records=20_000, gate_set={**ONE, "qubits": qubits}, sampler="haar")
    found = of(path)
    assert found.ks_distance < 1.95 / np.sqrt(20_000) + bias + 1e-3
    for one in found.frame_potentials:
        assert abs(one.value - one.haar) < 5 * one.standard_error
    assert found.unitaries.distinct == 20_000


@pytest.mark.parametrize(("order", "dim"), [(1, 2), (2, 2), (3, 2), (4, 2), (3, 4), (4, 4)])
def test_haars_frame_potential_counts_permutations(order: int, dim: int) -> None:
    def longest_rise(p: tuple[int, ...]) -> int:
        best: list[int] = []
        for i, x in enumerate(p):
            best.append(1 + max((b for b, y in zip(best, p[:i], strict=True) if y < x), default=0))
        return max(best)

    want = sum(longest_rise(p) <= dim for p in permutations(range(order)))
    assert frame_potential(order, dim) == want


@given(st.lists(st.integers(0, 40), min_size=1, max_size=300), st.integers(1, 9))
def test_distinct_keys_up_to_the_limit_are_counted_exactly(values: list[int], parts: int) -> None:
    counter = DistinctKeys(limit=50)
    for part in np.array_split(np.array(values, dtype=np.uint64), parts):
        counter.add(part)
    want = Counter(values)
    assert counter.distinct == len(want)
    assert sorted(counter.counts.tolist()) == sorted(want.values())


def test_more_keys_are_estimated_in_bounded_memory() -> None:
    random = np.random.default_rng(1)
    keys = random.integers(0, 2**64, 200_000, dtype=np.uint64)
    counter = DistinctKeys(limit=4096)
    for part in np.array_split(np.repeat(keys, 3), 50):
        counter.add(part)
    assert len(counter.counts) <= 4096
    assert counter.level > 0
    assert (counter.counts == 3).all()
    kept = len(counter.counts)
    assert abs(counter.distinct - 200_000) < 4.5 * 200_000 / np.sqrt(kept)


def test_the_level_counts_keys_that_still_wait() -> None:
    counter = DistinctKeys(limit=4)
    counter.add(np.array([1, 2, 3], dtype=np.uint64) << np.uint64(62))
    counter.add(np.array([1, 2], dtype=np.uint64) << np.uint64(61))
    assert counter.level == 0
    counter.add(np.array([5, 7, 9], dtype=np.uint64))
    assert counter.level > 0


@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
@pytest.mark.parametrize("qubits", [1, 2])
def test_keys_are_equal_up_to_phase_and_else_differ(config: Any, qubits: int, dtype: str) -> None:
    path = config(
        records=2_000, gate_set={**ONE, "qubits": qubits}, sampler="haar", dtype="complex128"
    )
    with qframe.open(path) as ds:
        header, batch = ds.header, ds[:]
    unitaries = batch.unitaries

    def keys_of(unitaries: Any) -> Any:
        of_dtype = replace(batch, unitaries=unitaries.astype(dtype))
        return DatasetKeys(header, of_dtype, 64, coarse=True).of(of_dtype)[:, 0]

    turned = unitaries * np.exp(2j * np.pi * np.random.default_rng(1).random(2_000))[:, None, None]
    keys = keys_of(unitaries)
    same = (keys == keys_of(turned)).mean()
    assert same > {"complex128": 0.999, "complex64": 0.95}[dtype]  # the borders of cells
    assert len(np.unique(keys)) == 2_000


def test_unitaries_that_differ_in_one_sign_have_two_keys() -> None:
    s = np.array([[[1, 0], [0, 1j]], [[1, 0], [0, -1j]]])
    assert len(np.unique(qframe.unitary_keys(s, 64))) == 2


def test_the_column_key_is_used_where_there_is_one(config: Any) -> None:
    """Exact keys and tolerance keys find the same number of unitaries."""
    plain, keyed = of(config(records=4_000)), of(config("keyed.yaml", records=4_000, key=True))
    assert plain.unitaries.distinct == keyed.unitaries.distinct
    with qframe.open(config("keyed.yaml", records=4_000, key=True)) as ds:
        batch = ds[:]
        keys = DatasetKeys(ds.header, batch, 64).of(batch)
    assert (keys[:, 0] == batch.extra["key"][:, 0]).all()


def test_a_sample_is_whole_blocks_and_always_the_same(config: Any) -> None:
    path = config(records=40_000)
    one, other = of(path, 10_000), of(path, 10_000)
    assert one.records == 3 * 4096 or one.records == 2 * 4096 + 40_000 % 4096
    assert one.to_data() == other.to_data()
    assert one.stored == 40_000


def test_an_unfinished_dataset_is_described_as_far_as_it_goes(
    config: Any, run_qframe: Any, tmp_path: Any
) -> None:
    run_qframe(config(records=5_000))
    import apsw

    db = apsw.Connection(str(tmp_path / "small.db"))
    db.execute("DELETE FROM ledger WHERE block = 0; DELETE FROM blocks WHERE block = 0")
    db.close()
    found = of(tmp_path / "small.db")
    assert found.records == found.stored == 5_000 - 4096


def test_the_command_prints_tables_json_and_pictures(
    config: Any, qframe_main: Any, tmp_path: Any
) -> None:
    config(records=3_000, sampler={"plugin": "uniform", "length": {"min": 0, "max": 60}})
    printed = qframe_main("stats", "small.yaml", "--plot", "a.svg")
    assert printed.returncode == 0, printed.stderr
    for words in ("3,000 records (all)", "records per unitary", "frame potential 2", "T-count"):
        assert words in printed.stdout
    first = (tmp_path / "a.svg").read_text()
    for words in ("how often a unitary occurs", "frame potential", "T-count", "Haar", "sdg"):
        assert words in first
    found = json.loads(qframe_main("stats", "small.yaml", "--json", "--plot", "b.png").stdout)
    assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")
    assert found["records"] == sum(found["lengths"].values()) == sum(found["t_counts"].values())
    assert found["distinct_unitaries"] * found["redundancy"] == pytest.approx(3_000)


@pytest.mark.parametrize(
    ("keys", "panels"),
    [({}, 6), ({"gate_set": "fibonacci"}, 5), ({"records": 1}, 5), ({"sampler": "haar"}, 6)],
    ids=["six", "no T gates", "one record", "no gates"],
)
def test_the_picture_has_a_panel_for_each_thing_that_is_known(
    config: Any, qframe_main: Any, tmp_path: Any, keys: dict[str, Any], panels: int
) -> None:
    config(**{"records": 300, **keys})
    done = qframe_main("stats", "small.yaml", "--plot", "a.svg")
    assert done.returncode == 0, done.stderr
    drawn = (tmp_path / "a.svg").read_text()
    assert drawn.count('id="matplotlib.axis_') == 2 * panels
    assert ("frame potential" in drawn) == (keys.get("records") != 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--plot", "a.gif"], "want a name that ends in .svg, .png, .pdf"),
        (["--plot", "nowhere/a.svg"], "nowhere is not a directory"),
    ],
)
def test_what_cannot_be_drawn_is_refused_at_once(
    config: Any, qframe_main: Any, arguments: list[str], message: str
) -> None:
    config(records=10**12)
    done = qframe_main("stats", "small.yaml", "--all", *arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_without_matplotlib_the_package_is_named(
    config: Any, qframe_main: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    config(records=10)
    done = qframe_main("stats", "small.yaml", "--plot", "a.svg")
    assert "pip install matplotlib" in done.stderr
    assert qframe_main("stats", "small.yaml").returncode == 0
