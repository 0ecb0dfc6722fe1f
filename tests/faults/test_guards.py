"""What must not be overwritten, opened or blamed: one clear line, and nothing is changed."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qframe
from qframe.dataset import storages
from qframe.integrity import repair as repairs

Cli = Callable[..., subprocess.CompletedProcess[str]]
Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]


def content(path: Path) -> str:
    with qframe.open(path) as dataset:
        return dataset.content_hash()


def damage(path: Path, sql: str = "DELETE FROM seq WHERE i = 17") -> None:
    """A problem of the structure, so that repair makes the dataset anew."""
    with closing(sqlite3.connect(path)) as db:
        db.execute(sql)
        db.commit()


# Repair


def put_text(path: Path) -> None:
    path.write_text("my thesis\n" * 100)


def put_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE meta(key TEXT PRIMARY KEY, value)")
        db.execute("INSERT INTO meta VALUES ('mine', 'years of work')")
        db.commit()


def put_directory(path: Path) -> None:
    path.mkdir()
    (path / "thesis.tex").write_text("years")


def put_json_directory(path: Path) -> None:
    path.mkdir()
    (path / "qframe.json").write_text('{"format": "something else"}')


@pytest.mark.parametrize("storage", ["sqlite", "savetxt"])
@pytest.mark.parametrize("put", [put_text, put_database, put_directory, put_json_directory])
def test_what_never_was_a_dataset_is_not_repaired(
    put: Callable[[Path], None], storage: str, config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path, data = config(records=100, storage=storage), tmp_path / "mine"
    put(data)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert qframe_main("verify", data).returncode == 5
    done = qframe_main("verify", data, "--repair", "--config", path)
    assert done.returncode == 4
    assert "nor does it bear the mark of one" in done.stderr
    assert "--force" in done.stderr
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
    done = qframe_main("verify", data, "--repair", "--config", path, "--force")
    assert done.returncode == 0, done.stderr
    assert "mine.damaged-1" in done.stdout
    assert content(data) == content(path)
    kept = {p.name for p in tmp_path.rglob("*")}
    assert {p.name for p in before} <= kept | {"mine"}


def test_a_pipe_is_not_repaired_even_by_force(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    repair = ("--repair", "--config", config(), "--force")
    done = qframe_main("verify", tmp_path / "pipe", *repair)
    assert done.returncode == 4
    assert "is a pipe, want a file or a directory" in done.stderr
    assert (tmp_path / "pipe").is_fifo()


def test_a_repair_never_takes_the_config_of_another_dataset(
    config: Config, run_qframe: Run, qframe_main: Cli, tmp_path: Path
) -> None:
    """Also where the number of records in the header cannot be believed."""
    run_qframe(config(records=9000))
    data = tmp_path / "small.db"
    with closing(sqlite3.connect(data)) as db:
        meta = dict(db.execute("SELECT key, value FROM meta"))
    from qframe_plugins.storages._sqlite.tables import SEAL, seal

    meta["records"] = 100
    damage(data, "UPDATE meta SET value = 100 WHERE key = 'records'")
    damage(data, f"UPDATE meta SET value = '{seal(meta)}' WHERE key = '{SEAL}'")
    raw = data.read_bytes()
    other = config("other.yaml", seed=2)
    done = qframe_main("verify", data, "--repair", "--config", other)
    assert done.returncode == 4, done.stdout
    assert "is not the dataset's config" in done.stderr
    assert data.read_bytes() == raw


@pytest.mark.parametrize("shards", [None, 2])
def test_a_repair_that_was_killed_between_its_moves_is_finished(
    shards: int | None,
    config: Config,
    run_qframe: Run,
    qframe_main: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = config(records=9000, storage={"plugin": "sqlite", "shards": shards})
    run_qframe(path)
    data = tmp_path / "small.db"
    before = content(data)
    damage(data, "DELETE FROM gates WHERE code = 1")

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(repairs, "_into_place", killed)
        assert qframe_main("verify", data, "--repair").returncode == 130
    assert not data.exists()
    for command in (("info", data), ("run", path), ("dedup", path, data)):
        done = qframe_main(*command)
        assert done.returncode == 4, done.stdout
        assert "a repair was cut off" in done.stderr
        assert f"qframe verify {data} --repair" in done.stderr
    done = qframe_main("verify", data, "--repair")
    assert done.returncode == 0, done.stdout + done.stderr
    assert content(data) == before
    assert not list(tmp_path.glob(".small.db*"))
    assert run_qframe(path).complete


def test_what_appeared_while_a_repair_went_on_is_left_alone(
    config: Config,
    run_qframe: Run,
    qframe_main: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_qframe(config(records=5000))
    data = tmp_path / "small.db"
    before = content(data)
    damage(data)
    move_aside = repairs._move_aside

    def and_something_appears(storage: Any) -> Path:
        aside = move_aside(storage)
        put_text(data)
        return aside

    with monkeypatch.context() as patch:
        patch.setattr(repairs, "_move_aside", and_something_appears)
        done = qframe_main("verify", data, "--repair")
    assert done.returncode == 4
    assert "appeared while" in done.stderr
    assert data.read_text() == "my thesis\n" * 100
    data.unlink()
    assert qframe_main("verify", data, "--repair").returncode == 0
    assert content(data) == before


def test_what_appeared_at_the_output_of_dedup_is_left_alone(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qframe.deduplication import dedup as module

    output, write = tmp_path / "out.db", module._write

    def and_something_appears(*arguments: Any) -> None:
        write(*arguments)
        put_text(output)

    monkeypatch.setattr(module, "_write", and_something_appears)
    with pytest.raises(qframe.StorageError, match="appeared meanwhile"):
        qframe.dedup(config(records=100), output)
    assert output.read_text() == "my thesis\n" * 100
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.db", "small.yaml"]


@pytest.mark.parametrize("storage", ["sqlite", "sqlite-rollback"])
def test_what_appeared_at_the_output_of_a_new_run_is_left_alone(
    storage: str, config: Config, qframe_main: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qframe_plugins.storages._sqlite.database import Database

    data, make = tmp_path / "small.db", Database.make

    def and_something_appears(self: Database, *arguments: Any) -> None:
        make(self, *arguments)
        put_text(data)

    monkeypatch.setattr(Database, "make", and_something_appears)
    done = qframe_main("run", config(storage=storage))
    assert done.returncode == 4
    assert "File exists" in done.stderr
    assert data.read_text() == "my thesis\n" * 100
    assert not list(tmp_path.glob(".small.db*"))


# Verdicts


def test_a_verdict_says_what_could_not_be_checked(
    config: Config,
    run_qframe: Run,
    qframe_main: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "mine.py").write_text(
        "from qframe_plugins.samplers.uniform import Uniform\n\n\n"
        "class Mine(Uniform):\n    name = 'mine'\n"
    )
    path = config(records=5000, sampler={"plugin": "./mine.py", "length": 7})
    run_qframe(path)
    data = tmp_path / "small.db"

    def verdict(code: int, word: str, *options: object) -> str:
        done = qframe_main("verify", data, "--json", *options)
        facts = json.loads(done.stdout)
        assert (done.returncode, facts["verdict"]) == (code, word), done.stdout + done.stderr
        assert facts["ok"] is (code == 0)
        said = qframe_main("verify", data, *options)
        assert said.returncode == code
        assert ("DAMAGED" in said.stdout) is (code == 4)
        return " ".join(facts["not_checked"])

    assert verdict(0, "sound") == ""
    assert "--config CONFIG" in verdict(5, "not checked", "--recompute")
    assert verdict(0, "sound", "--recompute", "--config", path) == ""
    other = config("other.yaml", records=5000, seed=2)
    assert "seed" in verdict(5, "not checked", "--recompute", "--config", other)
    os.mkfifo(f"{data}-wal")
    assert "is a pipe" in verdict(5, "not checked")
    Path(f"{data}-wal").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_, **__: False)
        assert "no permission" in verdict(5, "not checked")
    with monkeypatch.context() as patch:
        patch.setattr(storages, "installed_storages", lambda: iter(()))
        assert "any installed storage" in verdict(5, "not checked")
    damage(data)
    verdict(4, "damaged", "--recompute")
    data.unlink()
    assert "does not exist" in verdict(5, "not checked")
    data.symlink_to("nowhere")
    assert "what it leads to does not exist" in verdict(5, "not checked")


def test_a_sampler_of_another_version_or_one_that_fails_is_no_damage(
    config: Config,
    run_qframe: Run,
    qframe_main: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from qframe_plugins.samplers.uniform import Uniform

    run_qframe(config(records=5000))
    data = tmp_path / "small.db"

    def failing(_self: Uniform, _draws: qframe.Draws) -> qframe.Circuits:
        raise ValueError("no randomness today")

    for name, value, said in (
        ("version", 99, "is installed in version 99"),
        ("sample", failing, "no randomness today"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(Uniform, name, value)
            done = qframe_main("verify", data, "--recompute")
        assert done.returncode == 5, done.stdout
        assert said in done.stdout
        assert "DAMAGED" not in done.stdout


# Links, pipes and names


def test_a_matrix_that_is_a_link_is_neither_read_nor_written_through(
    config: Config, run_qframe: Run, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config(records=20, storage="savetxt", output=tmp_path / "d")
    run_qframe(path)
    before = content(tmp_path / "d")
    secret = tmp_path / "secret"
    secret.write_text("root:hunter2")
    matrix = tmp_path / "d" / "matrices" / "000" / "000" / "000" / "000000000007.txt"
    for name in (matrix, tmp_path / "d" / "qframe.json"):
        name.unlink()
        name.symlink_to(secret)
        for command in (("show", tmp_path / "d", 7), ("verify", tmp_path / "d")):
            done = qframe_main(*command)
            assert done.returncode == 4, done.stdout
            assert "hunter2" not in done.stdout + done.stderr
        assert qframe_main("verify", tmp_path / "d", "--repair", "--config", path).returncode == 0
        assert secret.read_text() == "root:hunter2"
        assert content(tmp_path / "d") == before


def test_half_written_matrices_that_are_links_are_replaced_not_followed(
    config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    path = config(records=20, storage={"plugin": "savetxt", "flat": True}, output=tmp_path / "d")
    run_qframe(path)
    before = content(tmp_path / "d")
    (tmp_path / "secret").write_text("precious")
    for ledger in (tmp_path / "d" / "ledger").rglob("*.txt"):
        ledger.unlink()
    matrix = tmp_path / "d" / "000000000007.txt"
    matrix.unlink()
    matrix.symlink_to(tmp_path / "secret")
    run_qframe(path)
    assert (tmp_path / "secret").read_text() == "precious"
    assert content(tmp_path / "d") == before


@pytest.mark.parametrize("storage", ["sqlite", "sqlite-rollback", "savetxt"])
def test_a_run_through_links_extends_the_file_itself(
    storage: str, config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    real = tmp_path / "real"
    real.mkdir()
    path = config(records=100, storage=storage, output=real / "x")
    run_qframe(path)
    (tmp_path / "link").symlink_to("real/x")
    assert run_qframe(path, "records=150", f"output={tmp_path / 'link'}").records == 150
    assert (tmp_path / "link").is_symlink()
    assert [p.name for p in real.iterdir()] == ["x"]
    with qframe.open(tmp_path / "link") as dataset:
        assert dataset.stored() == 150
        assert dataset.content_hash() == content(real / "x")


def test_a_file_with_a_second_name_is_not_written(
    config: Config, run_qframe: Run, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config(records=100)
    run_qframe(path)
    os.link(tmp_path / "small.db", tmp_path / "other.db")
    for name in ("small.db", "other.db"):
        done = qframe_main("run", path, "--output", name, "--records", 200)
        assert done.returncode == 4
        assert "2 names (hard links)" in done.stderr
    (tmp_path / "other.db").unlink()
    os.link(tmp_path / "small.db", tmp_path / ".small.db.new")  # of a create that was killed
    assert qframe_main("run", path, "--records", 200).returncode == 0
    assert not (tmp_path / ".small.db.new").exists()


@pytest.mark.parametrize(
    "name", [":memory:", "file:x?mode=memory", "a?b#c%41.db", "🙂.db", "é" * 100 + ".db"]
)
def test_any_name_of_a_file_is_a_plain_file(
    name: str, config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config(records=100)
    done = qframe_main("run", path, "--output", f"./{name}")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / name).is_file()
    assert qframe_main("verify", f"./{name}").returncode == 0
    assert content(tmp_path / name) == content(path)


def test_a_name_of_any_bytes_is_a_plain_file(config: Config, tmp_path: Path) -> None:
    name = os.fsdecode(b"bad\xff.db")
    made = qframe.dedup(config(records=100), tmp_path / name)
    assert made.done
    assert (tmp_path / name).is_file()
    assert not qframe.dedup(config(records=100), tmp_path / name).done
    assert content(tmp_path / name)


@pytest.mark.parametrize(
    "output", ["s3://bucket/x.db", ":memory:", "file:x", "~/x.db", "C:/x.db", "x.yaml", ".", ""]
)
def test_an_output_that_is_no_local_file_is_refused_before_any_work(
    output: str, config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config(records=100)
    for command in (("check", path), ("run", path)):
        done = qframe_main(*command, "--output", output)
        assert done.returncode == 2, done.stdout
        assert "output: " in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["small.yaml"]


@pytest.mark.parametrize("length", [230, 300])
def test_a_name_that_leaves_no_room_for_companions_is_refused(
    length: int, config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    done = qframe_main("run", config(records=100), "--output", "x" * length)
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["small.yaml"]


# The form and the number of records of what exists


FORMS: list[tuple[dict[str, Any], str, str]] = [
    ({"plugin": "sqlite"}, "layout", "rows"),
    ({"plugin": "sqlite", "layout": "rows"}, "layout", "blocks"),
    ({"plugin": "sqlite"}, "page_size", "4096"),
    ({"plugin": "sqlite"}, "unitary", "none"),
    ({"plugin": "sqlite"}, "unitary", "complex64"),
    ({"plugin": "sqlite"}, "circuit", "false"),
    ({"plugin": "sqlite"}, "shards", "2"),
    ({"plugin": "sqlite", "shards": 2}, "shards", "3"),
    ({"plugin": "sqlite", "shards": 2}, "layout", "rows"),
    ({"plugin": "sqlite", "shards": 2, "shard_blocks": 1}, "shard_blocks", "2"),
    ({"plugin": "sqlite-rollback"}, "layout", "rows"),
    ({"plugin": "savetxt"}, "flat", "true"),
]


@pytest.mark.parametrize(("made", "option", "other"), FORMS)
def test_another_form_than_the_dataset_has_is_refused_and_the_default_is_no_wish(
    made: dict[str, Any],
    option: str,
    other: str,
    config: Config,
    run_qframe: Run,
    qframe_main: Cli,
    tmp_path: Path,
) -> None:
    path = config(records=50, storage=made, output=tmp_path / "d")
    run_qframe(path)
    for more in ((), ("--records", 60)):  # complete, and to be extended
        done = qframe_main("run", path, "--set", f"storage.{option}={other}", *more)
        assert done.returncode == 4, done.stdout
        assert option in done.stderr
        assert other in done.stderr
        assert "another --output" in done.stderr
    plain = config("plain.yaml", records=60, storage=made["plugin"], output=tmp_path / "d")
    assert run_qframe(plain).complete
    assert qframe_main("run", path, "--records", 60).returncode == 0  # its own options again


@pytest.fixture
def unfinished(config: Config, run_qframe: Run, tmp_path: Path) -> Callable[..., Path]:
    """A dataset that was to have 100,000 records, and has those of its first two blocks."""

    def make(storage: Any) -> Path:
        path = config(records=100_000, storage=storage, task_blocks=1)

        class Stop:
            @qframe.hookimpl
            def qframe_task_stored(self, stored: int) -> None:
                if stored >= 8192:
                    raise KeyboardInterrupt

        with suppress(KeyboardInterrupt, qframe.QframeError):
            qframe.run(path, hooks=[Stop()])
        with qframe.open(tmp_path / "small.db") as dataset:
            assert dataset.stored() == 8192
        return path

    return make


@pytest.mark.parametrize("storage", ["sqlite", {"plugin": "sqlite", "shards": 2}])
def test_a_wish_for_too_many_records_can_be_taken_back(
    storage: Any, unfinished: Callable[..., Path], qframe_main: Cli, tmp_path: Path
) -> None:
    path = unfinished(storage)
    done = qframe_main("run", path, "--records", 5000)
    assert done.returncode == 4
    assert "--records 8192" in done.stderr
    done = qframe_main("run", path, "--records", 8192)
    assert done.returncode == 0, done.stderr
    assert "was to have 100,000 records" in done.stderr
    with qframe.open(tmp_path / "small.db") as dataset:
        assert len(dataset) == dataset.stored() == 8192
    assert qframe_main("verify", tmp_path / "small.db", "--recompute").returncode == 0
    assert qframe_main("run", path, "--records", 9000).returncode == 0
    assert content(tmp_path / "small.db") == content_of_config(path, "records=9000")


def content_of_config(path: Path, *overrides: str) -> str:
    with qframe.open(path, overrides) as dataset:
        return dataset.content_hash()


def test_batches_of_an_unfinished_dataset(
    unfinished: Callable[..., Path], qframe_main: Cli, tmp_path: Path
) -> None:
    path = unfinished("sqlite")
    with qframe.open(tmp_path / "small.db") as dataset, qframe.open(path) as computed:
        want = computed[:8192].unitaries
        for shuffle in (None, 3):
            with pytest.raises(qframe.RecordMissing, match="8,192 of 100,000") as caught:
                next(dataset.batches(1000, shuffle=shuffle))
            assert "stored_only=True" in str(caught.value)
            got = list(dataset.batches(1000, shuffle=shuffle, stored_only=True))
            index = np.concatenate([batch.index for batch in got])
            unitaries = np.concatenate([batch.unitaries for batch in got])
            assert sorted(index.tolist()) == list(range(8192))
            assert np.array_equal(unitaries, want[index])
        train, test = dataset.split(0.25, by="record")
        sides = [sum(map(len, side.batches(500, stored_only=True))) for side in (train, test)]
        assert sum(sides) == 8192
        with pytest.raises(qframe.RecordMissing):
            next(train.batches(500))
    done = qframe_main("stats", tmp_path / "small.db")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("records", ["12e14", "1e17"])
def test_more_records_than_a_dataset_can_have_are_refused_before_they_are_written(
    records: str, config: Config, run_qframe: Run, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config(records=100)
    for _ in range(2):
        done = qframe_main("run", path, "--records", records)
        assert done.returncode == 2
        assert "a dataset of these columns has at most" in done.stderr
        run_qframe(path)
    with qframe.open(tmp_path / "small.db") as dataset:
        assert len(dataset) == 100
