"""Files that anyone may have made: one clear error, or data that is proved; never a hang.

`QFRAME_MUTATIONS=10000 pytest tests/faults/test_hostile_files.py` is the long run.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import apsw
import numpy as np
import pytest

import qframe
from qframe.dataset.storages import storage_at
from qframe.integrity.verify import verify
from qframe_plugins.storages._sqlite.tables import seal

MUTATIONS = int(os.environ.get("QFRAME_MUTATIONS", "80"))
FLIPS = int(os.environ.get("QFRAME_FLIPS", "80"))
FORMS: dict[str, dict[str, Any]] = {
    "rows": {"layout": "rows"},
    "circuits": {"unitary": "none"},
    "unitaries": {"circuit": False},
}
Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fails what takes longer: a hang must not hang the suite."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def small(config: Config, run_qframe: Run, tmp_path: Path) -> Callable[..., Path]:
    """A dataset small enough to mutate often: one block of 200 records."""

    def make(layout: str, page_size: int = 4096, records: int = 200) -> Path:
        path = config(
            records=records,
            storage={"plugin": "sqlite", "page_size": page_size, **FORMS.get(layout, {})},
            gate_set={"plugin": "clifford", "qubits": 1},
            sampler={"plugin": "uniform", "length": {"min": 0, "max": 12}},
        )
        run_qframe(path)
        return tmp_path / "small.db"

    return make


def everything(path: Path) -> tuple[Any, ...]:
    """All that a reader can get, by every way there is."""
    with qframe.open(path) as dataset:
        first = dataset[0]
        for record in dataset:
            assert not record.has_circuit or len(record.circuit) == len(record.codes)
        batches = [len(batch) for batch in dataset.batches(50, shuffle=1)]
        assert sum(batches) == len(dataset)
        middle = dataset[3 : len(dataset) : 7]
        return (
            dataset.recipe.id,
            dataset.schema,
            len(dataset),
            dataset.stored(),
            dict(dataset.header.about),
            list(dataset.reader.checksums()),
            first.codes.tobytes() if first.has_circuit else b"",
            middle.unitaries.tobytes(),
            dataset.content_hash(),
        )


def mutate(data: bytes, rng: random.Random) -> bytes:
    """One or more changes of the kinds that disks, programs and attackers make."""
    raw = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 5, 20))):
        where = rng.randrange(len(raw))
        kind = rng.randrange(8)
        if kind == 0:
            raw[where] ^= 1 << rng.randrange(8)
        elif kind == 1:
            raw[where] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif kind == 2:
            raw[rng.randrange(100)] = rng.randrange(256)
        elif kind == 3:
            length = rng.randrange(1, 300)
            raw[where : where + length] = rng.randbytes(len(raw[where : where + length]))
        elif kind == 4:
            pages = len(raw) // 4096
            a, b = rng.randrange(pages) * 4096, rng.randrange(pages) * 4096
            raw[a : a + 4096] = raw[b : b + 4096]
        elif kind == 5:  # the head of a page: kind, cell count, pointers
            page = rng.randrange(len(raw) // 4096) * 4096
            raw[page + rng.randrange(24)] = rng.randrange(256)
        elif kind == 6:
            pages = len(raw) // 4096  # a pointer to some other page
            page = rng.randrange(len(raw) // 4096) * 4096
            at = page + rng.choice((8, 0, 4092, rng.randrange(4090)))
            raw[at : at + 4] = rng.randrange(1, pages + 1).to_bytes(4, "big")
        else:
            del raw[rng.randrange(4096, len(raw)) :]
            if len(raw) < 8192:
                break
    return bytes(raw)


@pytest.mark.parametrize(
    "layout", ["blocks", pytest.param("rows", marks=pytest.mark.long), "circuits"]
)
def test_mutated_files_give_an_error_or_proved_data(
    layout: str, small: Callable[..., Path], tmp_path: Path
) -> None:
    whole = small(layout)
    raw, want = whole.read_bytes(), everything(whole)
    rng = random.Random(layout)
    target = tmp_path / "mutated.db"
    sound = 0
    for number in range(MUTATIONS // 2):
        target.write_bytes(mutate(raw, rng))
        with at_most(120):
            got = None
            with suppress(qframe.QframeError):
                got = everything(target)
            with suppress(qframe.QframeError):
                verdict = verify(storage_at(target, None))
                if verdict.ok and verdict.complete:
                    sound += 1
                    assert got == want, f"mutation {number}: wrong data accepted"
    assert sound < MUTATIONS // 2 * 0.8


@pytest.mark.parametrize(
    "layout",
    [
        "blocks",
        *(f if f == "circuits" else pytest.param(f, marks=pytest.mark.long) for f in FORMS),
    ],
)
def test_a_flipped_bit_anywhere_is_found_or_changes_nothing(
    layout: str, small: Callable[..., Path], tmp_path: Path
) -> None:
    whole = small(layout)
    raw, want = whole.read_bytes(), everything(whole)
    rng = random.Random(layout)
    target = tmp_path / "flipped.db"
    pages = len(raw) // 4096
    harmless = 0
    for n in range(FLIPS // 2):
        position = n % pages * 4096 + rng.randrange(4096)  # every page in turn
        flipped = bytearray(raw)
        flipped[position] ^= 1 << rng.randrange(8)
        target.write_bytes(flipped)
        with at_most(120):
            try:
                verdict = verify(storage_at(target, None))
            except qframe.NotADataset:
                continue
            if verdict.ok:
                harmless += 1
                assert everything(target) == want, f"byte {position}"
    assert harmless < FLIPS // 2 * 0.65


@pytest.mark.parametrize("layout", ["blocks", "circuits", "unitaries"])
def test_every_flipped_bit_of_circuits_unitaries_ledger_recipe_and_gates_is_found(
    layout: str, small: Callable[..., Path], tmp_path: Path
) -> None:
    whole = small(layout, 65536)
    raw = whole.read_bytes()
    with closing(apsw.Connection(str(whole))) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(blocks)")][1:]
        parts = {
            **{name: db.execute(f"SELECT {name} FROM blocks").get for name in columns},
            "ledger": b"".join(*db.execute("SELECT drawn, stored, recipe FROM ledger")),
            "recipe": db.execute("SELECT value FROM meta WHERE key = 'recipe'").get,
            "schema": db.execute("SELECT value FROM meta WHERE key = 'schema'").get,
            "gates": db.execute("SELECT matrix FROM gates WHERE code = 1").get,
        }
    rng = random.Random(0)
    target = tmp_path / "flipped.db"
    for name, part in parts.items():
        blob = part.encode() if isinstance(part, str) else bytes(part)
        start = raw.index(blob)
        for _ in range(max(20 if layout == "blocks" else 8, FLIPS // 7)):
            flipped = bytearray(raw)
            position = start + rng.randrange(len(blob))
            flipped[position] ^= 1 << rng.randrange(8)
            target.write_bytes(flipped)
            verdict = verify(storage_at(target, None))
            assert verdict.word == "damaged", f"{name}, byte {position - start}"


@pytest.mark.parametrize(
    "storage",
    ["savetxt", {"plugin": "sqlite", "shards": 2, "shard_blocks": 1, "unitary": "none"}],
    ids=["savetxt", "shards of circuits"],
)
def test_a_flipped_bit_in_any_file_of_many_is_found_or_changes_nothing(
    storage: object, config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    data = tmp_path / "many" / "data"
    data.parent.mkdir()
    run_qframe(config(records=10, storage=storage, output=data))
    want = everything(data)
    files = [path for path in sorted(data.parent.rglob("*")) if path.is_file()]
    rng = random.Random(0)
    for n in range(FLIPS // 2):
        file = files[n % len(files)]
        raw = file.read_bytes()
        flipped = bytearray(raw)
        flipped[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        file.write_bytes(flipped)
        verdict = verify(storage_at(data, None, damaged=True))
        assert verdict.word == "damaged" or everything(data) == want, file
        assert verdict.word != "sound" or file.suffix in ("", ".db", ".json"), file
        file.write_bytes(raw)


FORGERIES: dict[str, tuple[str, Any]] = {
    "records 10**18": ("records", 10**18),
    "records 0": ("records", 0),
    "records -1": ("records", -1),
    "records text": ("records", "200"),
    "records real": ("records", 2.5e3),
    "records null": ("records", None),
    "layout": ("layout", "columns"),
    "unitary": ("unitary", "complex256"),
    "a row more": ("compress", "zstd"),
    "schema empty": ("schema", "[]"),
    "schema no json": ("schema", "{"),
    "schema object": ("schema", '{"a": 1}'),
    "schema deep": ("schema", "[" * 100_000),
    "recipe none": ("recipe", ""),
    "recipe deep": ("recipe", '{"a":' * 100_000),
    "recipe list": ("recipe", "[1]"),
    "recipe blob": ("recipe", b"\x80\x04."),
    "recipe huge": ("recipe", "1" * 5000),
}
OF_LATER = ("layout", "unitary", "a row more")
"""Forgeries that a later version may write one day, so that nothing is called damaged."""


def forge(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes meta and seals it again, as someone would who means harm."""
    with closing(apsw.Connection(str(path))) as db:
        meta = dict(db.execute("SELECT key, value FROM meta"))
        change(meta)
        with suppress(TypeError):
            meta["meta_sha256"] = seal(meta)
        db.execute("DELETE FROM meta")
        db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())


def refused(path: Path, of_later: bool = False) -> None:
    kind = qframe.OtherFormat if of_later else qframe.NotADataset
    with at_most(120), pytest.raises(kind) as error:
        qframe.open(path)
    assert len(error.value.message.splitlines()) == 1
    assert len(error.value.message) < 600


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_facts_are_refused_in_one_line(name: str, small: Callable[..., Path]) -> None:
    path = small("blocks", records=5)
    key, value = FORGERIES[name]
    forge(path, lambda meta: meta.update({key: value}))
    refused(path, of_later=name in OF_LATER)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"block":4096', '"block":0'),
        ('"block":4096', '"block":-5'),
        ('"block":4096', '"block":1000000000000'),
        ('"block":4096', '"block":4097'),
        ('"block":4096', '"block":4096.0'),
        ('"fold":', '"fold":1'),
        ('"seed":1', '"seed":-1'),
        ('"seed":1', '"seed":18446744073709551616'),
        ('"format":2', '"format":99'),
        ('"format":2', '"format":1'),
        ('"qubits":1', '"qubits":60'),
        ('"dtype":"complex128"', '"dtype":"object"'),
        ('"name":"uniform"', '"name":7'),
        ("0.7071067811865476", "1e999"),
        ("0.7071067811865476", "NaN"),
        ("0.7071067811865476", "1" + "0" * 400),
        ('"first gate acts first', '"last gate acts first'),
    ],
)
def test_forged_recipes_are_refused_in_one_line(
    old: str, new: str, small: Callable[..., Path]
) -> None:
    import hashlib

    path = small("blocks", records=5)

    def change(meta: dict[str, Any]) -> None:
        assert old in meta["recipe"]
        meta["recipe"] = meta["recipe"].replace(old, new)
        meta["recipe_id"] = hashlib.sha256(meta["recipe"].encode()).hexdigest()

    forge(path, change)
    refused(path, of_later='"format"' in old)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[12]", "[1000000000000]"),
        ("[12]", "[-12]"),
        ("[12]", "[0]"),
        ("[12]", "[true]"),
        ("[12]", "12"),
        ('"|u1"', '"|O"'),
        ('"|u1"', '"O"'),
        ('"<c16"', '">c16"'),
        ('"<c16"', '"<c8"'),
        ("[2, 2]", "[2, 3]"),
        ('"codes"', '"codes; DROP TABLE meta"'),
        ('"unitaries"', '"lengths"'),
    ],
)
def test_forged_schemas_are_refused_in_one_line(
    old: str, new: str, small: Callable[..., Path]
) -> None:
    path = small("blocks", records=5)

    def change(meta: dict[str, Any]) -> None:
        assert old in meta["schema"]
        meta["schema"] = meta["schema"].replace(old, new)

    forge(path, change)
    refused(path)


def resealed(path: Path, column: str, value: np.ndarray[Any, Any]) -> None:
    """Puts other values into block 0, with a checksum that fits them."""
    with qframe.open(path) as dataset:
        arrays = {**dataset.reader.read(0), column: value}
        block = qframe.Block(0, len(dataset), arrays)
        checksum = block.checksum(dataset.schema)
    with closing(apsw.Connection(str(path))) as db:
        db.execute(f"UPDATE blocks SET {column} = ? WHERE block = 0", (value.tobytes(),))
        digests = (checksum[:32], checksum[32:])
        db.execute("UPDATE ledger SET (drawn, stored) = (?, ?) WHERE block = 0", digests)


@pytest.mark.parametrize(("column", "shape"), [("codes", (5, 12)), ("lengths", (5,))])
def test_codes_and_lengths_out_of_range_are_refused(
    column: str, shape: tuple[int, ...], small: Callable[..., Path]
) -> None:
    path = small("blocks", records=5)
    resealed(path, column, np.full(shape, 200, dtype=np.uint8))
    with qframe.open(path) as dataset:
        for read in (lambda: dataset[0], lambda: dataset[0:3], lambda: list(dataset)):
            with pytest.raises(qframe.NotADataset, match="200, want"):
                read()
        with pytest.raises(qframe.NotADataset, match="200, want"):
            dataset.content_hash()
    assert not verify(storage_at(path, None)).ok


@pytest.mark.parametrize("table", ["meta", "ledger", "blocks"])
def test_a_view_that_computes_without_end_is_never_asked(
    table: str, small: Callable[..., Path]
) -> None:
    path = small("blocks", records=5)
    columns = {
        "meta": "i AS key, i AS value",
        "ledger": "i AS block, 1 AS records, x'00' AS drawn, x'00' AS stored, x'00' AS recipe",
        "blocks": "i AS block, x'00' AS lengths, x'00' AS codes, x'00' AS unitaries",
    }[table]
    with closing(apsw.Connection(str(path))) as db:
        db.execute(f"DROP TABLE {table}")
        db.execute(
            f"CREATE VIEW {table} AS WITH RECURSIVE n(i) AS "
            f"(SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT {columns} FROM n"
        )
    refused(path)


def test_an_index_that_lies_is_not_used(small: Callable[..., Path]) -> None:
    path = small("rows")
    want = everything(path)
    with closing(apsw.Connection(str(path))) as db:
        db.execute("CREATE INDEX lies ON ledger(block, records, drawn, stored, recipe)")
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'lies'")
    assert everything(path) == want


def test_no_plugin_that_a_file_names_is_loaded(
    small: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    trap = tmp_path / "trap.py"
    trap.write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\n")
    path = small("blocks", records=5)

    for name in (str(trap), "./trap.py", "trap:Sampler"):

        def change(meta: dict[str, Any], name: str = name) -> None:
            recipe = qframe.Recipe.from_text(meta["recipe"])
            data = {**recipe.sampler, "name": name}
            forged = qframe.Recipe(
                recipe.instructions, data, recipe.seed, recipe.dtype, recipe.fold, recipe.block
            )
            meta["recipe"] = forged.text
            meta["recipe_id"] = hashlib.sha256(forged.text.encode()).hexdigest()

        forge(path, change)
        monkeypatch.syspath_prepend(str(tmp_path))
        from qframe.integrity.regenerate import generator_of

        with (
            qframe.open(path) as dataset,
            pytest.raises(qframe.PluginError, match="local file or module"),
        ):
            generator_of(dataset.header)
    assert not (tmp_path / "sprung").exists()
