"""What a run that goes on for days should tell before it is too late."""

from __future__ import annotations

import logging
from time import monotonic
from typing import Any

from qframe.contracts.storage import Storage

LOOK_EVERY_S = 2.0
SAY_EVERY_S = 60.0

_log = logging.getLogger(__name__)


class Watch:
    """Asks the storage now and then what hinders it, and logs the answer as a warning."""

    def __init__(self, storage: Storage[Any]) -> None:
        self._storage = storage
        self._next = monotonic() + LOOK_EVERY_S

    def look(self) -> None:
        """To be called after each task; nearly always only reads the clock."""
        now = monotonic()
        if now < self._next:
            return
        problem = self._storage.hindered()
        if problem is not None:
            _log.warning("%s", problem)
        self._next = now + (LOOK_EVERY_S if problem is None else SAY_EVERY_S)
