"""The watch on a storage: a warning when something hinders it, and not too many."""

from __future__ import annotations

from typing import Any

import pytest

from qframe.runs import watch


class Hindered:
    """A storage that says what hinders it."""

    def __init__(self, problem: str | None) -> None:
        self.problem = problem
        self.asked = 0

    def hindered(self) -> str | None:
        self.asked += 1
        return self.problem


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(watch, "monotonic", lambda: now[0])
    return now


def test_the_run_says_what_hinders_it_once_a_minute(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    storage: Any = Hindered("a reader is in the way")
    watching = watch.StorageWatch(storage)
    for _ in range(130):
        watching.check()
        clock[0] += 1.0
    assert caplog.messages == ["a reader is in the way"] * 3


def test_a_storage_that_is_not_hindered_is_asked_every_two_seconds_and_nothing_is_said(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    storage: Any = Hindered(None)
    watching = watch.StorageWatch(storage)
    for _ in range(21):
        watching.check()
        clock[0] += 1.0
    assert storage.asked == 10
    assert caplog.messages == []
