"""`ds.split`: two sides that share no unitary, the same whatever holds the records."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import qframe

Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]

SHORT = {"plugin": "uniform", "length": {"min": 1, "max": 12}}


def unitaries(view: qframe.View) -> set[bytes]:
    """Canonical forms by another way than the library's: the phase of a fixed direction removed."""
    found = set()
    for batch in view.batches(1000):
        for u in batch.unitaries:
            pivot = u.ravel()[np.abs(u.ravel()).round(6).argmax()]
            turned = (u * abs(pivot) / pivot).round(9) + (0.0 + 0.0j)
            found.add(turned.tobytes())
    return found


@pytest.mark.parametrize("gate_set", ["clifford_t", "rotations"])
def test_no_unitary_is_on_both_sides(gate_set: str, config: Config) -> None:
    with qframe.open(config(sampler=SHORT, gate_set=gate_set)) as ds:
        train, test = ds.split(0.2, seed=3)
        a, b = unitaries(train), unitaries(test)
        assert a
        assert b
        assert not a & b
        assert len(train) + len(test) == len(ds)
        assert 0.1 < len(b) / len(a | b) < 0.3


def test_by_record_circuits_of_one_unitary_may_be_on_both_sides(config: Config) -> None:
    with qframe.open(config(sampler=SHORT)) as ds:
        train, test = ds.split(0.2, by="record")
        assert unitaries(train) & unitaries(test)
        assert 800 < len(test) < 1200  # of 5,000: 7 standard deviations about 1,000


def test_views_read_like_datasets(config: Config) -> None:
    with qframe.open(config(sampler=SHORT, records=9000)) as ds:
        train, test = ds.split(0.3)
        index = test[:].index
        assert len(test) == len(index) > 0
        assert (np.diff(index) > 0).all()
        assert sorted([*index, *train[:].index]) == list(range(9000))
        assert test[0].index == index[0]
        assert test[-1].index == index[-1]
        assert test[len(test) // 2].circuit == ds[int(index[len(test) // 2])].circuit
        assert test[[5, -1, 2]].index.tolist() == [index[5], index[-1], index[2]]
        assert test[10:30:3].index.tolist() == index[10:30:3].tolist()
        assert [record.index for record in test][:50] == index[:50].tolist()
        batches = list(test.batches(700))
        assert np.concatenate([b.index for b in batches]).tolist() == index.tolist()
        assert all(len(b) == 700 for b in batches[:-1])
        mixed = np.concatenate([b.index for b in test.batches(700, shuffle=1)])
        assert mixed.tolist() != index.tolist()
        assert sorted(mixed) == index.tolist()
        for outside in (len(test), -len(test) - 1):
            with pytest.raises(IndexError):
                test[outside]
        assert "test side" in repr(test)


def test_a_side_does_not_depend_on_storage_length_key_or_process(
    config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    with qframe.open(config(sampler=SHORT, records=9000)) as ds:
        _, test = ds.split(0.2, seed=7)
        want = test[:].index
        again = pickle.loads(pickle.dumps(test))
        assert again[:].index.tolist() == want.tolist()
        again.dataset.close()
        other = ds.split(0.2, seed=8)[1][:].index
        assert other.tolist() != want.tolist()
    for keys in ({"key": 64}, {"key": True, "storage": {"plugin": "sqlite", "layout": "rows"}}):
        output = tmp_path / f"{len(keys)}.db"
        run_qframe(config(sampler=SHORT, records=4500, output=output, **keys))
        with qframe.open(output) as ds:
            _, test = ds.split(0.2, seed=7)
            assert test[:].index.tolist() == want[want < 4500].tolist()


def test_single_precision_without_a_ring_has_no_keys_and_says_so(config: Config) -> None:
    with qframe.open(config(gate_set="rotations", dtype="complex64")) as ds:
        with pytest.raises(qframe.StorageError, match="too coarse for keys"):
            ds.split()
        assert ds.split(by="record")
    with qframe.open(config(gate_set="rotations", dtype="complex64", key=True)) as ds:
        assert len(ds.split()[1])


def test_haar_unitaries_are_not_taken_for_the_empty_circuit(config: Config) -> None:
    """Their gates have a ring and their circuits are empty: of one unitary, one might think."""
    with qframe.open(config(sampler="haar", records=400)) as ds:
        assert 10 < len(ds.split(0.2)[1]) < 200


@pytest.mark.parametrize(("test", "by"), [(0.0, "unitary"), (1.5, "record"), (0.1, "gate")])
def test_what_is_no_split_is_refused(test: float, by: str, config: Config) -> None:
    with qframe.open(config()) as ds, pytest.raises(ValueError, match=r"test is|by is"):
        ds.split(test, by=by)  # type: ignore[arg-type]


@pytest.mark.parametrize("gate_set", ["clifford_t", "rotations"])
def test_unitaries_stored_in_single_precision_are_split_by_circuits_or_not_at_all(
    gate_set: str, config: Config, run_qframe: Run
) -> None:
    """The recipe says complex128: what counts is what is read."""
    narrow = {"plugin": "sqlite", "unitary": "complex64"}
    path = config(sampler=SHORT, gate_set=gate_set, storage=narrow)
    with qframe.open(run_qframe(path).output) as stored, qframe.open(path) as computed:
        if gate_set == "rotations":
            with pytest.raises(qframe.StorageError, match="unitaries are complex64"):
                stored.split()
        else:
            got, want = stored.split(0.2)[1], computed.split(0.2)[1]
            assert got[:].index.tolist() == want[:].index.tolist()
