"""Reading: records, batches, shuffles and pickles, from every storage and from no storage."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import pytest

import qframe
from qframe_plugins.storages._sqlite.tables import SEAL, seal

Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]

RECORDS = 2 * 4096 + 100
STORAGES: dict[str, Any] = {
    "sqlite": "sqlite",
    "rows": {"plugin": "sqlite", "layout": "rows"},
    "rollback": "sqlite-rollback",
    "circuits": {"plugin": "sqlite", "unitary": "none"},
    "circuit rows": {"plugin": "sqlite", "unitary": "none", "layout": "rows"},
    "shards": {"plugin": "sqlite", "shards": 2, "shard_blocks": 1},
    "savetxt": "savetxt",
    "computed": None,
}


# Thousands of files: one worker makes them, for all tests.
SLOW = pytest.param("savetxt", marks=pytest.mark.xdist_group("savetxt of test_dataset"))


@pytest.fixture(scope="module", params=[SLOW if s == "savetxt" else s for s in STORAGES])
def ds(
    request: pytest.FixtureRequest, write_config: Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[qframe.Dataset]:
    """The same two blocks and a bit, from each storage in turn, and computed."""
    storage = STORAGES[request.param]
    path = write_config(tmp_path_factory.mktemp("stored"), records=RECORDS, storage=storage)
    with qframe.open(path if storage is None else qframe.run(path).output) as dataset:
        yield dataset


@pytest.fixture(scope="module")
def computed(
    write_config: Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[qframe.Dataset]:
    path = write_config(tmp_path_factory.mktemp("computed"), records=RECORDS)
    with qframe.open(path) as dataset:
        yield dataset


def assert_same_batch(got: qframe.Batch, want: qframe.Batch) -> None:
    for name in ("index", "codes", "lengths", "unitaries"):
        a, b = getattr(got, name), getattr(want, name)
        assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()), name


def assert_same_record(got: qframe.Record, want: qframe.Record) -> None:
    assert got.index == want.index
    assert got.circuit == want.circuit
    assert got.codes.tolist() == want.codes.tolist()
    assert got.unitary.tobytes() == want.unitary.tobytes()


def test_every_storage_equals_the_computed_dataset(
    ds: qframe.Dataset, computed: qframe.Dataset
) -> None:
    assert len(ds) == len(computed) == RECORDS
    assert_same_batch(ds[:], computed[:])
    assert ds.content_hash() == computed.content_hash()
    assert ds.recipe.id == computed.recipe.id
    assert ds.stored() == RECORDS


@pytest.mark.parametrize("index", [0, 1, 4095, 4096, 8191, 8192, RECORDS - 1, -1, -RECORDS])
def test_one_record_by_index(index: int, ds: qframe.Dataset, computed: qframe.Dataset) -> None:
    record = ds[index]
    assert record.index == index % RECORDS
    assert_same_record(record, computed[index])
    assert ds[np.int32(index)].index == record.index
    assert [instruction.gate for instruction in record.circuit] == [
        ds.recipe.instructions.instructions[code].gate for code in record.codes
    ]
    assert 5 <= len(record.circuit) <= 30
    assert record.unitary.shape == (2, 2)


def test_slices_arrays_and_masks(ds: qframe.Dataset, computed: qframe.Dataset) -> None:
    mask = np.zeros(RECORDS, dtype=bool)
    mask[[5, 4100, 8200]] = True
    selections: list[Any] = [
        slice(10, 20),
        slice(4090, 4100),
        slice(None, None, 997),
        slice(None, None, -1013),
        slice(8290, 4000, -700),
        slice(-5, None),
        slice(20, 10),
        slice(8000, 99_999),
        [3, 1, 4, 1, 5, 8200, -1],
        (7, 4097),
        np.array([8000, 2, 2, -RECORDS]),
        np.array([1, 2], dtype=np.uint8),
        [],
        mask,
    ]
    for selection in selections:
        batch = ds[selection]
        chosen = selection if isinstance(selection, slice) else np.array(selection)
        if not isinstance(chosen, slice) and not chosen.size:
            chosen = slice(0)
        assert batch.index.tolist() == np.arange(RECORDS)[chosen].tolist()
        assert len(batch) == len(batch.codes) == len(batch.lengths) == len(batch.unitaries)
        assert_same_batch(batch, computed[selection])


def test_batches_hold_zeros_beyond_a_circuits_length(ds: qframe.Dataset) -> None:
    batch = ds[4000:4200]
    beyond = np.arange(batch.codes.shape[1]) >= batch.lengths[:, None]
    assert not batch.codes[beyond].any()
    assert batch.codes.shape == (200, 30)
    assert batch.codes.dtype == np.uint8


@pytest.mark.parametrize("index", [RECORDS, -RECORDS - 1, 10**12])
def test_an_index_out_of_range_raises_index_error(index: int, ds: qframe.Dataset) -> None:
    with pytest.raises(IndexError, match=str(index)):
        ds[index]
    with pytest.raises(IndexError, match=str(index)):
        ds[[0, index]]


def test_other_indices_are_refused(computed: qframe.Dataset) -> None:
    wrong: list[Any] = [
        "0",
        1.5,
        np.array([0.5]),
        np.array([[1, 2]]),
        np.ones(RECORDS - 1, dtype=bool),
        ["a"],
        None,
    ]
    for index in wrong:
        with pytest.raises((IndexError, TypeError)):
            computed[index]


@pytest.mark.parametrize("size", [7, 100, 4096, 5000, RECORDS, 10**6])
def test_batches_in_order_hold_all_records_once(size: int, computed: qframe.Dataset) -> None:
    batches = list(computed.batches(size))
    assert [len(b) for b in batches[:-1]] == [size] * (len(batches) - 1)
    assert 1 <= len(batches[-1]) <= size
    assert np.concatenate([b.index for b in batches]).tolist() == list(range(RECORDS))
    whole = np.concatenate([b.unitaries for b in batches])
    assert whole.tobytes() == computed[:].unitaries.tobytes()


def test_batches_of_a_stored_dataset(ds: qframe.Dataset, computed: qframe.Dataset) -> None:
    for got, want in zip(ds.batches(3000), computed.batches(3000), strict=True):
        assert_same_batch(got, want)
    for got, want in zip(ds.batches(3000, shuffle=5), computed.batches(3000, 5), strict=True):
        assert_same_batch(got, want)


@pytest.mark.parametrize("size", [100, 4096, 10**6])
def test_shuffled_batches_hold_all_records_once(size: int, computed: qframe.Dataset) -> None:
    batches = list(computed.batches(size, shuffle=3))
    index = np.concatenate([b.index for b in batches])
    assert sorted(index.tolist()) == list(range(RECORDS))
    assert index.tolist() != list(range(RECORDS))
    for batch in batches[:2]:
        assert_same_batch(batch, computed[batch.index])


def test_a_shuffle_is_decided_by_its_seed(computed: qframe.Dataset) -> None:
    def order(seed: int) -> list[int]:
        return [int(i) for batch in computed.batches(1000, shuffle=seed) for i in batch.index]

    assert order(1) == order(1)
    assert order(1) != order(2)


def test_a_shuffle_mixes_blocks(computed: qframe.Dataset) -> None:
    first = next(computed.batches(600, shuffle=0))
    assert set(first.index // 4096) == {0, 1, 2}


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_size_below_one_is_refused(size: int, computed: qframe.Dataset) -> None:
    with pytest.raises(ValueError, match="want 1 or more"):
        next(computed.batches(size))


def test_iterating_gives_the_records_in_order(ds: qframe.Dataset, computed: qframe.Dataset) -> None:
    count = 0
    for record, want in zip(ds, computed, strict=True):
        assert record.index == want.index == count
        if count % 1000 == 0:
            assert_same_record(record, want)
        count += 1
    assert count == RECORDS


def test_a_dataset_pickles_as_its_source(ds: qframe.Dataset) -> None:
    data = pickle.dumps(ds)
    assert len(data) < 1000
    with pickle.loads(data) as again:
        assert_same_record(again[8192], ds[8192])


def test_a_pickled_dataset_opens_in_another_process_and_directory(
    config: Config, run_qframe: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_qframe(config())
    monkeypatch.chdir(tmp_path)
    with qframe.open("small.db") as dataset:
        data = pickle.dumps(dataset)
        want = dataset[17].unitary.tobytes()
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer)[17].unitary.tobytes().hex())"
    got = subprocess.run(
        [sys.executable, "-c", code], input=data, capture_output=True, cwd="/", timeout=120
    )
    assert got.returncode == 0, got.stderr.decode()
    assert bytes.fromhex(got.stdout.decode()) == want


def test_a_record_that_is_not_stored_yet(config: Config, run_qframe: Run, tmp_path: Path) -> None:
    path = config(records=RECORDS)
    output = run_qframe(path).output
    db = apsw.Connection(str(output))
    db.execute("DELETE FROM ledger WHERE block = 1")
    db.close()
    with qframe.open(output) as dataset:
        assert dataset.stored() == RECORDS - 4096
        assert len(dataset) == RECORDS
        assert dataset[0].index == 0
        assert dataset[8192].index == 8192
        with pytest.raises(qframe.RecordMissing, match="qframe run"):
            dataset[4096]
        with pytest.raises(qframe.RecordMissing):
            dataset[4090:4100]
        with pytest.raises(LookupError):  # as the standard library would have it
            dataset.content_hash()
    assert run_qframe(path).stored == 4096
    with qframe.open(output) as dataset:
        assert dataset[4096].index == 4096


@pytest.mark.parametrize("layout", ["blocks", "rows"])
def test_a_tail_that_was_asked_for_and_not_stored_is_missing_and_not_empty(
    layout: str, config: Config, run_qframe: Run
) -> None:
    """An extension that was killed before its first task: the last block is still cut."""
    path = config(records=4096 + 100, storage={"plugin": "sqlite", "layout": layout})
    output = run_qframe(path).output
    db = apsw.Connection(str(output))
    meta = {**dict(db.execute("SELECT key, value FROM meta")), "records": 3 * 4096}
    changed = [(3 * 4096, "records"), (seal(meta), SEAL)]
    db.executemany("UPDATE meta SET value = ? WHERE key = ?", changed)
    db.close()
    with qframe.open(output) as dataset:
        assert len(dataset) == 3 * 4096
        assert dataset[4096 + 99].index == 4096 + 99
        for index in (4096 + 100, 2 * 4096 - 1, 2 * 4096):
            with pytest.raises(qframe.RecordMissing):
                dataset[index]
        with pytest.raises(qframe.RecordMissing):
            dataset[4096 + 90 : 4096 + 110]
        with pytest.raises(qframe.RecordMissing):
            list(dataset.batches(1000))
        with pytest.raises(qframe.RecordMissing):
            dataset.content_hash()


def test_what_is_no_dataset_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database, and long enough to have a header" * 100)
    (tmp_path / "empty.db").touch()
    (tmp_path / "directory").mkdir()
    apsw.Connection(str(tmp_path / "other.db")).execute("CREATE TABLE meta(key, value)")
    for name in ("text.db", "empty.db", "directory", "other.db", "nothing.db"):
        with pytest.raises(qframe.NotADataset, match=name):
            qframe.open(tmp_path / name)


def test_numbers_of_a_dataset_that_was_never_run(config: Config) -> None:
    with qframe.open(config(records=10**11)) as dataset:
        assert len(dataset) == 10**11
        record = dataset[-1]
        assert record.index == 10**11 - 1
        assert dataset[10**11 - 1].unitary.tobytes() == record.unitary.tobytes()
