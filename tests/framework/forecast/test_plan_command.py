"""`qframe plan`: what it projects is what a real run then takes, and it leaves nothing behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qframe

Config = Callable[..., Path]
Cli = Callable[..., subprocess.CompletedProcess[str]]

SHARDED = '''
"""SQLite with an option of few values, and one named `shards`: estimates only."""

from typing import Literal

from qframe import Estimate, StorageError, hookimpl
from qframe_plugins.storages.sqlite_rollback import SqliteRollback, SqliteRollbackOptions


class Options(SqliteRollbackOptions):
    density: Literal["single", "fourfold"] | None = None
    upright: bool | None = None
    shards: int | None = None


class Sharded(SqliteRollback):
    name = "sharded"
    Options = Options

    def estimate(self, header):
        if self.options.upright is False:
            raise StorageError("not that")
        bare = super().estimate(header)
        scale = 0.25 if self.options.density == "fourfold" else 1.0
        return Estimate(round(bare.bytes * scale), self.options.shards or 1)


@hookimpl
def qframe_storages():
    return [Sharded]
'''


def planned(qframe_main: Cli, *arguments: object) -> dict[str, Any]:
    done = qframe_main("plan", *arguments, "--seconds", "0.2", "--json")
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def limits(facts: dict[str, Any]) -> dict[str, Any]:
    return {limit["what"]: limit for limit in facts["projection"]["limits"]}


def changes(facts: dict[str, Any]) -> dict[str, Any]:
    return {change["what"]: change for change in facts["projection"]["changes"]}


@pytest.mark.parametrize(
    ("storage", "records"),
    [("sqlite", 150_000), ({"plugin": "sqlite", "layout": "rows"}, 60_000), ("savetxt", 900)],
)
def test_the_projection_is_what_a_run_then_takes(
    storage: Any, records: int, config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config(storage=storage, records=records, sampler={"plugin": "uniform", "length": 20})
    projection = planned(qframe_main, path)["projection"]
    assert projection["records"] == projection["to_do"] == records
    assert projection["hours"] > 0
    qframe.run(path)
    files = [f for f in [tmp_path / "small.db", *tmp_path.rglob("small.db/**/*")] if f.is_file()]
    assert projection["files"] == len(files)
    room = sum(file.stat().st_blocks * 512 for file in files)
    assert projection["bytes"] == pytest.approx(room, rel=0.05)


def test_a_dataset_of_complex64_takes_what_was_said(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config(records=150_000)
    said = changes(planned(qframe_main, path))["dtype: complex64"]
    qframe.run(path, ["dtype=complex64"])
    assert said["bytes"] == pytest.approx((tmp_path / "small.db").stat().st_size, rel=0.05)


def test_the_share_of_duplicates_is_that_of_the_real_dataset(
    config: Config, qframe_main: Cli
) -> None:
    # One block, of which the estimate knows every record, however little time it has.
    path = config(records=4096, sampler={"plugin": "uniform", "length": 12})
    projection = planned(qframe_main, path)["projection"]
    with qframe.open(path) as ds:
        different = len(np.unique(np.round(ds[:].unitaries, 6), axis=0))
    assert projection["exact"]["expected"] == pytest.approx(1 - different / 4096, abs=1e-3)


@pytest.mark.parametrize("records", ["300e9", "300_000_000_000", "3e11"])
def test_numbers_are_those_of_the_config(records: str, config: Config, qframe_main: Cli) -> None:
    facts = planned(qframe_main, config(), "--records", records)
    assert facts["projection"]["records"] == 300_000_000_000


@pytest.mark.parametrize(("page", "most"), [(4096, 17.6e12), (65536, 281e12)])
def test_sqlite_ends_at_the_size_that_its_authors_state(
    page: int, most: float, config: Config, qframe_main: Cli
) -> None:
    # sqlite.org/limits.html, 14: 4,294,967,294 pages, so 281 terabytes with the largest pages.
    path = config(storage={"plugin": "sqlite", "page_size": page})
    facts = planned(qframe_main, path, "--records", "300e9")
    pages = limits(facts)[f"SQLite pages of {page:,} bytes"]
    assert pages["most"] == 4_294_967_294
    each = facts["projection"]["bytes"] / 300e9
    assert pages["records"] * each == pytest.approx(most, rel=0.002)


def test_room_and_inodes_are_those_of_the_disk(config: Config, qframe_main: Cli) -> None:
    facts = planned(qframe_main, config(storage="savetxt"), "--records", "300e9")
    found = limits(facts)
    assert found["bytes free"]["used"] > found["bytes free"]["most"]
    assert found["bytes free"]["records"] < 300e9
    if "inodes free" in found:
        inodes = found["inodes free"]
        assert inodes["used"] > 300e9  # a file a matrix
        assert inodes["most"] * 0.99 < inodes["records"] <= inodes["most"]


def test_one_crowded_directory_is_noticed(config: Config, qframe_main: Cli) -> None:
    def crowd(flat: bool, records: int) -> list[str]:
        path = config(storage={"plugin": "savetxt", "flat": flat}, records=records)
        return [what for what in limits(planned(qframe_main, path)) if "directory" in what]

    if planned(qframe_main, config())["file_system"]["kind"] == "ext4":
        assert crowd(flat=True, records=200)
    assert not crowd(flat=False, records=2500)


def test_what_a_storage_offers_is_asked_of_its_options(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    (tmp_path / "sharded.py").write_text(SHARDED)
    facts = planned(qframe_main, config(storage="sharded.py"), "--records", "300e9")
    offered, now = changes(facts), facts["projection"]
    assert offered["storage.density: fourfold"]["bytes"] == pytest.approx(
        now["bytes"] / 4, rel=1e-6
    )
    assert "storage.density: single" not in offered  # as it is
    assert "storage.upright: false" not in offered  # refused
    assert offered["storage.shards: 4"]["files"] == 4
    assert offered["storage.shards: 4"]["hours"] <= offered["storage.shards: 2"]["hours"]


def test_what_is_stored_already_is_not_planned_again(config: Config, qframe_main: Cli) -> None:
    path = config(records=40_000)
    qframe.run(path, ["records=20480"])  # five whole blocks
    projection = planned(qframe_main, path)["projection"]
    assert projection["to_do"] == 40_000 - 20_480
    assert projection["needed"] == pytest.approx(projection["bytes"] * 0.488, rel=0.01)


def test_nothing_is_left_beside_the_output(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config(output=tmp_path / "deep" / "er" / "x.db")
    planned(qframe_main, path)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, 130),
        (signal.SIGTERM, 128 + signal.SIGTERM),
        (signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_nothing_is_left_after_an_interruption(
    number: signal.Signals,
    code: int,
    config: Config,
    lingering_engine: Path,
    start_qframe: Any,
    wait_until: Any,
    qframe_main: Cli,
    tmp_path: Path,
) -> None:
    """What a killed plan had to leave goes with the next; what a living one uses stays."""
    path = config(engine=str(lingering_engine), records=10**9)
    run = start_qframe("plan", path, "--seconds", 3600)
    wait_until(lambda: any(tmp_path.glob(".small.db.plan-*/*/small.db")), run)
    if number == signal.SIGKILL:
        planned(qframe_main, path)
        assert any(tmp_path.glob(".small.db.plan-*/*/small.db"))
    run.send_signal(number)
    run.communicate(timeout=120)
    assert run.returncode == code
    if number == signal.SIGKILL:
        assert any(tmp_path.glob(".small.db.plan-*"))
        planned(qframe_main, path)
    assert not any(tmp_path.glob(".small*"))


def test_more_records_than_a_sampler_has_are_refused(config: Config, qframe_main: Cli) -> None:
    path = config(sampler={"plugin": "matsumoto_amano", "t_count": 3, "mode": "rank"})
    done = qframe_main("plan", path, "--records", "300e9")
    assert done.returncode == 2
    assert "has 528 with these options" in done.stderr  # 24 (3 * 2**3 - 2)


def test_the_text_says_what_is_measured_and_what_is_projected(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    picture = tmp_path / "plan.svg"
    done = qframe_main(
        "plan", config(), "--records", "300e9", "--seconds", "0.1", "--plot", picture
    )
    assert done.returncode == 0, done.stderr
    for words in ("Measured here", "Projected", "Limits (projected)", "HIT", "Duplicates (proj"):
        assert words in done.stdout
    assert picture.read_text().lstrip().startswith("<?xml")


def test_a_chart_without_matplotlib_names_the_package(
    config: Config, qframe_main: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = qframe_main("plan", config(), "--seconds", "0.1", "--plot", "x.svg")
    assert done.returncode == 3
    assert "pip install matplotlib" in done.stderr


def test_a_picture_that_cannot_be_drawn_is_refused_before_the_work(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    for picture, words in (("x.foo", "ends in .svg"), ("no/such/x.svg", "is not a directory")):
        done = qframe_main("plan", config(), "--plot", tmp_path / picture)
        assert done.returncode == 2
        assert words in done.stderr
        assert "Calibrating" not in done.stderr


def test_forms_that_sqlite_offers_take_what_was_said(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    path = config(records=150_000)
    offered = changes(planned(qframe_main, path))
    for option, value in (("unitary", "none"), ("circuit", "false"), ("shards", "2")):
        said = offered[f"storage.{option}: {value}"]
        output = tmp_path / option / "x.db"
        qframe.run(path, [f"storage.{option}={value}", f"output={output}"])
        files = [file for file in output.parent.rglob("*") if file.is_file()]
        assert said["files"] == len(files)
        assert said["bytes"] == pytest.approx(sum(f.stat().st_size for f in files), rel=0.05)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a directory that nobody writes")
def test_a_place_that_cannot_be_written_is_one_line(config: Config, qframe_main: Cli) -> None:
    done = qframe_main("plan", config(output="/proc/self/x.db"), "--seconds", "0.1")
    assert done.returncode == 4
    assert "/proc/self" in done.stderr
