"""Streams: standard output and error that never stop the work, whatever becomes of them.

A stream may be closed (`2>&-`), full (`/dev/full`), a pipe whose reader has left (`| head`), or may
not know a character (`LANG=C`). What cannot be written is dropped, and remembered for the end.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from select import select
from types import TracebackType
from typing import Any

from qframe.printable import printable_lines

OUTPUT_LOST = 4
"""Exit code of a verb whose output is all that it makes, if the output could not be written."""

READER_LEFT = 141
"""Exit code of such a verb if the reader of its output has left: as a shell shows SIGPIPE."""

ASCII = str.maketrans(
    {
        "─": "-",
        "│": "|",
        "●": "*",
        "○": "o",
        "·": ".",
        "█": "#",
        "±": "+-",
        "†": "^+",
        "–": "-",
        "…": "...",
        "•": "*",
    }
)
"""Readable forms of the characters that qframe draws and writes with."""


def _readable(error: UnicodeError) -> tuple[str, int]:
    """Stands for characters that the encoding lacks: a readable form, or an escape."""
    assert isinstance(error, UnicodeEncodeError)  # noqa: S101 - streams only encode here
    text = error.object[error.start : error.end].translate(ASCII)
    return text.encode("ascii", "backslashreplace").decode(), error.end


class _Handle(io.RawIOBase):
    """A file descriptor to which writing never fails. What it cannot take, it drops.

    Args:
        handle: the file descriptor; -1 if the stream is closed.

    Attributes:
        error: why something was dropped; None if nothing was.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.error: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        if self._handle < 0:
            raise io.UnsupportedOperation("the stream is closed")
        return self._handle

    def isatty(self) -> bool:
        return os.isatty(self._handle)

    def write(self, data: Any) -> int:
        while self.error is None:
            try:
                return os.write(self._handle, data)
            except BlockingIOError:  # whoever has the other end made it so
                select((), (self._handle,), ())
            except OSError as cause:
                self.error = cause
        return len(data)


@dataclass
class Streams:
    """What became of the standard output.

    Args:
        out: the file descriptor below it; None if it was left as it is.
    """

    out: _Handle | None

    @property
    def lost(self) -> OSError | None:
        """Why output was lost; None if all was written."""
        return None if self.out is None else self.out.error

    @property
    def reader_left(self) -> bool:
        """Whether it was lost because its reader, such as `head`, has left of its own will."""
        return self.lost is not None and self.lost.errno == errno.EPIPE


@contextmanager
def steady_streams() -> Iterator[Streams]:
    """Replaces the standard streams while the `with` block runs.

    A stream that is no file descriptor's, such as one that a test has put there, stays.
    """
    codecs.register_error("qframe.readable", _readable)
    _fill_closed_handles()
    before = sys.stdout, sys.stderr
    made = [_steady(stream, number) for number, stream in ((1, sys.stdout), (2, sys.stderr))]
    if made[1] is not None:
        sys.excepthook = _show_uncaught
    sys.stdout, sys.stderr = (new or old for new, old in zip(made, before, strict=True))
    try:
        yield Streams(None if made[0] is None else _handle_of(made[0]))
    finally:
        for stream in filter(None, made):
            stream.flush()
        sys.stdout, sys.stderr = before


def _show_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Prints the traceback of a bug. It may quote a file, so that it is made printable."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            text = "".join(traceback.format_exception(kind, error, trace))
            sys.stderr.write(printable_lines(text))


def _fill_closed_handles() -> None:
    """Opens /dev/null in place of closed standard streams.

    Else the next file that is opened, such as a dataset, would be what programs write messages to.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            os.set_inheritable(number, True)


def _steady(stream: Any, number: int) -> io.TextIOWrapper | None:
    """The stream, made steady; None if it is not the process's own."""
    if stream is None:
        handle, encoding, errors, at_once = _Handle(-1), "utf-8", "strict", False
    elif type(stream) is io.TextIOWrapper and stream.buffer.fileno() == number:
        stream.flush()
        handle, encoding, errors = _Handle(number), stream.encoding, stream.errors or "strict"
        at_once = stream.line_buffering
    else:
        return None
    if errors in ("strict", "surrogateescape", "backslashreplace"):  # not what the user asked for
        errors = "qframe.readable"
    buffer: Any = io.BufferedWriter(handle)
    return io.TextIOWrapper(buffer, encoding, errors, line_buffering=at_once)


def _handle_of(stream: io.TextIOWrapper) -> _Handle:
    raw: Any = stream.buffer
    handle: _Handle = raw.raw
    return handle
