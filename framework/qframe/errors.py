"""Errors that a user can cause, each with the exit code of the command line.

A message says in one line where something is wrong and what (got, want). A hint that follows says
how to mend it. The command line prints both and exits with `exit_code`, without a traceback.
Messages quote files and users, so that each line is made printable.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from qframe.printable import printable


class QframeError(Exception):
    """Base of all errors that a user can cause.

    Args:
        message: where something is wrong, and what; a list of lines where several things are.
        hint: how to mend it, or None.

    Attributes:
        message: the same, as one text; each line is printable.
        hint: the same, printable.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str | Sequence[str], *, hint: str | None = None) -> None:
        lines = message if isinstance(message, list | tuple) else [str(message)]
        self.message = "\n".join(map(printable, lines))
        self.hint = None if hint is None else printable(hint)
        super().__init__(self.message if hint is None else f"{self.message}\n  Hint: {self.hint}")

    def __reduce__(self) -> Any:
        """Another process gets the same lines and the same hint."""
        return _again, (type(self), self.message.split("\n"), self.hint), self.__dict__


def _again(cls: type[QframeError], lines: Sequence[str], hint: str | None) -> QframeError:
    error = cls.__new__(cls)  # a subclass's `__init__` may take other arguments
    QframeError.__init__(error, lines, hint=hint)
    return error


class ConfigError(QframeError, ValueError):
    """The config asks for something that cannot be done; one line per problem."""

    exit_code = 2


class PluginError(QframeError):
    """A plugin is unknown, broken or not installed, or does not keep its contract."""

    exit_code = 3


class StorageError(QframeError, OSError):
    """The place of a dataset cannot be used."""

    exit_code = 4


class StorageBusy(StorageError):  # noqa: N818 - the name says what is the matter
    """Other writers held the storage for longer than it waits. The same call may succeed later.

    Attributes:
        times: number of times that a worker found the storage busy, once it has given up.
    """

    exit_code = 75  # as for every end that running again may mend (`EX_TEMPFAIL`)
    times: int = 1


class DiskFull(StorageError):  # noqa: N818
    """The disk of the dataset has no space left. What is stored stays stored."""


class CannotOpen(StorageError):  # noqa: N818
    """The dataset could not be looked at, which says nothing about what it holds.

    There is no permission, no file handle left, nothing at the path, or a program in the way.
    """


class OtherFormat(CannotOpen):
    """The dataset is of another format, or has something that this version does not know."""


class NotADataset(StorageError):  # noqa: N818
    """The path holds something that is not a qframe dataset."""


class RecipeMismatch(StorageError):  # noqa: N818
    """The output holds records of another recipe."""


class OutputInUse(StorageError):  # noqa: N818
    """Another run holds the output."""


class RecordMissing(QframeError, LookupError):  # noqa: N818
    """A record that belongs to the dataset, or a part of it, is not stored."""

    exit_code = 4


class WorkerError(QframeError):
    """A worker died or raised an exception. The message names the task and how to see it again.

    Attributes:
        trace: the traceback of a plugin's exception, as text that crosses processes; else None.
    """

    exit_code = 1
    trace: str | None = None
