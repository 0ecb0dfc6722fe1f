"""Life-cycle hooks with which a test acts in the middle of a run."""

from __future__ import annotations

from collections.abc import Callable

import qframe


class AfterTask:
    """A life-cycle hook that does something once, after some tasks."""

    def __init__(self, act: Callable[[], object], tasks: int) -> None:
        self.act, self.left = act, tasks

    @qframe.hookimpl
    def qframe_task_stored(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.act()
