"""Threads and forks: whoever reads a dataset, its pairs are those that one thread reads."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qframe
from qframe.contracts.storage import Reader
from qframe.dataset.shared_reader import MOST_READERS, SharedReader
from qframe.recipe.columns import Arrays
from qframe.recipe.ledger import Stored
from qframe.testing.examples import EXTRA, example_block, example_header

Config = Callable[..., Path]
Run = Callable[..., Any]

THREADS = 8
RECORDS = 9000

QUBITS = {1: {"plugin": "clifford_t", "qubits": 1}, 3: {"plugin": "clifford_t", "qubits": 3}}

COMPUTED: dict[str, dict[str, Any]] = {
    "numpy": {"engine": "numpy"},
    "auto": {"engine": "auto"},
    "numba": {"engine": "numba"},
    "numpy, 3 qubits": {"engine": "numpy", "gate_set": QUBITS[3], "records": 1000},
    "numba, 3 qubits": {"engine": "numba", "gate_set": QUBITS[3], "records": 1000},
    "exact": {"engine": "numpy", "arithmetic": "exact", "records": 3000},
    "walk with keys": {
        "sampler": {"plugin": "walk", "length": 12},
        "key": True,
        "labels": ["t_count"],
        "records": 3000,
    },
}

STORED: dict[str, dict[str, Any]] = {
    "blocks": {"plugin": "sqlite"},
    "rows": {"plugin": "sqlite", "layout": "rows"},
    "circuits only": {"plugin": "sqlite", "unitary": "none"},
    "circuits only, rows": {"plugin": "sqlite", "unitary": "none", "layout": "rows"},
    "unitaries only": {"plugin": "sqlite", "circuit": False},
    "rounded": {"plugin": "sqlite", "unitary": "complex64"},
    "shards": {"plugin": "sqlite", "shards": 2},
    "shards, circuits only": {"plugin": "sqlite", "shards": 2, "unitary": "none"},
    "rollback": {"plugin": "sqlite-rollback"},
    "savetxt": {"plugin": "savetxt"},
}


LONG = {
    "auto",
    "numba, 3 qubits",
    "walk with keys",
    "circuits only, rows",
    "rounded",
    "shards, circuits only",
    "rollback",
}
"""Variants that only the long tests take."""


def slow_ones_marked(variants: dict[str, Any]) -> list[Any]:
    return [pytest.param(v, marks=pytest.mark.long) if v in LONG else v for v in variants]


def require_right_pairs(ds: qframe.Dataset | qframe.View, whole: qframe.Batch) -> None:
    """Eight threads read in every way, and each read is what one thread reads."""
    columns = whole.arrays()
    start = threading.Barrier(THREADS)

    def read(seed: int) -> None:
        random = np.random.default_rng(seed)
        start.wait()
        for _ in range(6):
            places = random.integers(len(whole), size=20)
            batch = ds[places]
            for name, array in batch.arrays().items():
                assert array.tobytes() == columns[name][places].tobytes(), name
            record = ds[int(places[0])]
            assert record.unitary.tobytes() == columns["unitaries"][places[0]].tobytes()
            if record.has_circuit:
                length = int(columns["lengths"][places[0]])
                assert record.codes.tolist() == columns["codes"][places[0]][:length].tolist()
            first = next(ds.batches(50, shuffle=int(random.integers(9))))
            assert len(first) == 50

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(read, seed) for seed in range(THREADS)]:
            done.result()


@pytest.mark.parametrize("name", slow_ones_marked(COMPUTED))
def test_threads_read_the_right_pairs_of_a_config(name: str, config: Config) -> None:
    if "numba" in name:
        pytest.importorskip("numba")
    keys = {"records": RECORDS, **COMPUTED[name]}
    with qframe.open(config(**keys)) as alone, qframe.open(config(**keys)) as ds:
        require_right_pairs(ds, alone[:])


@pytest.mark.parametrize("name", slow_ones_marked(STORED))
def test_threads_read_the_right_pairs_of_a_file(
    name: str, config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    records = {"savetxt": 100, "rows": 5000, "circuits only, rows": 5000}.get(name, RECORDS)
    path = config(records=records, storage=STORED[name], output=tmp_path / "data")
    output = run_qframe(path).output
    with qframe.open(output) as alone, qframe.open(output) as ds:
        require_right_pairs(ds, alone[:])


def test_threads_read_the_right_pairs_of_a_view(config: Config) -> None:
    path = config(records=RECORDS)
    with qframe.open(path) as alone, qframe.open(path) as ds:
        train, _ = ds.split(0.3)
        require_right_pairs(train, alone.split(0.3)[0][:])


def test_a_reader_given_by_hand_serves_one_thread_at_a_time() -> None:
    reader = ExampleReader()
    ds = qframe.Dataset(reader, "by hand")
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda i: ds[i % 70].index, range(400)))
    assert reader.most_at_once == 1


def test_no_reader_serves_two_threads_at_once_and_their_number_is_bounded() -> None:
    made: list[ExampleReader] = []

    def open_reader() -> Reader:
        made.append(ExampleReader())
        return made[-1]

    shared = SharedReader(open_reader, "example")
    ds = qframe.Dataset(shared, "example")
    with ThreadPoolExecutor(3 * MOST_READERS) as pool:
        assert list(pool.map(lambda i: ds[i % 70].index, range(2000))) == [
            i % 70 for i in range(2000)
        ]
    assert {reader.most_at_once for reader in made} <= {0, 1}
    assert len(made) <= MOST_READERS
    ds.close()
    assert all(reader.closed for reader in made)
    with pytest.raises(qframe.StorageError, match="example is closed"):
        ds[0]


def test_a_file_that_was_replaced_is_not_read_by_a_second_thread(
    config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    ours = run_qframe(config(records=5000, seed=1, output=tmp_path / "a.db")).output
    other = run_qframe(config(records=5000, seed=2, output=tmp_path / "b.db")).output
    with qframe.open(ours) as ds:
        other.replace(ours)
        # One reader is in use, so another thread needs a second one.
        with ds.reader._reader(), ThreadPoolExecutor(1) as pool:  # type: ignore[attr-defined]
            error = pool.submit(lambda: ds[0]).exception()
    assert isinstance(error, qframe.StorageError)
    assert "has been replaced by another dataset" in str(error)


class ExampleReader(Reader):
    """Reads example blocks, slowly, and counts how many threads are inside at once."""

    header = example_header(70, extra=EXTRA)

    def __init__(self) -> None:
        self.inside = self.most_at_once = 0
        self.closed = False

    def stored(self) -> Iterator[Stored]:
        yield Stored(0, 3, 64)
        yield Stored(4, 4, 6)

    def checksums(self) -> Iterator[tuple[int, int, bytes]]:
        return iter(())

    def read(self, block: int, start: int = 0, stop: int | None = None) -> Arrays:
        self.inside += 1
        self.most_at_once = max(self.most_at_once, self.inside)
        threading.Event().wait(0.0002)  # lets other threads in, if nothing keeps them out
        arrays = example_block(self.header, block).arrays
        self.inside -= 1
        return {name: array[start:stop] for name, array in arrays.items()}

    def close(self) -> None:
        self.closed = True


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("name", ["config", "blocks", "circuits only", "shards", "rollback"])
def test_a_dataset_crosses_a_fork(
    name: str, config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    path = config(records=9000, storage=STORED.get(name, STORED["blocks"]), output=tmp_path / "d")
    with qframe.open(path if name == "config" else run_qframe(path).output) as ds:
        want = ds[8990:].unitaries.tobytes()
        for _ in range(2):
            assert in_a_child(lambda: ds[8990:].unitaries.tobytes() == want)
        assert ds[8990:].unitaries.tobytes() == want


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_while_other_threads_read(config: Config, run_qframe: Run, tmp_path: Path) -> None:
    output = run_qframe(config(records=9000, output=tmp_path / "d.db")).output
    with qframe.open(output) as ds:
        want = ds[:].unitaries
        stop = threading.Event()

        def read() -> None:
            while not stop.is_set():
                assert ds[100:150].unitaries.tobytes() == want[100:150].tobytes()

        with ThreadPoolExecutor(4) as pool:
            readers = [pool.submit(read) for _ in range(4)]
            try:
                for k in range(10):
                    place = 800 * k
                    assert in_a_child(
                        lambda place=place: (  # type: ignore[misc]
                            ds[place].unitary.tobytes() == want[place].tobytes()
                        )
                    )
            finally:
                stop.set()
            for reader in readers:
                reader.result()


def in_a_child(holds: Callable[[], bool]) -> bool:
    """Whether `holds()` is true in the child of a fork."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if holds() else 2
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0
