"""`qframe compare`: what it says, what it counts, and what it leaves behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import qframe
from qframe.comparison import measurement, read_speed
from qframe.comparison.contenders import contenders
from qframe.comparison.text import EXT4_DIRECTORY
from qframe.machine.signals import StopRequest
from qframe.recipe.ledger import Stored
from qframe_plugins.storages._sqlite import writer

Config = Callable[..., Path]
Cli = Callable[..., subprocess.CompletedProcess[str]]

HERE = Path(__file__).parent
BUILT_IN = ("sqlite", "sqlite-rollback", "savetxt")

HELD = '''
"""The rollback journal, and another connection that holds the lock until enough were refused."""

from pathlib import Path

import apsw

from qframe import StorageBusy
from qframe_plugins.storages.sqlite_rollback import SqliteRollback, SqliteRollbackOptions


class HeldOptions(SqliteRollbackOptions):
    refuse: int | None = None


class Held(SqliteRollback):
    name = "held"
    Options = HeldOptions

    def writer(self, header):
        writer = super().writer(header)
        other = apsw.Connection(str(self.path))
        other.execute("BEGIN IMMEDIATE")
        write, close, refused = writer.write, writer.close, 0

        def held_write(blocks):
            nonlocal refused
            try:
                return write(blocks)
            except StorageBusy:
                refused += 1
                Path(__file__).with_name("refused").write_text(str(refused))
                if refused == self.options.refuse:
                    other.close()
                raise

        def held_close():
            other.close()
            close()

        writer.write, writer.close = held_write, held_close
        return writer
'''


def left_behind(directory: Path) -> list[str]:
    return [path.name for path in directory.rglob(".qframe-compare-*")]


@pytest.fixture
def compared(config: Config, qframe_main: Cli) -> Callable[..., dict[str, dict[str, Any]]]:
    """`qframe compare --json` of a small config: the outcomes by label."""

    def run(*arguments: object, **keys: Any) -> dict[str, dict[str, Any]]:
        path = config(**{"records": 300, **keys})
        done = qframe_main("compare", path, "--json", "-q", "--seconds", 0.05, *arguments)
        assert done.returncode == 0, done.stderr
        assert not left_behind(path.parent)
        return {outcome["label"]: outcome for outcome in json.loads(done.stdout)["outcomes"]}

    return run


# What it says


def test_all_installed_storages_are_in_the_table(config: Config, qframe_main: Cli) -> None:
    path = config(records=300)
    done = qframe_main("compare", path, "--records", 300, "--seconds", 0.05)
    assert done.returncode == 0, done.stderr
    firsts = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    for name in BUILT_IN:
        assert firsts.count(name) >= 2, "a line on speed and one on the disk"
    assert "damage" in done.stdout
    assert not left_behind(path.parent)
    assert not (path.parent / "small.db").exists(), "the configured output is not touched"


def test_what_is_counted_agrees_with_itself(compared: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # On a busy machine a lock that is free may take a millisecond, which is counted as a wait.
    monkeypatch.setattr(writer, "WAIT_S", 60)
    found = compared("--storage", "sqlite", "--storage", "savetxt", "--records", 1000)
    for outcome in found.values():
        assert outcome["stored"] == 1000
        assert outcome["commits"] == 1, "1,000 records are one block, so one commit"
        assert outcome["refusals"] == 0
        assert outcome["error"] is None
        assert outcome["memory"] > 1e6
        for way in ("write", "in_order", "batches", "single"):
            pace = outcome[way]
            assert pace["records_s"] == pytest.approx(pace["records"] / pace["seconds"])
            assert pace["records"] >= 1
        assert outcome["bytes_a_record"] == outcome["disk"]["bytes"] / 1000
    assert found["sqlite"]["disk"]["files"] == 1
    # a matrix each, one ledger file and the header; directories are inodes too
    assert found["savetxt"]["disk"]["files"] == 1002
    assert found["savetxt"]["disk"]["inodes"] > 1002
    assert found["savetxt"]["disk"]["directory_entries"] == 1000
    assert found["sqlite"]["lock_waits"] == 0
    assert found["savetxt"]["lock_waits"] is None, "it takes no locks, so it counts none"


def test_the_full_number_of_records_is_projected(compared: Any) -> None:
    words = [f"--storage={word}" for word in ("savetxt", "savetxt:flat=true", "sqlite")]
    found = compared(*words, "--records", 50, records=300_000_000_000)
    nested, flat, sqlite = found["savetxt"], found["savetxt flat=true"], found["sqlite"]
    for outcome in found.values():
        assert outcome["projected"]["records"] == 300_000_000_000
        assert outcome["stored"] == 50
    assert flat["projected"]["directory_entries"] >= 300_000_000_000
    assert nested["projected"]["directory_entries"] == 1000
    assert nested["projected"]["files"] >= 300_000_000_000
    assert sqlite["projected"]["files"] == 1
    assert "bytes" in sqlite["projected"]["refused"]


def test_limits_of_file_systems_are_named(config: Config, qframe_main: Cli) -> None:
    path = config(records=60_000_000)
    words = ("--storage", "savetxt:flat=true", "--records", 50, "--seconds", 0.05)
    said = qframe_main("compare", path, *words).stdout
    assert "60,000,002 files in one directory, ext4 without large_dir holds about" in said
    page = (Path(__file__).parents[3] / "docs" / "compare.md").read_text()
    assert f"about {round(EXT4_DIRECTORY / 1e6)} million names of 16 characters" in page


@pytest.mark.parametrize(
    ("options", "kill", "cut"),
    [
        ("sqlite", "nothing", "damage"),
        ("sqlite:synchronous=normal", "nothing", "last tasks"),
        ("sqlite:synchronous=full", "nothing", "nothing"),
        ("sqlite-rollback", "nothing", "last tasks"),
        ("sqlite-rollback:synchronous=off", "nothing", "damage"),
        ("savetxt", "nothing", "damage"),
    ],
)
def test_what_a_crash_may_cost_depends_on_the_options(
    options: str, kill: str, cut: str, compared: Any
) -> None:
    [outcome] = compared("--storage", options, "--records", 10).values()
    assert (outcome["kill_may_cost"], outcome["power_cut_may_cost"]) == (kill, cut)


# Which storages


def test_a_grid_makes_all_combinations(config: Config) -> None:
    path = config()
    words = ["sqlite", "{plugin: sqlite-rollback, timeout: 0.5}"]
    found = contenders(path, [], words, ["task_blocks=1,16", "storage.synchronous=off,full"])
    assert [c.label for c in found[:2]] == [
        "sqlite task_blocks=1 synchronous=off",
        "sqlite task_blocks=1 synchronous=full",
    ]
    assert len({c.label for c in found}) == 8
    last = found[-1].loaded
    assert last is not None
    assert last.config.task_blocks == 16
    assert last.plugins["storage"].options.model_dump()["timeout"] == 0.5


def test_a_stranger_s_storage_takes_part(compared: Any, tmp_path: Path) -> None:
    (tmp_path / "stranger.py").write_text((HERE / "stranger.py").read_text())
    found = compared("--storage", "stranger.py", "--storage", "stranger.py:Npz", "--records", 5000)
    for outcome in found.values():
        assert outcome["stored"] == 5000
        assert outcome["kill_may_cost"] is None
        assert outcome["power_cut_may_cost"] is None
        assert outcome["commits"] is None
        assert outcome["disk"]["files"] == 3, "two blocks and the header"
        assert outcome["projected"]["directory_entries"] is None


def test_an_installed_stranger_is_compared_without_being_named(
    compared: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stranger_npz.py").write_text((HERE / "stranger.py").read_text())
    info = tmp_path / "stranger_npz-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger-npz\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[qframe]\nstorage.npz = stranger_npz\nstorage.broken = stranger_nonesuch\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = compared("--records", 60)
    assert found["npz"]["stored"] == 60
    assert "broken" in found["broken"]["error"]
    assert found["sqlite"]["stored"] == 60
    sys.modules.pop("stranger_npz")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--storage", "sqlit"], 3, "did you mean 'sqlite'"),
        (["--storage", "sqlite:nonesuch=1"], 2, "nonesuch"),
        (["--storage", "sqlite:layout"], 3, "module"),
        (["--storage", "sqlite:layout=rows,4"], 2, "want option=value, got '4'"),
        (["--storage", "{layout: rows}"], 2, "want {plugin: NAME"),
        (["--storage", "layout=rows"], 2, "no plugin is named"),
        (["--grid", "task_blocks"], 2, "want key=value"),
        (["--records", "many"], 2, "want a number"),
        (["--plot", "picture.gif"], 2, ".svg"),
        (["--plot", "nowhere/picture.svg"], 2, "not a directory"),
    ],
)
def test_what_cannot_be_is_said_before_any_work(
    words: list[str], code: int, said: str, config: Config, qframe_main: Cli
) -> None:
    path = config()
    done = qframe_main("compare", path, *words)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(p.name for p in path.parent.iterdir()) == ["small.yaml"]


# Locks


def test_a_locked_database_is_counted_and_the_run_goes_on(
    compared: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurement, "READ_SHARE", 0)
    monkeypatch.setattr(writer, "WAIT_S", 0)
    (tmp_path / "held.py").write_text(HELD)
    words = ("--storage", "held.py:timeout=0,refuse=4", "--seconds", 600)
    [outcome] = compared(*words, "--records", 300).values()
    assert outcome["refusals"] == 4
    assert outcome["lock_waits"] == 5
    assert outcome["stored"] == 300
    assert outcome["error"] is None


def test_a_lock_that_never_comes_is_an_outcome_and_no_crash(compared: Any, tmp_path: Path) -> None:
    (tmp_path / "held.py").write_text(HELD)
    words = ("--storage", "held.py:timeout=0", "--storage", "sqlite", "--seconds", 0.1)
    found = compared(*words, "--records", 300)
    held = found["held.py timeout=0"]
    assert "database is locked" in held["error"]
    assert held["refusals"] == int((tmp_path / "refused").read_text()) > 0
    assert held["stored"] == 0
    assert found["sqlite"]["stored"] == 300, "the others have their turn"


# What it leaves behind


def test_keep_leaves_datasets_that_qframe_opens(config: Config, qframe_main: Cli) -> None:
    path = config(records=300)
    words = ("--storage", "sqlite", "--records", 5000, "--keep", "--json", "-q")
    done = qframe_main("compare", path, *words)
    kept = Path(json.loads(done.stdout)["directory"])
    [output] = kept.glob("*/data.db")
    with qframe.open(output) as dataset, qframe.open(path) as computed:
        assert dataset.recipe.id == computed.recipe.id
        assert dataset[:300].unitaries.tobytes() == computed[:300].unitaries.tobytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing_behind(
    number: signal.Signals, config: Config, start_qframe: Any, wait_until: Any
) -> None:
    path = config(executor={"plugin": "processes", "workers": 1}, task_blocks=1)
    process = start_qframe("compare", path, "--storage", "sqlite", "--seconds", 600)
    wait_until(lambda: list(path.parent.glob(".qframe-compare-*/*/data.db")), process)
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert "Traceback" not in said
    assert not left_behind(path.parent)


# The picture


@pytest.mark.filterwarnings("ignore::DeprecationWarning:matplotlib.*")
def test_the_picture_names_every_storage(config: Config, qframe_main: Cli) -> None:
    pytest.importorskip("matplotlib")
    path = config(records=300)
    svg, png = path.with_name("a.svg"), path.with_name("a.png")
    words = ("--storage", "sqlite", "--storage", "savetxt:flat=true", "--records", 300)
    done = qframe_main("compare", path, *words, "--seconds", 0.05, "--plot", svg, "--plot", png)
    assert done.returncode == 0, done.stderr
    assert png.read_bytes().startswith(b"\x89PNG")
    ElementTree.fromstring(svg.read_bytes())
    # glyphs are drawn as paths; the text stands beside them as comments
    for word in ("sqlite", "savetxt", "flat=true", "kill -9", "damage"):
        assert f"<!-- {word} -->" in svg.read_text()


# Its parts


def test_the_beginning_of_a_dataset_is_a_whole_one(config: Config) -> None:
    with qframe.open(config(records=10_000)) as whole:
        part = qframe.Dataset(read_speed.FirstRecords(whole.reader, 5000, StopRequest()), "part")
        assert len(part) == part.stored() == 5000
        assert list(part.reader.stored()) == [Stored(0, 1, 5000)]
        seen = np.concatenate([batch.index for batch in part.batches(700, shuffle=3)])
        assert sorted(seen.tolist()) == list(range(5000))
        assert part[4999].unitary.tobytes() == whole[4999].unitary.tobytes()
        pace = read_speed.batches(part)
        assert pace.records == 5000
