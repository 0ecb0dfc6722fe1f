"""Document: the plain data of a config, and where in its file each value and key stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

KeyPath = tuple[str | int, ...]
"""The way to a value: keys and list indices, from the top."""

Mark = tuple[int, int]
"""Line and column, both counted from 1, as editors count them."""


@dataclass(frozen=True)
class Document:
    """Plain data, with the position of every value and key.

    Attributes:
        name: the file as the user named it.
        data: mappings with string keys, lists, strings, numbers, truth values and None.
        marks: where each value begins. Below an alias: where the anchored value stands.
        key_marks: where each key of a mapping begins.
        origins: for values that the command line set, the option that set them:
            `--set sampler.length=20`.
    """

    name: str
    data: Any
    marks: dict[KeyPath, Mark]
    key_marks: dict[KeyPath, Mark] = field(default_factory=dict)
    origins: dict[KeyPath, str] = field(default_factory=dict)

    def where(self, loc: KeyPath, *, key: bool = False) -> str:
        """`file:line:column` of the value at `loc`, or of its key; or the option that set it.

        A `loc` that does not exist (a missing key) is cut to its longest part that does.
        """
        origin = self.origin(loc)
        if origin is not None:
            return origin
        line, column = self.mark(loc, key=key)
        return f"{self.name}:{line}:{column}"

    def mark(self, loc: KeyPath, *, key: bool = False) -> Mark:
        """Line and column of the value at `loc`, or of its key; `loc` is cut as in `where`."""
        if key and loc in self.key_marks:
            return self.key_marks[loc]
        while loc and loc not in self.marks:
            loc = loc[:-1]
        return self.marks.get(loc, (1, 1))

    def origin(self, loc: KeyPath) -> str | None:
        """The option of the command line that set the value at `loc`, or one around it."""
        for end in range(len(loc), 0, -1):
            if loc[:end] in self.origins:
                return self.origins[loc[:end]]
        return None


LONGEST_KEY = 60
"""Most characters of one key in a message."""


def dotted(loc: KeyPath) -> str:
    """A place as messages name it: `sampler.length.min`; the top is `the config`."""
    return ".".join(map(_short, map(str, loc))) or "the config"


def _short(key: str) -> str:
    return key if len(key) <= LONGEST_KEY else f"{key[: LONGEST_KEY - 3]}..."
