"""Options `unitary` and `circuit`: less is stored, the dataset and its hash stay the same."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qframe
from qframe.config.load import load_config
from qframe.dataset.storages import storage_at
from qframe.integrity.regenerate import generator_of
from qframe.integrity.repair import repair
from qframe.integrity.verify import verify
from qframe.runs.plan import plan
from qframe_plugins.storages._sqlite.packed_codes import Packing

Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]
Main = Callable[..., subprocess.CompletedProcess[str]]

RECORDS = 4096 + 700
FORMS: dict[str, dict[str, Any]] = {
    "none": {"unitary": "none"},
    "none, rows": {"unitary": "none", "layout": "rows"},
    "complex64": {"unitary": "complex64"},
    "complex64, rows": {"unitary": "complex64", "layout": "rows"},
    "unitaries": {"circuit": False},
    "unitaries, rows": {"circuit": False, "layout": "rows"},
    "complex64 unitaries": {"unitary": "complex64", "circuit": False},
    "none, rollback": {"unitary": "none", "plugin": "sqlite-rollback"},
    "none, 3 shards": {"unitary": "none", "shards": 3, "shard_blocks": 1},
    "unitaries, 2 shards": {"circuit": False, "shards": 2, "shard_blocks": 1},
}
FORMS = {name: {"plugin": "sqlite", **options} for name, options in FORMS.items()}


@given(
    base=st.integers(1, 40),
    codes=st.lists(st.lists(st.integers(0, 39), min_size=11, max_size=11), min_size=1, max_size=5),
    length=st.integers(1, 11),
)
def test_packing_is_undone_by_unpacking(base: int, codes: list[list[int]], length: int) -> None:
    packing = Packing(base, length)
    rows = (np.array(codes, dtype=np.uint8) % base)[:, :length]
    packed = packing.pack(rows)
    assert packed.shape == (len(codes), packing.width)
    assert packing.unpack(packed).tolist() == rows.tolist()


@pytest.mark.parametrize(("base", "count"), [(1, 8), (2, 8), (3, 5), (6, 3), (16, 2), (17, 1)])
def test_as_many_codes_a_byte_as_fit(base: int, count: int) -> None:
    assert Packing(base, 20).codes_a_byte == count


def test_a_byte_that_no_packing_makes_is_no_code() -> None:
    every = np.arange(256, dtype=np.uint8)[:, None]
    codes = Packing(6, 3).unpack(every)
    made = codes.max(axis=1) < 6
    assert made.tolist() == [value < 216 for value in range(256)]
    assert (codes[made] @ [1, 6, 36]).tolist() == list(range(216))


def path_of(form: str, config: Config, **keys: Any) -> Path:
    return config(**{"records": RECORDS, "storage": FORMS[form], **keys})


@pytest.mark.parametrize("form", FORMS)
def test_the_dataset_is_the_same_whatever_is_stored(
    form: str, config: Config, run_qframe: Run
) -> None:
    path = path_of(form, config)
    output = run_qframe(path).output
    with qframe.open(output) as stored, qframe.open(path) as computed:
        assert stored.content_hash() == computed.content_hash()
        assert stored.recipe.id == computed.recipe.id
        got, want = stored[4000:4200], computed[4000:4200]
        narrow = FORMS[form].get("unitary") == "complex64"
        wanted = want.unitaries.astype(np.complex64) if narrow else want.unitaries
        assert got.unitaries.dtype == wanted.dtype
        assert got.unitaries.tobytes() == wanted.tobytes()
        record = stored[4099]
        assert record.unitary.tobytes() == wanted[99].tobytes()
        if FORMS[form].get("circuit", True):
            assert got.codes.tobytes() == want.codes.tobytes()
            assert got.lengths.tobytes() == want.lengths.tobytes()
            assert record.circuit == computed[4099].circuit
    verdict = verify(storage_at(output, None), generator_of)
    assert verdict.ok, (verdict.structure, verdict.damaged)
    assert verdict.recomputed == 2


@pytest.mark.parametrize(
    "keys",
    [
        {"arithmetic": "exact"},
        {"dtype": "complex64"},
        {"gate_set": {"plugin": "clifford_t", "qubits": 2}},
        {"gate_set": {"plugin": "clifford_t", "qubits": 3}},
        {"sampler": {"plugin": "uniform", "length": 300}},
    ],
    ids=["exact", "complex64", "two qubits", "three qubits", "long"],
)
def test_what_is_computed_by_reading_has_the_recipes_bits(
    keys: dict[str, Any], config: Config, run_qframe: Run
) -> None:
    path = path_of("none", config, records=500, **keys)
    with qframe.open(run_qframe(path).output) as stored, qframe.open(path) as computed:
        assert stored[:].unitaries.tobytes() == computed[:].unitaries.tobytes()
        assert stored[77].unitary.tobytes() == computed[77].unitary.tobytes()
        assert stored.content_hash() == computed.content_hash()


def test_dedup_wants_whole_records(config: Config, run_qframe: Run, qframe_main: Main) -> None:
    output = run_qframe(path_of("unitaries", config)).output
    done = qframe_main("dedup", output, "other.db")
    assert done.returncode == 4
    assert "does not hold whole records" in done.stderr


def test_circuits_that_are_not_stored_say_so(
    config: Config, run_qframe: Run, qframe_main: Main
) -> None:
    output = run_qframe(path_of("unitaries", config)).output
    with qframe.open(output) as dataset:
        record, batch = dataset[5], next(dataset.batches(100, shuffle=1))
        assert batch.unitaries.shape == (100, 2, 2)
        for read in (
            lambda: record.circuit,
            lambda: record.codes,
            lambda: batch.codes,
            lambda: batch.lengths,
        ):
            with pytest.raises(qframe.RecordMissing, match="circuits were not stored"):
                read()
        assert not record.has_circuit
        assert [r.index for r in dataset][-1] == RECORDS - 1
        assert "not stored" in str(record) + repr(batch)
    shown = qframe_main("show", output, 5)
    assert shown.returncode == 0
    assert "circuits are not stored" in shown.stdout
    assert qframe_main("show", output, 5, "--json").returncode == 0
    assert "stored circuit     false" in qframe_main("info", output).stdout


@pytest.mark.parametrize(
    ("storage", "keys", "says"),
    [
        ({"unitary": "none", "circuit": False}, {}, "stores nothing"),
        ({"unitary": "none"}, {"sampler": "haar"}, "gives its own"),
        ({"unitary": "complex128"}, {"dtype": "complex64"}, "dtype is complex64"),
    ],
)
def test_what_could_not_be_had_back_is_refused(
    storage: dict[str, Any], keys: dict[str, Any], says: str, config: Config, qframe_main: Main
) -> None:
    path = config(records=10, storage={"plugin": "sqlite", **storage}, **keys)
    done = qframe_main("run", path)
    assert done.returncode == 4
    assert says in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert not (path.parent / "small.db").exists()


def test_another_form_on_resume_is_refused_naming_both(
    config: Config, run_qframe: Run, qframe_main: Main
) -> None:
    path = path_of("none", config)
    output = run_qframe(path).output
    before = output.read_bytes()
    done = qframe_main("run", path, "--records", 9000, "--set", "storage.unitary=complex128")
    assert done.returncode == 4
    assert "unitary: none" in done.stderr
    assert "unitary: complex128" in done.stderr
    done = qframe_main("run", path, "--records", 9000, "--set", "storage.circuit=false")
    assert done.returncode == 4
    assert output.read_bytes() == before
    # Left out, the option is the file's.
    assert qframe_main("run", path, "--records", 9000, "--storage", "sqlite").returncode == 0
    with qframe.open(output) as grown, qframe.open(path_of("none", config, records=9000)) as want:
        assert grown.content_hash() == want.content_hash()
        assert "unitary" in grown.reader.form()


def test_another_form_of_a_complete_dataset_is_refused_and_its_own_is_fine(
    config: Config, run_qframe: Run, qframe_main: Main
) -> None:
    path = path_of("complex64", config, records=10)
    output = run_qframe(path).output
    output.chmod(0o444)
    before = output.read_bytes()
    for other in ("storage.unitary=complex128", "storage.circuit=false", "storage.shards=2"):
        done = qframe_main("run", path, "--set", other)
        assert done.returncode == 4, other
        assert f"{output} was made with " in done.stderr
        assert len(done.stderr.splitlines()) <= 2
    done = qframe_main("run", path)
    assert done.returncode == 0, done.stderr
    assert "Nothing to do" in done.stdout + done.stderr
    assert output.read_bytes() == before


@pytest.mark.parametrize("form", ["none", "none, rows", "complex64", "unitaries"])
@pytest.mark.parametrize("what", ["data", "drawn", "stored"])
def test_damage_is_found_and_repaired_whatever_is_stored(
    form: str, what: str, config: Config, run_qframe: Run
) -> None:
    path = path_of(form, config)
    output = run_qframe(path).output
    with qframe.open(path) as computed:
        want = computed.content_hash()
    rows = FORMS[form].get("layout") == "rows"
    table, key = ("records", "id = 4100") if rows else ("blocks", "block = 1")
    column = "unitaries" if "unitaries" in form or "64" in form else "codes"
    damage = {
        "data": f"UPDATE {table} SET {column} = zeroblob(length({column})) WHERE {key}",
        "drawn": "UPDATE ledger SET drawn = zeroblob(32) WHERE block = 1",
        "stored": "UPDATE ledger SET stored = zeroblob(32) WHERE block = 1",
    }
    with closing(apsw.Connection(str(output))) as db:
        db.execute(damage[what])
    storage = storage_at(output, None)
    verdict = verify(storage)
    assert [d.block for d in verdict.damaged] == [1]
    assert repair(storage, verdict).blocks == [1]
    assert verify(storage, generator_of).ok
    with qframe.open(output) as repaired:
        assert repaired.content_hash() == want


@pytest.mark.parametrize("form", ["none", "complex64", "unitaries"])
def test_a_damaged_structure_is_made_anew_in_the_same_form(
    form: str, config: Config, run_qframe: Run
) -> None:
    path = path_of(form, config)
    output = run_qframe(path).output
    with qframe.open(path) as computed:
        want = computed.content_hash()
    with closing(apsw.Connection(str(output))) as db:
        db.execute("DELETE FROM seq WHERE i = 17")
    storage = storage_at(output, None)
    repair(storage, verify(storage))
    assert verify(storage).ok
    with qframe.open(output) as repaired:
        assert repaired.content_hash() == want
        assert repaired.reader.form()["unitary"].startswith(FORMS[form].get("unitary", "complex"))


@pytest.mark.parametrize("form", ["none", "complex64", "unitaries"])
@pytest.mark.parametrize("damaged", [False, True])
def test_a_file_that_lost_its_wal_is_proved_before_it_is_continued(
    damaged: bool, form: str, config: Config, run_qframe: Run
) -> None:
    path = path_of(form, config)
    output = run_qframe(path).output
    with closing(apsw.Connection(str(output))) as db:
        if damaged:
            column = "codes" if form == "none" else "unitaries"
            db.execute(f"UPDATE blocks SET {column} = zeroblob(length({column})) WHERE block = 0")
        db.pragma("journal_mode", "wal")
    more = path_of(form, config, records=3 * 4096)
    if damaged:
        with pytest.raises(qframe.StorageError, match="is damaged: block 0"):
            run_qframe(more)
        return
    assert run_qframe(more).complete
    with qframe.open(output) as stored, qframe.open(more) as computed:
        assert stored.content_hash() == computed.content_hash()


@pytest.mark.parametrize("byte", ["ff", "d8"])
def test_codes_that_no_gate_has_are_never_multiplied(
    byte: str, config: Config, run_qframe: Run
) -> None:
    output = run_qframe(path_of("none", config)).output
    with closing(apsw.Connection(str(output))) as db:
        sql = f"UPDATE blocks SET codes = CAST(x'{byte}' || substr(codes, 2) AS BLOB)"
        db.execute(sql + " WHERE block = 0")
    with qframe.open(output) as dataset, pytest.raises(qframe.NotADataset, match="code"):
        dataset[0]


@pytest.mark.parametrize("form", ["none", "none, rows", "complex64"])
def test_the_view_shows_the_circuits_to_any_sqlite(
    form: str, config: Config, run_qframe: Run
) -> None:
    path = path_of(form, config, records=40)
    output = run_qframe(path).output
    with closing(sqlite3.connect(output)) as db, qframe.open(path) as computed:
        for record, text in db.execute("SELECT record, gates FROM circuits"):
            assert text == ", ".join(map(str, computed[record].circuit))


@pytest.mark.parametrize("width", [8, 21, 53, 65, 85])
def test_the_estimate_is_what_the_file_takes(width: int, config: Config, run_qframe: Run) -> None:
    none: dict[str, Any] = {"unitary": "none"}
    less = {"unitary": "complex64"}
    forms = {8: none, 21: none, 53: less, 65: {"circuit": False}}
    length = 60 if width == 21 else 20
    path = config(
        records=200_000,
        gate_set={"plugin": "clifford_t", "gates": ["h", "s", "sdg", "t", "tdg", "x"]},
        sampler={"plugin": "uniform", "length": length},
        storage={"plugin": "sqlite", **forms.get(width, {})},
    )
    estimate = plan(load_config(path)).estimate.bytes
    assert run_qframe(path).bytes == pytest.approx(estimate, rel=0.03)


def test_a_circuit_costs_eight_bytes_at_twenty_gates_of_six(
    config: Config, run_qframe: Run
) -> None:
    path = config(
        records=500_000,
        gate_set={"plugin": "clifford_t", "gates": ["h", "s", "sdg", "t", "tdg", "x"]},
        sampler={"plugin": "uniform", "length": 20},
        storage={"plugin": "sqlite", "unitary": "none"},
    )
    summary = run_qframe(path)
    assert summary.bytes / summary.records == pytest.approx(8, rel=0.12)
