"""Distinct unitaries: `stats` and `verify --content` count them as `dedup` does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qframe
from qframe.analysis.statistics import statistics
from qframe.circuits.phase import COARSE_CELL, cells_without_phase
from qframe.dataset.keys import DatasetKeys
from qframe.integrity.record_checks import check_records

Config = Callable[..., Path]

LATE = """
import numpy as np
from qframe import Circuits, PluginOptions, Sampler

class Late(Sampler[PluginOptions]):
    '''Up to 12 random gates; from the second block on, every tenth record goes on with h t h t.'''

    name = "late"
    max_length = 612

    def sample(self, draws):
        codes = np.zeros((draws.size, 612), dtype=np.uint8)
        codes[:, :12] = draws.integers(6, 12 * draws.size, stream=0).reshape(draws.size, 12)
        codes[:, 12:] = np.arange(600) % 2 * 3
        lengths = draws.integers(13, draws.size, stream=1).astype(np.uint16)
        if draws.block > 0:
            lengths[::10] = 612
        return Circuits.padded(codes, lengths)
"""

TURNED = """
import numpy as np
from qframe import Circuits, PluginOptions, Sampler

class Turned(Sampler[PluginOptions]):
    '''Words of h and t or tdg in turn, eight times each: with h s h s h s no to seven times.'''

    name = "turned"
    max_length = 72

    def sample(self, draws):
        t_gates = 3 + draws.integers(2, 15 * draws.size, stream=0).reshape(draws.size, 15)
        codes = np.zeros((draws.size, 72), dtype=np.uint8)
        codes[:, 1:30:2] = t_gates[np.arange(draws.size) // 8 * 8]
        codes[:, 30:] = np.arange(42) % 2
        lengths = 30 + np.arange(draws.size) % 8 * 6
        return Circuits.padded(codes, lengths.astype(np.uint8))
"""


def in_stats(path: Path) -> int:
    with qframe.open(path) as ds:
        found = statistics(ds)
        assert found.unitaries.level == 0
        assert found.unitaries.counts.sum() == len(ds)
        return found.unitaries.distinct


def in_content(path: Path) -> int:
    with qframe.open(path) as ds:
        return check_records(ds.reader).unitaries.distinct


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"dtype": "complex64"},
        {"arithmetic": "exact"},
        {"key": 64},
        {"gate_set": {"plugin": "clifford_t", "qubits": 2}},
        {"gate_set": {"plugin": "clifford", "qubits": 2}, "dtype": "complex64"},
        {"gate_set": "hrc"},
        {"gate_set": {"plugin": "fibonacci"}, "dtype": "complex64"},
        {"gate_set": {"plugin": "clifford_cs", "qubits": 2}},
        {"gate_set": {"plugin": "ion_trap", "qubits": 1}, "dtype": "complex64"},
        {"gate_set": "rotations"},
        {"gate_set": {"plugin": "clifford_t", "qubits": 2}, "sampler": "haar"},
    ],
    ids=lambda keys: ", ".join(map(str, keys.values())) or "clifford_t",
)
def test_stats_content_and_dedup_agree(
    keys: dict[str, Any], config: Config, tmp_path: Path
) -> None:
    sampler = {"plugin": "uniform", "length": {"min": 1, "max": 14}}
    path = config(**{"sampler": sampler, **keys})
    kept = qframe.dedup(path, tmp_path / "kept.db").records
    assert 20 < kept <= 5000
    assert in_stats(path) == in_content(path) == kept


def test_unitaries_that_cells_would_count_twice_are_counted_once(
    config: Config, tmp_path: Path
) -> None:
    """h s h s h s turns the phase by an eighth: in single precision some entries cross a border."""
    (tmp_path / "turned.py").write_text(TURNED)
    path = config(records=8000, seed=6, dtype="complex64", sampler="turned.py")
    kept = qframe.dedup(path, tmp_path / "kept.db").records
    with qframe.open(path) as ds:
        cells = cells_without_phase(ds[:].unitaries, COARSE_CELL)
        assert len(np.unique(cells, axis=0)) > kept
    assert in_stats(path) == in_content(path) == kept


def test_the_commands_print_the_same_number(config: Any, qframe_main: Any) -> None:
    config(gate_set={"plugin": "clifford_t", "qubits": 2}, dtype="complex64")
    assert qframe_main("run", "small.yaml").returncode == 0
    stats = json.loads(qframe_main("stats", "small.db", "--all", "--json").stdout)
    content = json.loads(qframe_main("verify", "small.db", "--content", "--json").stdout)
    dedup = json.loads(qframe_main("dedup", "small.db", "kept.db", "--json").stdout)
    assert stats["distinct_unitaries"] == dedup["records"]
    assert content["content"]["distinct_unitaries"] == dedup["records"]


def by_tolerance(path: Path) -> int:
    with qframe.open(path) as ds:
        return len(np.unique(qframe.unitary_keys(ds[:].unitaries, 64)))


def test_where_integers_outgrow_64_bits_unitaries_are_told_by_tolerance(
    config: Config, tmp_path: Path
) -> None:
    """Random words of 1,500 h and 1,500 t, of which several hundred do not cancel."""
    gate_set = {"plugin": "clifford_t", "qubits": 1, "gates": ["h", "t"]}
    path = config(records=600, gate_set=gate_set, sampler={"plugin": "uniform", "length": 3000})
    with qframe.open(path) as ds:
        assert DatasetKeys(ds.header, ds[:], 64).by == "tolerance"
    kept = qframe.dedup(path, tmp_path / "kept.db")
    assert kept.by == "tolerance"
    assert in_stats(path) == in_content(path) == by_tolerance(path) == kept.records


def test_a_later_block_may_be_the_first_whose_integers_outgrow_64_bits(
    config: Any, qframe_main: Any, tmp_path: Path
) -> None:
    """Its keys are exact like those of the first block, with wider integers."""
    (tmp_path / "late.py").write_text(LATE)
    path = config(records=5000, sampler="late.py")
    with qframe.open(path) as ds:
        keys = DatasetKeys(ds.header, ds[:4096], 64)
        assert keys.by == "exact"
        assert [i.gate for i in ds[4096].circuit[12:16]] == ["h", "t", "h", "t"]
    assert qframe_main("run", path).returncode == 0
    want = by_tolerance(path)
    assert in_stats(path) == in_content(path) == want
    stats = qframe_main("stats", "small.db", "--all", "--json")
    content = qframe_main("verify", "small.db", "--content", "--json")
    assert json.loads(stats.stdout)["distinct_unitaries"] == want
    assert json.loads(content.stdout)["content"]["distinct_unitaries"] == want
    assert json.loads(content.stdout)["content"]["records"] == 5000
    kept = qframe_main("dedup", "small.db", "kept.db", "--json")
    assert json.loads(kept.stdout)["records"] == want
    with qframe.open("small.db") as ds:
        sides = ds.split(test=0.3, by="unitary")
        assert [sum(map(len, side.batches(512))) for side in sides] == [*map(len, sides)]
