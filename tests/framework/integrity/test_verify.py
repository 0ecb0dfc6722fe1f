"""`qframe verify`: damage of every kind is found, named, and healed."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

import qframe
from qframe.dataset.storages import storage_at
from qframe.integrity.verify import Verdict, verify

Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]
Cli = Callable[..., subprocess.CompletedProcess[str]]

STORAGES: dict[str, Any] = {
    "sqlite": "sqlite",
    "rows": {"plugin": "sqlite", "layout": "rows"},
    "small_pages": {"plugin": "sqlite", "page_size": 4096},
    "rollback": "sqlite-rollback",
    "savetxt": "savetxt",
}
SQLITE = [name for name in STORAGES if name != "savetxt"]


def content(path: Path) -> str:
    with qframe.open(path) as dataset:
        return dataset.content_hash()


def found(path: Path) -> Verdict:
    return verify(storage_at(path, None))


def change(path: Path, *statements: tuple[Any, ...]) -> None:
    """Damages a dataset by SQL."""
    with closing(apsw.Connection(str(path))) as db:
        for sql, *values in statements:
            db.execute(sql, values)


def flip(path: Path, position: int, bit: int = 0) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        [old] = file.read(1)
        file.seek(position)
        file.write(bytes([old ^ 1 << bit]))


@pytest.fixture
def make(
    config: Config, run_qframe: Run, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """A finished dataset of a storage: `make("rows", records=300)`; made once, then copied."""

    def run(storage: str, records: int) -> Path:
        data = tmp_path / "data.out"
        path = config(storage=STORAGES[storage], output=data, records=records)
        kept = tmp_path_factory.getbasetemp() / f"{storage}-{records}"
        if not kept.exists():
            run_qframe(path)
            data.rename(kept)
        (shutil.copytree if kept.is_dir() else shutil.copy)(kept, data)
        return data

    return run


@pytest.mark.parametrize(
    "storage",  # "savetxt" takes long: that a sound one is found so is in the test of its damage
    [*SQLITE, pytest.param("savetxt", marks=pytest.mark.long)],
)
def test_a_sound_dataset_is_found_sound(
    storage: str, make: Callable[..., Path], qframe_main: Cli
) -> None:
    data = make(storage, records=4200)
    done = qframe_main("verify", data, "--recompute", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    facts = json.loads(done.stdout)
    assert facts["ok"]
    assert facts["complete"]
    assert facts["intact_blocks"] == facts["recomputed_blocks"] == 2
    assert done.stderr == ""


def damage_data(storage: str, data: Path) -> None:
    """Changes one record of block 1."""
    if storage == "savetxt":
        file = sorted((data / "matrices").rglob("*4100.txt"))[0]
        text = file.read_text().splitlines()
        file.write_text("\n".join([text[0], text[2], text[1]]) + "\n")  # its rows exchanged
    elif storage == "rows":
        change(data, ("UPDATE records SET codes = zeroblob(length(codes)) WHERE id = 4100",))
    else:
        change(data, ("UPDATE blocks SET codes = zeroblob(length(codes)) WHERE block = 1",))


@pytest.mark.parametrize("storage", STORAGES)
def test_a_damaged_block_is_named_and_made_again(
    storage: str, make: Callable[..., Path], qframe_main: Cli, tmp_path: Path
) -> None:
    data = make(storage, records=4300 if storage == "savetxt" else 9000)
    want = content(tmp_path / "small.yaml")
    damage_data(storage, data)
    done = qframe_main("verify", data)
    assert done.returncode == 4
    assert "block 1 " in done.stdout
    assert "block 0" not in done.stdout
    done = qframe_main("verify", data, "--repair", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    facts = json.loads(done.stdout)
    assert facts["repaired"] == [1]
    assert facts["aside"] is None
    assert content(data) == want
    assert found(data).ok


@pytest.mark.parametrize("storage", SQLITE)
def test_a_damaged_ledger_row_is_named_and_made_again(
    storage: str, make: Callable[..., Path], qframe_main: Cli, tmp_path: Path
) -> None:
    data = make(storage, records=9000)
    before = content(data)
    change(data, ("UPDATE ledger SET drawn = zeroblob(32) WHERE block = 0",))
    assert [d.block for d in found(data).damaged] == [0]
    done = qframe_main("verify", data, "--repair")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "its ledger row was damaged" in done.stdout
    assert content(data) == before
    assert found(data).ok


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("DELETE FROM ledger WHERE block = 1", "block 1 has records that the ledger lacks"),
        ("UPDATE ledger SET records = 5000 WHERE block = 1", "5000 records"),
        ("UPDATE ledger SET records = 4095 WHERE block = 1", "block 1"),
        ("UPDATE ledger SET records = -1 WHERE block = 1", "block 1"),
        ("UPDATE ledger SET records = 'many' WHERE block = 1", "block 1"),
        ("UPDATE ledger SET block = 77 WHERE block = 2", "77"),
        ("UPDATE ledger SET recipe = x'00' WHERE block = 1", "not written for this dataset"),
        ("UPDATE gates SET instruction = 'x 0' WHERE code = 0", "gates"),
        ("UPDATE gates SET matrix = '[]' WHERE code = 0", "gates"),
        ("DELETE FROM seq WHERE i = 17", "seq"),
        ("UPDATE meta SET value = 9001 WHERE key = 'records'", "meta"),
        ("UPDATE meta SET value = replace(value, 'seed', 'sead') WHERE key = 'recipe'", "meta"),
        ("UPDATE meta SET value = replace(value, '20', '21') WHERE key = 'schema'", "meta"),
        ("UPDATE meta SET value = 'another' WHERE key = 'how_to_read'", "meta"),
        ("PRAGMA user_version = 5", "two datasets"),
        ("DROP VIEW circuits", "schema"),
    ],
)
@pytest.mark.parametrize("storage", ["sqlite", "rows"])
def test_ledger_and_tables_must_agree(
    storage: str, sql: str, says: str, make: Callable[..., Path], qframe_main: Cli, tmp_path: Path
) -> None:
    data = make(storage, records=9000)
    before = content(data)
    if "'20'" in sql:
        sql = sql.replace("'20'", "'30'")
    change(data, (sql,))
    verdict = found(data)
    words = [*verdict.structure, *(f"block {d.block} {d.problem}" for d in verdict.damaged)]
    assert any(says in line for line in words), words
    from qframe.config.load import load_config
    from qframe.integrity.repair import repair

    loaded = load_config(tmp_path / "small.yaml")
    repair(storage_at(data, loaded), verdict, loaded)
    assert content(data) == before
    verdict = found(data)
    assert verdict.ok, (verdict.structure, verdict.damaged)


@pytest.mark.parametrize("storage", ["sqlite", "rows"])
@pytest.mark.parametrize("kind", ["tail", "page", "first_page", "half"])
def test_a_cut_file_and_an_overwritten_page(
    storage: str, kind: str, make: Callable[..., Path], qframe_main: Cli, tmp_path: Path
) -> None:
    data = make(storage, records=40_000)
    before = content(data)
    size = data.stat().st_size
    page = 65536
    if kind in ("tail", "half"):
        os.truncate(data, size - page if kind == "tail" else size // 2 + 11)
    else:
        with data.open("r+b") as file:
            file.seek(0 if kind == "first_page" else (size // page // 2) * page)
            file.write(random.Random(0).randbytes(page))
    shown = qframe_main("verify", data)
    assert shown.returncode == 4, shown.stdout
    if kind == "page":
        assert "block " in shown.stdout
    done = qframe_main("verify", data, "--repair", "--config", tmp_path / "small.yaml", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert content(data) == before
    assert found(data).ok
    facts = json.loads(done.stdout)
    if facts["aside"]:
        assert Path(facts["aside"]).exists()
    if kind == "page":
        assert facts["copied"] > 5 or len(facts["repaired"]) < 3
    if kind in ("tail", "half"):
        assert facts["copied"] >= (8 if kind == "tail" else 3)
        assert facts["copied"] + len(facts["repaired"]) == 10


def test_a_dataset_that_is_not_finished_is_sound_and_says_so(
    make: Callable[..., Path], qframe_main: Cli
) -> None:
    data = make("sqlite", records=9000)
    change(data, ("DELETE FROM ledger WHERE block = 1",), ("DELETE FROM blocks WHERE block = 1",))
    done = qframe_main("verify", data)
    assert done.returncode == 0, done.stdout
    assert "not complete: 4,904 of 9,000" in done.stdout


def test_recomputation_finds_what_no_checksum_can(
    make: Callable[..., Path], qframe_main: Cli, config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    """Another dataset's block, with its checksum and our mark: only the recipe knows."""
    data = make("sqlite", records=9000)
    before = content(data)
    other = config("other.yaml", records=9000, seed=2, output=tmp_path / "other.db")
    run_qframe(other)
    change(
        data,
        ("ATTACH ? AS o", str(tmp_path / "other.db")),
        ("REPLACE INTO blocks SELECT * FROM o.blocks WHERE block = 1",),
        (
            "UPDATE ledger SET (drawn, stored) = (SELECT drawn, stored FROM o.ledger "
            "WHERE block = 1) WHERE block = 1",
        ),
    )
    assert qframe_main("verify", data).returncode == 0
    done = qframe_main("verify", data, "--sample", "3")
    assert done.returncode == 4
    assert "block 1 is not what the recipe says" in done.stdout
    assert qframe_main("verify", data, "--recompute", "--repair").returncode == 0
    assert content(data) == before


def test_a_local_sampler_is_code_and_needs_the_config(
    config: Config, run_qframe: Run, qframe_main: Cli, tmp_path: Path
) -> None:
    local = tmp_path / "mine.py"
    local.write_text(
        "from qframe_plugins.samplers.uniform import Uniform\n\n\n"
        "class Mine(Uniform):\n    name = 'mine'\n"
    )
    path = config(records=5000, sampler={"plugin": "./mine.py", "length": 7})
    run_qframe(path)
    data = tmp_path / "small.db"
    before = content(data)
    damage_data("sqlite", data)
    done = qframe_main("verify", data, "--repair")
    assert done.returncode == 3
    assert "--config" in done.stderr
    assert qframe_main("verify", data).returncode == 4  # nothing was changed
    assert qframe_main("verify", data, "--repair", "--config", path).returncode == 0
    assert content(data) == before


def test_a_config_of_another_dataset_is_refused(
    make: Callable[..., Path], config: Config, qframe_main: Cli
) -> None:
    data = make("sqlite", records=5000)
    damage_data("sqlite", data)
    other = config("other.yaml", seed=2)
    done = qframe_main("verify", data, "--repair", "--config", other)
    assert done.returncode == 4
    assert "seed: stored has 1, the config says 2" in done.stderr


def test_a_sampler_that_makes_other_records_repairs_nothing(
    make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from qframe.integrity.repair import repair
    from qframe_plugins.samplers.uniform import Uniform

    data = make("sqlite", records=9000)
    damage_data("sqlite", data)
    raw = data.read_bytes()
    verdict = found(data)
    original = Uniform.sample

    def other(self: Uniform, draws: qframe.Draws) -> qframe.Circuits:
        drawn = original(self, draws)
        return qframe.Circuits(drawn.codes[::-1].copy(), drawn.lengths)

    monkeypatch.setattr(Uniform, "sample", other)
    with pytest.raises(qframe.PluginError, match="other records"):
        repair(storage_at(data, None), verdict)
    assert data.read_bytes() == raw


def test_repair_waits_for_nobody(make: Callable[..., Path], qframe_main: Cli) -> None:
    from qframe.machine.lock import output_lock

    data = make("sqlite", records=5000)
    damage_data("sqlite", data)
    with output_lock(data):
        done = qframe_main("verify", data, "--repair")
    assert done.returncode == 4
    assert "is being written by" in done.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, timeout=120).returncode:
        pytest.skip("mounting a tmpfs needs root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True, timeout=120)


@pytest.mark.parametrize("damage", ["DELETE FROM seq WHERE i = 17", "UPDATE ledger SET records=1"])
def test_a_disk_that_is_full_leaves_what_there_was(
    damage: str, make: Callable[..., Path], small_disk: Path, qframe_main: Cli
) -> None:
    source = make("sqlite", records=20_000)
    before = content(source)
    data = small_disk / "data.db"
    shutil.copy(source, data)
    change(data, (damage,))
    raw = data.read_bytes()
    filler = small_disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(small_disk).free - 150_000))
    done = qframe_main("verify", data, "--repair")
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert "full" in done.stderr
    if damage.startswith("DELETE"):
        assert data.read_bytes() == raw
        assert [p.name for p in small_disk.iterdir() if p != filler] == ["data.db"]
    filler.unlink()
    filler.parent.joinpath(".data.db.lock").unlink(missing_ok=True)
    done = qframe_main("verify", data, "--repair")
    assert done.returncode == 0, done.stdout + done.stderr
    assert content(data) == before


def test_a_repair_that_was_killed_leaves_nothing_behind(
    make: Callable[..., Path], qframe_main: Cli, tmp_path: Path
) -> None:
    data = make("sqlite", records=9000)
    before = content(data)
    shutil.copy(data, tmp_path / ".data.out.repaired")
    (tmp_path / ".data.out.repaired-wal").write_bytes(b"left over")
    change(data, ("DELETE FROM seq WHERE i = 17",))
    assert qframe_main("verify", data, "--repair").returncode == 0
    assert content(data) == before
    assert sorted(p.name for p in tmp_path.glob("*data.out*")) == ["data.out", "data.out.damaged-1"]
