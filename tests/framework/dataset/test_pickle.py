"""Pickles: datasets and views open anew in another process, as they were opened here."""

from __future__ import annotations

import multiprocessing
import operator
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qframe

Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]

OTHER = ("seed=2", "records=6000", "sampler.length=7")


def test_the_overrides_of_a_config_are_kept(config: Config) -> None:
    with qframe.open(config()) as plain, qframe.open(config(), OTHER) as other:
        assert plain.recipe.id != other.recipe.id
        with pickle.loads(pickle.dumps(other)) as again:
            assert len(again) == 6000
            assert again.recipe.id == other.recipe.id
            assert again[5999].circuit == other[5999].circuit
            assert again[:50].unitaries.tobytes() == other[:50].unitaries.tobytes()
            with pickle.loads(pickle.dumps(again)) as once_more:  # a worker's own worker
                assert once_more.recipe.id == other.recipe.id


def test_overrides_may_be_any_sequence(config: Config) -> None:
    overrides = ["seed=3"]
    with qframe.open(str(config()), overrides) as ds:
        data = pickle.dumps(ds)
        overrides[:] = ["seed=4"]
        assert pickle.dumps(ds) == data
        with pickle.loads(data) as again:
            assert again.recipe.seed == ds.recipe.seed == 3


def test_a_spawned_pool_reads_the_same_records(config: Config) -> None:
    """As a data loader's workers do: they share nothing with this process but the pickle."""
    spawned = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(1, mp_context=spawned) as pool,
        qframe.open(config(), OTHER) as ds,
    ):
        _, test = ds.split(0.3, seed=5)
        get: Any = operator.getitem
        indices: list[tuple[Any, Any]] = [(ds, -1), (ds, slice(4090, 4100)), (test, [0, -1, 17])]
        results = [pool.submit(get, records, index) for records, index in indices]
        record, batch, of_test = (result.result(timeout=100) for result in results)
        assert pool.submit(len, ds).result(timeout=100) == 6000
        assert record.index == 5999
        assert record.circuit == ds[-1].circuit
        assert record.unitary.tobytes() == ds[-1].unitary.tobytes()
        assert batch.unitaries.tobytes() == ds[4090:4100].unitaries.tobytes()
        assert of_test.index.tolist() == test[[0, -1, 17]].index.tolist()
        assert of_test.unitaries.tobytes() == test[[0, -1, 17]].unitaries.tobytes()


@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize("by", ["unitary", "record"])
def test_both_views_of_a_split_are_kept(config: Config, by: str, counted: bool) -> None:
    with qframe.open(config(), OTHER) as ds:
        for view in ds.split(0.3, by=by, seed=5):  # type: ignore[arg-type]
            if counted:
                assert 0 < len(view) < 6000
            again = pickle.loads(pickle.dumps(view))
            with again.dataset as dataset:
                assert dataset.recipe.id == ds.recipe.id
                assert len(again) == len(view)
                assert again[:].index.tolist() == view[:].index.tolist()
                mask = np.arange(len(view)) % 7 == 3
                assert again[mask].unitaries.tobytes() == view[mask].unitaries.tobytes()


def test_a_relative_path_is_found_from_another_directory(
    config: Config, run_qframe: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_qframe(config())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)
    with qframe.open("small.yaml", OTHER) as computed, qframe.open("small.db") as stored:
        for ds in (computed, stored):
            _, test = ds.split(0.3)
            data, sides = pickle.dumps(ds), pickle.dumps(test)
            monkeypatch.chdir(elsewhere)
            with pickle.loads(data) as again:
                assert again.recipe.id == ds.recipe.id
                assert again[17].unitary.tobytes() == ds[17].unitary.tobytes()
            view = pickle.loads(sides)
            with view.dataset:
                assert view[0].index == test[0].index
            monkeypatch.chdir(tmp_path)


def test_a_local_plugin_beside_the_config_is_found_too(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text(
        "from qframe_plugins.samplers.uniform import Uniform\n\n\n"
        'class Mine(Uniform):\n    """Uniform."""\n\n    name = "mine"\n'
    )
    config()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)
    with qframe.open("small.yaml", ["sampler={plugin: mine.py, length: 4}"]) as ds:
        data = pickle.dumps(ds)
        monkeypatch.chdir(elsewhere)
        with pickle.loads(data) as again:
            assert again.recipe.id == ds.recipe.id
            assert len(again[3].circuit) == 4


def test_what_nothing_can_open_anew_says_so(config: Config) -> None:
    with (
        qframe.open(config()) as ds,
        qframe.Dataset(ds.reader, "by hand") as own,
        pytest.raises(TypeError, match=r"by hand.*cannot be pickled: open it with qframe.open"),
    ):
        pickle.dumps(own)


def test_records_and_batches_can_be_sent(config: Config, run_qframe: Run, tmp_path: Path) -> None:
    without = {"plugin": "sqlite", "circuit": False}
    output = run_qframe(config(storage=without, output=tmp_path / "unitaries.db")).output
    with qframe.open(config()) as whole, qframe.open(output) as unitaries:
        for ds in (whole, unitaries):
            record, batch = pickle.loads(pickle.dumps((ds[5], ds[:7])))
            assert record.unitary.tobytes() == ds[5].unitary.tobytes()
            assert record.has_circuit == batch.has_circuits == ds.schema.has_circuits
            assert batch.unitaries.tobytes() == ds[:7].unitaries.tobytes()
        with pytest.raises(qframe.RecordMissing):
            record.circuit  # noqa: B018 - reading it is the test
