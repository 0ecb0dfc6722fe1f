"""What was read, and where in the file each part of it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]
"""Way to a value: keys and list indices from the top."""

Mark = tuple[int, int]
"""Line and column, both from 1, as editors count them."""


@dataclass(frozen=True)
class Document:
    """Plain data with the place of every value and key.

    Attributes:
        name: the file as the user named it.
        data: mappings with string keys, lists, strings, numbers, truth values and None.
        marks: where each value begins. Below an alias: where the anchored value stands.
        key_marks: where each key of a mapping begins.
        origins: values that the command line set: the words that did it, such as
            `--set sampler.length=20`.
    """

    name: str
    data: Any
    marks: dict[Path, Mark]
    key_marks: dict[Path, Mark] = field(default_factory=dict)
    origins: dict[Path, str] = field(default_factory=dict)

    def where(self, loc: Path, *, key: bool = False) -> str:
        """`file:line:col` of the value at `loc`, or of its key, or the `--set` that set it.

        A `loc` that does not exist (a missing key) is cut to its longest part that does.
        """
        origin = self.origin(loc)
        if origin is not None:
            return origin
        line, column = self.mark(loc, key=key)
        return f"{self.name}:{line}:{column}"

    def mark(self, loc: Path, *, key: bool = False) -> Mark:
        """Line and column of `loc`, cut as in `where`."""
        if key and loc in self.key_marks:
            return self.key_marks[loc]
        while loc and loc not in self.marks:
            loc = loc[:-1]
        return self.marks.get(loc, (1, 1))

    def origin(self, loc: Path) -> str | None:
        """The words of the command line that set what is at `loc`, if any did."""
        for end in range(len(loc), 0, -1):
            if loc[:end] in self.origins:
                return self.origins[loc[:end]]
        return None
