"""The model of time: what it says for paces that were made up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qframe.config.load import load_config
from qframe.forecast.calibration import Calibration, TrialSpeed
from qframe.forecast.duplicates import Frequencies, Sample
from qframe.forecast.model import Model, Projection
from qframe.machine.disk import DiskUsage, FileSystem
from qframe.runs.plan import unchecked_plan

Config = Callable[..., Path]

RECORDS = 3_600_000_000
NOTHING_TWICE = Frequencies(10, 10, (10, 0, 0), 0)
SEEN = Sample(NOTHING_TWICE, NOTHING_TWICE, ranked=False)
DISK = FileSystem("ext4", 10**12, 10**6, 16 << 40, None)


@pytest.fixture
def project(config: Config) -> Callable[..., Projection]:
    """The projection of RECORDS from made-up paces, in microseconds a record."""

    def project(make: float, write: float, rate: float, disk_rate: float = 1e12) -> Projection:
        planned = unchecked_plan(load_config(config(), [f"records={RECORDS}"]))
        each = planned.estimate.bytes / RECORDS
        made = DiskUsage(
            bytes=round(10**6 * each),
            files=1,
            largest_file=round(10**6 * each),
            directory_entries=1,
            name_bytes=8,
            page_size=65536,
        )
        one = TrialSpeed(1, 1e6 / (make + write), make / 1e6, write / 1e6)
        measured = Calibration(
            one, replace(one, workers=2, rate=rate), disk_rate, 10**6, made, made.bytes
        )
        return Model(planned, measured, DISK).project(SEEN)

    return project


def hours(projection: Projection) -> dict[str, float]:
    return {change.what: change.hours for change in projection.changes}


def test_the_time_is_that_of_the_measured_rate(project: Callable[..., Projection]) -> None:
    found = project(make=0.9, write=0.1, rate=2e6)
    assert found.hours == pytest.approx(0.5)  # 3.6e9 records at 2e6 a second
    assert found.bound == "cores"


def test_a_disk_that_is_slower_sets_the_time(project: Callable[..., Projection]) -> None:
    found = project(make=0.9, write=0.1, rate=2e6, disk_rate=1e6)
    assert found.hours == pytest.approx(found.bytes / 1e6 / 3600)
    assert found.bound == "disk"
    assert hours(found)["dtype: complex64"] < 0.75 * found.hours


def test_cores_help_until_writers_of_one_file_take_turns(
    project: Callable[..., Projection],
) -> None:
    found = project(make=0.9, write=0.1, rate=2e6)
    times = hours(found)
    assert times["4 cores, as many workers"] == pytest.approx(0.25)
    assert times["8 cores, as many workers"] == pytest.approx(0.125)
    assert times["16 cores, as many workers"] == pytest.approx(0.1)  # 10 million/s, one writer
    assert "64 cores, as many workers" not in times


def test_what_two_workers_lost_more_lose_too(project: Callable[..., Projection]) -> None:
    found = project(make=0.9, write=0.1, rate=1e6)  # no faster than one
    assert found.hours == pytest.approx(1.0)
    assert hours(found)["4 cores, as many workers"] == pytest.approx(0.5)


def test_the_writer_is_named_when_it_is_the_limit(project: Callable[..., Projection]) -> None:
    found = project(make=0.1, write=0.9, rate=1e6)
    assert found.bound == "writer"
    cores: Any = [what for what in hours(found) if "cores" in what]
    assert len(cores) == 1  # more would change nothing


def test_the_first_limit_comes_first(project: Callable[..., Projection]) -> None:
    ends = [limit.records for limit in project(make=0.9, write=0.1, rate=2e6).limits]
    known = [end for end in ends if end is not None]
    assert known == sorted(known)
    assert ends[: len(known)] == known
