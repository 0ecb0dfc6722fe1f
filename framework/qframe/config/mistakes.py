"""Mistake: one mistake in a config, and the error that lists all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from qframe.config.document import Document, KeyPath, Mark, dotted
from qframe.errors import ConfigError, PluginError

MOST_SHOWN = 50
"""Most mistakes that an error lists: the first ones are read, and mended first."""


@dataclass(frozen=True)
class Mistake:
    """One mistake in a config.

    Attributes:
        loc: where it is. A missing key: where it should stand. A plugin that cannot be used: the
            key `plugin` of its section.
        what: what is wrong, without the place: `got 0, want at least 1`.
        kind: whether a value, a key that nobody knows, a key that is missing or a plugin is wrong.
        hint: how to mend it.
    """

    loc: KeyPath
    what: str
    kind: Literal["value", "unknown key", "missing key", "plugin"] = "value"
    hint: str | None = None

    def within(self, section: str) -> Mistake:
        """The same mistake, seen from the top of the config: `loc` was within a section."""
        return replace(self, loc=(section, *self.loc))

    @property
    def message(self) -> str:
        """The mistake with the keys that lead to it: `sampler.length: got 0, want at least 1`."""
        around = self.kind in ("missing key", "plugin")
        place = self.loc[:-1] if around else self.loc
        if self.kind == "missing key" and not place:
            return self.what
        return f"{dotted(place)}: {self.what}"


def as_error(mistakes: Sequence[Mistake], document: Document) -> ConfigError | PluginError:
    """The error that lists the mistakes, one per line, each with its position and its hint.

    Those of the file come first, in its order, then those of the command line. If plugins that
    cannot be used are the only ones, it is a PluginError.
    """
    command_line = list(document.origins.values())

    def order(mistake: Mistake) -> tuple[int, Mark]:
        origin = document.origin(mistake.loc)
        if origin is not None:
            return command_line.index(origin), (0, 0)
        return -1, document.mark(mistake.loc, key=mistake.kind == "unknown key")

    def line(mistake: Mistake) -> str:
        where = document.where(mistake.loc, key=mistake.kind == "unknown key")
        return f"{where}: {mistake.message}"

    kind = PluginError if all(m.kind == "plugin" for m in mistakes) else ConfigError
    if len(mistakes) == 1:
        return kind(line(mistakes[0]), hint=mistakes[0].hint)
    lines = []
    for mistake in sorted(mistakes, key=order)[:MOST_SHOWN]:
        lines.append(line(mistake))
        if mistake.hint is not None:
            lines.append(f"  Hint: {mistake.hint}")
    if len(mistakes) > MOST_SHOWN:
        lines.append(f"and {len(mistakes) - MOST_SHOWN:,} more")
    return kind(lines)
