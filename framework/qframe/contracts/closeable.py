"""What is opened and closed: usable in a `with` statement."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class Closes:
    """Gives a class with `close()` its `with` statement."""

    def close(self) -> None:
        """Gives back what is held."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()
