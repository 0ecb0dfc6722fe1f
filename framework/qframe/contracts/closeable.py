"""Closeable: base of the classes whose objects are opened and closed."""

from __future__ import annotations

from typing import Self


class Closeable:
    """An object with `close()` that also works in a `with` statement, which closes it at the end.

    `contextlib.closing` does as much for a single statement; a base class spares each caller it.
    """

    def close(self) -> None:
        """Closes the files and connections of this object. Does nothing by default."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
