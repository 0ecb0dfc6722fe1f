"""Closeable: base of the classes whose objects are opened and closed."""

from __future__ import annotations

from typing import Self


class Closeable:
    """Base of objects with `close()`: a `with` statement closes them at its end."""

    def close(self) -> None:
        """Closes the files and connections of this object. Does nothing by default."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
