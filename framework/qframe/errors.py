"""Everything that qframe raises for what a user can cause.

Each message is one line: where, what is wrong (got, want), and then the fix.
The command line prints it and exits with `exit_code`; it never shows a traceback for one of these.
"""

from __future__ import annotations

from typing import ClassVar


class QframeError(Exception):
    """Base of all errors that a user can cause."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message if hint is None else f"{message}\n  Hint: {hint}")
        self.message = message
        self.hint = hint


class ConfigError(QframeError, ValueError):
    """The config says something that cannot be done. May hold several problems, one a line."""

    exit_code = 2


class PluginError(QframeError):
    """A plugin is unknown, broken, not installed, or broke its contract."""

    exit_code = 3


class StorageError(QframeError, OSError):
    """The place where the data should go (or is) cannot be used."""

    exit_code = 4


class StorageBusy(StorageError):  # noqa: N818 - reads as what it says
    """Other writers held the storage for longer than it waits. The same call may succeed later.

    `times`: how often this has happened to whoever raised it, once it was given up.
    """

    times: int = 1


class DiskFull(StorageError):  # noqa: N818
    """There is no room left where the data goes. What is stored stays stored."""


class NotADataset(StorageError):  # noqa: N818 - reads as what it says
    """The path holds something that is not a qframe dataset."""


class RecipeMismatch(StorageError):  # noqa: N818
    """The output holds records of another recipe."""


class OutputInUse(StorageError):  # noqa: N818
    """Another run holds the output."""


class RecordMissing(QframeError, LookupError):  # noqa: N818
    """A record that belongs to the dataset is not stored (yet)."""

    exit_code = 4


class WorkerError(QframeError):
    """A worker died or raised. Names the task and how to reproduce it."""

    exit_code = 1
