"""LockWait: waits for the lock of another program in short steps, and says whom for."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar

import apsw

from qframe import stop_requested
from qframe_plugins.storages._sqlite.lock_holders import in_the_way, locks, parent_of

LONGEST_WAIT_S = 600.0
"""Seconds that a connection waits for a lock. qframe's own writers hold it shortly."""

TELL_AFTER_S = 2.0
"""Seconds after which a wait is announced."""

TELL_EVERY_S = 60.0
"""Seconds between two announcements."""

STEPS_S = (0.001, 0.002, 0.005, 0.01, 0.015, 0.02)
"""Seconds before each further try; the last one again and again.

Short at first, as in SQLite's own waiting: another writer mostly holds the lock for milliseconds.
With 20 ms from the start, two writers took a tenth longer (measured).
"""

GIVE_UP_S = 1.0
"""Seconds that a wait goes on after a signal has asked the run to stop."""

T = TypeVar("T")

_log = logging.getLogger(__name__)


class LockWait:
    """A busy handler of SQLite: called when a lock is held, it sleeps a little.

    SQLite's own waits are deaf to signals. During this one Python's signal handlers run, so Ctrl-C
    ends it. It says for which process it waits, and ends soon after `stop_requested`, as do all
    waits that follow.

    Args:
        path: the file, for the announcements.
        longest_s: seconds that one wait lasts at most.
        end: the time (`monotonic`) at which all waits end, in place of `longest_s`; they are not
            announced.
    """

    def __init__(
        self, path: Path, longest_s: float = LONGEST_WAIT_S, end: float | None = None
    ) -> None:
        self._path = path
        self._longest_s = longest_s
        self._end = end
        self._start = self._tell_at = 0.0
        self._stopped_at: float | None = None

    def __call__(self, calls: int) -> bool:
        """Sleeps; returns whether to ask for the lock again.

        Args:
            calls: number of calls before this one in the same wait.
        """
        now = monotonic()
        if calls == 0:
            self._start, self._tell_at = now, now + TELL_AFTER_S
        end = self._start + self._longest_s if self._end is None else self._end
        if now >= end:
            return False
        if stop_requested():
            self._stopped_at = self._stopped_at or now
            if now - self._stopped_at >= GIVE_UP_S:
                return False
        if now >= self._tell_at and self._end is None:
            self._tell(now)
        sleep(min(STEPS_S[min(calls, len(STEPS_S) - 1)], end - now))
        return True

    def until_free(self, act: Callable[[], T]) -> T:
        """Calls `act` until no lock is in its way. SQLite does not call busy handlers everywhere.

        Raises:
            apsw.BusyError: the wait is over.
        """
        for calls in count():
            try:
                return act()
            except apsw.BusyError:
                if not self(calls):
                    raise
        raise AssertionError

    def _tell(self, now: float) -> None:
        self._tell_at = now + TELL_EVERY_S
        if _tells(self._path):
            who = in_the_way(self._path) or "another program"
            _log.warning("%s: waiting for %s, which holds the file", self._path, who)


def _tells(path: Path) -> bool:
    """Whether this process is the one that speaks, of the workers that wait for the same file.

    It is the one with the lowest number that has the file open and no exclusive lock.
    """
    found = list(locks(path))
    exclusive = {lock.pid for lock in found if lock.exclusive}
    waiting = {lock.pid for lock in found} - exclusive
    siblings = (pid for pid in waiting if parent_of(pid) == os.getppid())
    return not exclusive or os.getpid() <= min(siblings, default=os.getpid())
