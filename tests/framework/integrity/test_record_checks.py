"""`qframe verify --content`: unitarity, duplicates and closed-form counts of what is stored."""

from __future__ import annotations

import json
from typing import Any

import pytest

BROKEN = """
import numpy as np
from qframe import Circuits, PluginOptions, Sampler

class Options(PluginOptions):
    finite: bool

class Broken(Sampler[Options]):
    name = "broken"
    Options = Options
    max_length = 1
    gives_unitaries = True

    def sample(self, draws):
        unitaries = np.tile(np.eye(2, dtype=np.complex128), (draws.size, 1, 1))
        if draws.block == 1:
            unitaries[5, 0, 1] = 1e-8 if self.options.finite else np.nan
        codes = np.zeros((draws.size, 1), np.uint8)
        return Circuits(codes, np.zeros(draws.size, np.uint8), unitaries=unitaries)
"""


def test_all_unitaries_of_a_t_count_are_there_once(
    config: Any, run_qframe: Any, qframe_main: Any
) -> None:
    """Every record of the normal forms: 24 (3 * 2^4 - 2) distinct unitaries."""
    run_qframe(config(records=1104, sampler={"plugin": "matsumoto_amano", "t_count": 4}))
    done = qframe_main("verify", "small.db", "--content")
    assert done.returncode == 0
    assert "1,104 distinct circuits, 1,104 distinct unitaries up to phase" in done.stdout
    assert "1,104 records exist" in done.stdout
    found = json.loads(qframe_main("verify", "small.db", "--content", "--json").stdout)["content"]
    assert found["unitarity_error"] < 1e-14
    assert found["distinct_unitaries"] == found["records_that_exist"] == 1104


def test_duplicates_are_counted_and_are_no_damage(
    config: Any, run_qframe: Any, qframe_main: Any
) -> None:
    """All words of up to 3 of two gates that are their own inverses: 1, X, Z and XZ up to phase."""
    gate_set = {"plugin": "clifford", "qubits": 1, "gates": ["x", "z"]}
    run_qframe(
        config(records=15, gate_set=gate_set, sampler={"plugin": "enumerate", "max_length": 3})
    )
    done = qframe_main("verify", "small.db", "--content")
    assert done.returncode == 0
    assert "15 records: 15 distinct circuits, 4 distinct unitaries up to phase" in done.stdout


@pytest.mark.parametrize("finite", [True, False])
def test_a_matrix_that_is_not_unitary_is_found(
    config: Any, run_qframe: Any, qframe_main: Any, tmp_path: Any, finite: bool
) -> None:
    """Every checksum is right: it was made so."""
    (tmp_path / "broken.py").write_text(BROKEN)
    path = config(records=4200, sampler={"plugin": "broken.py", "finite": finite})
    run_qframe(path)
    assert qframe_main("verify", "small.db").returncode == 0
    done = qframe_main("verify", "small.db", "--content")
    assert done.returncode == 4
    assert "NOT UNITARY" in done.stdout
    assert "in record 4,101, want at most 2e-12" in done.stdout
    found = json.loads(qframe_main("verify", "small.db", "--content", "--json").stdout)["content"]
    assert found["worst_record"] == 4101


def test_single_precision_is_unitary_to_its_own_rounding(
    config: Any, run_qframe: Any, qframe_main: Any
) -> None:
    gate_set = {"plugin": "clifford_t", "qubits": 4}
    run_qframe(config(records=200, dtype="complex64", gate_set=gate_set))
    found = json.loads(qframe_main("verify", "small.db", "--content", "--json").stdout)["content"]
    assert 1e-9 < found["unitarity_error"] <= found["unitarity_tolerance"] == 1e-6


def test_records_that_were_chosen_are_looked_at_too(
    config: Any, run_qframe: Any, qframe_main: Any
) -> None:
    """One record a unitary: none comes twice. Labels and a walk's columns go with the records."""
    sampler = {"plugin": "walk", "length": 20}
    run_qframe(config(records=3000, key=True, labels=["depth"], sampler=sampler))
    assert qframe_main("dedup", "small.db", "chosen.db").returncode == 0
    done = qframe_main("verify", "chosen.db", "--content", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["content"]
    assert found["distinct_unitaries"] == found["records"] < 3000
    assert found["records_that_exist"] is None
