"""`circuit: false`: what reading and the verbs say of a dataset that holds unitaries only."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qframe

Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]
Main = Callable[..., subprocess.CompletedProcess[str]]

RECORDS = 4096 + 700
SHORT = {"plugin": "uniform", "length": {"min": 1, "max": 12}}
STORAGES: dict[str, dict[str, Any]] = {
    "one file": {"plugin": "sqlite", "circuit": False},
    "shards": {"plugin": "sqlite", "circuit": False, "shards": 2, "shard_blocks": 1},
}
EACH = pytest.mark.parametrize("storage", STORAGES.values(), ids=STORAGES)
SHOWN = [
    *("distinct_unitaries", "redundancy", "most_frequent", "multiplicities"),
    *("distance_to_identity", "mean_trace", "trace_ks_distance_to_haar", "frame_potentials"),
]


@pytest.fixture
def unitaries(config: Config, run_qframe: Run) -> Callable[..., Path]:
    """Makes a dataset without circuits: `unitaries(storage, key=True)`; beside it `small.yaml`."""

    def make(storage: dict[str, Any], **keys: Any) -> Path:
        path = config(**{"records": RECORDS, "sampler": SHORT, "storage": storage, **keys})
        return run_qframe(path).output

    return make


@EACH
def test_records_are_read_in_every_way(
    storage: dict[str, Any], unitaries: Any, tmp_path: Path
) -> None:
    with qframe.open(unitaries(storage)) as ds, qframe.open(tmp_path / "small.yaml") as whole:
        want = whole[:].unitaries
        mask = np.arange(RECORDS) % 5 == 2
        for index in (slice(4090, 4100), [3, -1, 4096], mask, slice(None, None, -997), []):
            chosen = np.array(index, dtype=int) if isinstance(index, list) else index
            batch = ds[index]
            assert batch.index.tolist() == np.arange(RECORDS)[chosen].tolist()
            assert batch.unitaries.tobytes() == want[chosen].tobytes()
            assert not batch.has_circuits
        assert ds[-1].unitary.tobytes() == want[-1].tobytes()
        assert [record.index for record in ds] == list(range(RECORDS))
        joined = np.concatenate([batch.unitaries for batch in ds.batches(1000)])
        assert joined.tobytes() == want.tobytes()
        for batch in ds.batches(1000, shuffle=3):
            assert batch.unitaries.tobytes() == want[batch.index].tobytes()
        assert ds.content_hash() == whole.content_hash()


@EACH
def test_stats_describe_the_unitaries_and_say_that_circuits_are_missing(
    storage: dict[str, Any], unitaries: Any, qframe_main: Main, tmp_path: Path
) -> None:
    output = unitaries(storage)
    printed = qframe_main("stats", output, "--plot", "a.svg")
    assert printed.returncode == 0, printed.stderr
    assert "Circuits are not stored" in printed.stdout
    assert "by length" not in printed.stdout
    assert "T-count" not in printed.stdout.replace("for lengths, gates and T-counts", "")
    picture = (tmp_path / "a.svg").read_text()
    assert "how often a unitary occurs" in picture
    for panel in ("gates in the circuit", "T-count", "share of all gates"):
        assert panel not in picture
    found = json.loads(qframe_main("stats", output, "--json").stdout)
    whole = json.loads(qframe_main("stats", "small.yaml", "--json").stdout)
    for name in ("lengths", "t_counts", "gates", "instructions"):
        assert found[name] is None
        assert whole[name]
    assert found["records"] == RECORDS
    assert found["distinct_unitaries"] > 100
    assert {name: found[name] for name in SHOWN} == {name: whole[name] for name in SHOWN}


@EACH
def test_verify_looks_at_unitaries_and_counts_no_circuits(
    storage: dict[str, Any], unitaries: Any, qframe_main: Main
) -> None:
    output = unitaries(storage)
    done = qframe_main("verify", output, "--content", "--recompute")
    assert done.returncode == 0, done.stderr
    assert "2 of them recomputed" in done.stdout
    found = json.loads(qframe_main("verify", output, "--content", "--json").stdout)["content"]
    assert found["distinct_circuits"] is None
    assert found["records"] == RECORDS
    assert found["unitarity_error"] < 1e-14
    distinct = found["distinct_unitaries"]
    stats = json.loads(qframe_main("stats", "small.yaml", "--all", "--json").stdout)
    assert distinct == stats["distinct_unitaries"]
    line = f"4,796 records: circuits are not stored, {distinct:,} distinct unitaries up to phase"
    assert line in done.stdout


@EACH
def test_show_info_and_dedup(storage: dict[str, Any], unitaries: Any, qframe_main: Main) -> None:
    output = unitaries(storage)
    shown = qframe_main("show", output, 4100)
    assert shown.returncode == 0
    assert "record 4,100: circuits are not stored" in shown.stdout
    as_json = json.loads(qframe_main("show", output, 4100, "--json").stdout)
    assert as_json["circuit"] is as_json["codes"] is None
    with qframe.open(output) as ds:
        [[re, im], _] = as_json["unitary"][1]
        assert ds[4100].unitary[1, 0] == complex(re, im)
    info = qframe_main("info", output).stdout
    assert "stored circuit     false" in info
    assert "columns            unitaries <c16[2, 2]\n" in info
    refused = qframe_main("dedup", output, "other.db")
    assert refused.returncode == 4
    assert "does not hold whole records" in refused.stderr
    assert len(refused.stderr.splitlines()) == 2  # what is wrong, and the way out
    assert not (output.parent / "other.db").exists()


def sides(path: Path) -> tuple[list[int], list[int]]:
    """Records of both sides of a split, as they are in the dataset."""
    with qframe.open(path) as ds:
        train, test = ds.split(0.2, seed=3)
        assert len(train) + len(test) == len(ds)
        batches = np.concatenate([batch.index for batch in test.batches(999)])
        assert batches.tolist() == test[:].index.tolist()
        return train[:].index.tolist(), test[:].index.tolist()


@EACH
@pytest.mark.parametrize("gate_set", ["clifford_t", "rotations"])
@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
@pytest.mark.parametrize("key", [True, 64])
def test_with_the_column_key_a_split_is_that_of_the_config(
    storage: dict[str, Any], gate_set: str, dtype: str, key: Any, unitaries: Any, tmp_path: Path
) -> None:
    output = unitaries(storage, gate_set=gate_set, dtype=dtype, key=key)
    assert sides(output) == sides(tmp_path / "small.yaml")


@EACH
@pytest.mark.parametrize("gate_set", ["clifford_t", "rotations"])
def test_without_it_a_split_of_doubles_goes_by_tolerance(
    storage: dict[str, Any], gate_set: str, unitaries: Any, tmp_path: Path
) -> None:
    """Another split than that of the circuits where those have exact keys, and as good a one."""
    output = unitaries(storage, gate_set=gate_set)
    train, test = sides(output)
    with qframe.open(output) as ds:
        a, b = ({u.tobytes() for u in canonical(ds[side].unitaries)} for side in (train, test))
    assert a
    assert b
    assert not a & b
    same = (train, test) == sides(tmp_path / "small.yaml")
    assert same == (gate_set == "rotations")


def canonical(unitaries: Any) -> Any:
    """Unitaries times the phase that makes their largest entry positive, rounded."""
    flat = unitaries.reshape(len(unitaries), -1)
    pivot = np.take_along_axis(flat, np.abs(flat).round(6).argmax(axis=1)[:, None], 1)
    return (flat * np.abs(pivot) / pivot).round(9) + (0.0 + 0.0j)


@EACH
@pytest.mark.parametrize("gate_set", ["clifford_t", "rotations"])
@pytest.mark.parametrize(
    ("keys", "option"),
    [({"dtype": "complex64"}, {}), ({}, {"unitary": "complex64"})],
    ids=["recipe", "stored"],
)
def test_single_precision_without_key_and_circuit_has_no_split_by_unitary(
    storage: dict[str, Any],
    gate_set: str,
    keys: dict[str, Any],
    option: dict[str, Any],
    unitaries: Any,
) -> None:
    with qframe.open(unitaries({**storage, **option}, gate_set=gate_set, **keys)) as ds:
        with pytest.raises(qframe.StorageError, match="unitaries are complex64") as refused:
            ds.split()
        assert "key: true" in str(refused.value)
        train, test = ds.split(by="record")
        assert len(train) + len(test) == RECORDS
