"""StorageWatch: during a run, a warning in the log when something keeps the storage from working.

Such as another program's reader that keeps SQLite's write-ahead log from being emptied.
"""

from __future__ import annotations

import logging
from time import monotonic
from typing import Any

from qframe.contracts.storage import Storage

CHECK_EVERY_S = 2.0
"""Seconds between two questions to the storage."""

WARN_EVERY_S = 60.0
"""Seconds between two warnings."""

_log = logging.getLogger(__name__)


class StorageWatch:
    """Asks the storage now and then what hinders it, and logs the answer as a warning."""

    def __init__(self, storage: Storage[Any]) -> None:
        self._storage = storage
        self._next = monotonic() + CHECK_EVERY_S

    def check(self) -> None:
        """To be called after each task. Mostly it only reads the clock."""
        now = monotonic()
        if now < self._next:
            return
        problem = self._storage.hindered()
        if problem is not None:
            _log.warning("%s", problem)
        self._next = now + (CHECK_EVERY_S if problem is None else WARN_EVERY_S)
