"""The finished file, for people who have SQLite and nothing of ours."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import qframe

Config = Callable[..., Path]
Cli = Callable[..., subprocess.CompletedProcess[str]]
Run = Callable[..., qframe.RunSummary]


@pytest.fixture(scope="module", params=["sqlite blocks", "sqlite rows", "sqlite-rollback blocks"])
def made(
    request: pytest.FixtureRequest, write_config: Config, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A finished two-qubit dataset: two blocks, the second one cut."""
    storage, layout = request.param.split()
    path = write_config(
        tmp_path_factory.mktemp("made"),
        records=4096 + 20,
        storage={"plugin": storage, "layout": layout},
        gate_set={"plugin": "clifford_t", "qubits": 2},
        executor={"plugin": "processes", "workers": 2},
    )
    return qframe.run(path).output


@pytest.fixture
def output(made: Path, tmp_path: Path) -> Path:
    """A copy of it, for a test that may change it."""
    return Path(shutil.copy(made, tmp_path))


@pytest.fixture
def db(output: Path) -> Iterator[sqlite3.Connection]:
    """The standard library's SQLite: another, older build than ours."""
    with closing(sqlite3.connect(f"file:{output}?mode=ro", uri=True)) as connection:
        yield connection


def test_a_finished_dataset_is_one_plain_file(output: Path, db: sqlite3.Connection) -> None:
    assert sorted(p.name for p in output.parent.glob("*small.db*")) == ["small.db"]
    assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert db.execute("PRAGMA quick_check").fetchone() == ("ok",)
    header = output.read_bytes()[:100]
    assert header[:16] == b"SQLite format 3\0"
    assert header[18:20] == b"\x01\x01"  # not in WAL mode, for writers and for readers
    assert header[68:72] == b"qfrd"


def test_it_can_be_read_from_a_read_only_directory(output: Path) -> None:
    """For root, who may write everywhere, this shows only that reading leaves nothing behind."""
    directory = output.parent
    want = [str(i) for i in qframe.open(output)[7].circuit]
    output.chmod(0o444)
    directory.chmod(0o555)
    try:
        with qframe.open(output) as dataset:
            assert [str(i) for i in dataset[7].circuit] == want
        with closing(sqlite3.connect(f"file:{output}?mode=ro", uri=True)) as db:
            assert db.execute("SELECT sum(records) FROM ledger").fetchone() == (4116,)
        assert sorted(p.name for p in directory.glob("*small.db*")) == ["small.db"]
    finally:
        directory.chmod(0o755)


def test_the_view_gives_the_circuits_in_words(output: Path, db: sqlite3.Connection) -> None:
    with qframe.open(output) as dataset:
        for index in (0, 1, 17, 4095, 4096, 4115):
            row = db.execute(
                "SELECT record, block, i, length, gates FROM circuits WHERE record = ?", (index,)
            ).fetchone()
            record = dataset[index]
            assert row[:4] == (index, index // 4096, index % 4096, len(record.circuit))
            assert row[4] == ", ".join(str(instruction) for instruction in record.circuit)


def test_the_view_has_every_record_once(db: sqlite3.Connection) -> None:
    rows = db.execute("SELECT record FROM circuits ORDER BY record").fetchall()
    assert [row[0] for row in rows] == list(range(4116))


def test_the_gates_table_says_what_a_code_stands_for(output: Path, db: sqlite3.Connection) -> None:
    with qframe.open(output) as dataset:
        instructions = dataset.recipe.instructions
    rows = db.execute(
        "SELECT code, bytes, instruction, name, qubits, matrix FROM gates ORDER BY code"
    ).fetchall()
    assert len(rows) == len(instructions)
    for code, (row, placed) in enumerate(zip(rows, instructions.instructions, strict=True)):
        assert row[0] == code
        assert np.frombuffer(row[1], instructions.code_dtype).tolist() == [code]
        assert row[2:4] == (str(placed), placed.gate)
        assert json.loads(row[4]) == list(placed.qubits)
        matrix = np.array([[complex(*z) for z in r] for r in json.loads(row[5])])
        assert np.array_equal(matrix, instructions.matrix_of(code))


def test_the_file_tells_how_to_read_it(output: Path, db: sqlite3.Connection) -> None:
    meta = dict(db.execute("SELECT key, value FROM meta"))
    with qframe.open(output) as dataset:
        assert meta["recipe_id"] == dataset.recipe.id
        assert meta["recipe"] == dataset.recipe.text
        want = dataset[4100].unitary
    assert meta["records"] == 4116
    for key in ("how_to_read", "circuit_order", "qubit_order", "phase", "dtype", "layout", "seed"):
        assert meta[key] not in (None, "")
    # By hand, as `how_to_read` says, with the standard library and NumPy alone.
    columns = {c["name"]: c for c in json.loads(meta["schema"])}
    dtype, shape = columns["unitaries"]["dtype"], columns["unitaries"]["shape"]
    if meta["layout"] == "rows":
        (data,) = db.execute("SELECT unitaries FROM records WHERE id = 4100").fetchone()
        got = np.frombuffer(data, dtype).reshape(shape)
    else:
        block, i = divmod(4100, meta["block_records"])
        (data,) = db.execute("SELECT unitaries FROM blocks WHERE block = ?", (block,)).fetchone()
        got = np.frombuffer(data, dtype).reshape(-1, *shape)[i]
    assert got.tobytes() == want.tobytes()


MANY_GATES = {
    "plugin": "matrices",
    "gates": {f"p{k}": [[1, 0], [0, f"exp(i*{k}/1000)"]] for k in range(1, 301)},
}


@pytest.mark.parametrize("layout", ["blocks", "rows"])
@pytest.mark.parametrize(
    ("gate_set", "length", "dtypes"),
    [
        (MANY_GATES, {"min": 2, "max": 4}, ("|u1", "<u2")),
        ("clifford_t", {"min": 250, "max": 300}, ("<u2", "|u1")),
    ],
    ids=["more than 256 instructions", "more than 255 gates a circuit"],
)
def test_numbers_of_two_bytes_are_read_in_words_too(
    layout: str,
    gate_set: object,
    length: dict[str, int],
    dtypes: tuple[str, str],
    config: Config,
    run_qframe: Run,
) -> None:
    path = config(
        records=12,
        storage={"plugin": "sqlite", "layout": layout},
        gate_set=gate_set,
        sampler={"plugin": "uniform", "length": length},
    )
    output = run_qframe(path).output
    with qframe.open(output) as dataset, closing(sqlite3.connect(output)) as db:
        assert (dataset.schema.lengths.dtype, dataset.schema.codes.dtype) == dtypes
        rows = db.execute("SELECT length, gates FROM circuits ORDER BY record").fetchall()
        for record, (count, gates) in zip(dataset, rows, strict=True):
            assert count == len(record.circuit)
            assert gates == ", ".join(map(str, record.circuit))
        assert dataset.content_hash() == qframe.open(path).content_hash()


def test_an_empty_circuit_is_the_identity(config: Config, run_qframe: Run) -> None:
    for layout in ("blocks", "rows"):
        path = config(
            f"{layout}.yaml",
            records=60,
            output=config().with_name(f"{layout}.db"),
            storage={"plugin": "sqlite", "layout": layout},
            sampler={"plugin": "uniform", "length": {"min": 0, "max": 2}},
        )
        with qframe.open(run_qframe(path).output) as dataset:
            empty = [record for record in dataset if not record.circuit]
            assert len(empty) > 5
            assert all(np.array_equal(record.unitary, np.eye(2)) for record in empty)
            assert dataset.content_hash() == qframe.open(path).content_hash()


def test_a_text_file_is_a_matrix_for_plain_numpy(config: Config, run_qframe: Run) -> None:
    path = config(records=12, storage="savetxt", output=config().with_name("matrices"))
    output = run_qframe(path).output
    with qframe.open(output) as dataset:
        found = 0
        for file in sorted((output / "matrices").rglob("*.txt")):
            matrix = np.loadtxt(file, dtype=complex)
            names = " ".join(line for line in file.read_text().splitlines() if line[0] == "#")
            match = [r for r in dataset if np.array_equal(r.unitary, matrix)]
            assert match
            assert any(all(g in names for g, _ in r.circuit) for r in match)
            found += 1
    assert found == 12


def test_directories_of_text_files_stay_small(config: Config, run_qframe: Run) -> None:
    path = config(records=2300, storage="savetxt", output=config().with_name("matrices"))
    output = run_qframe(path).output
    sizes = [len(list(d.iterdir())) for d in [output, *output.rglob("*")] if d.is_dir()]
    assert max(sizes) <= 1000
