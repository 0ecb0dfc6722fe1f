"""What is installed, from metadata alone: listing plugins imports none of them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

GROUP = "qframe"


@dataclass(frozen=True)
class Installed:
    """An entry point of the group `qframe`: `<kind>.<name>` of a distribution."""

    kind: str
    name: str
    entry: EntryPoint

    @property
    def distribution(self) -> str:
        return self.entry.dist.name if self.entry.dist else "?"

    @property
    def version(self) -> str:
        return self.entry.dist.version if self.entry.dist else "?"


def installed(kind: str | None = None) -> list[Installed]:
    """All installed plugins (of one kind), sorted by kind and name."""
    found = []
    for entry in entry_points(group=GROUP):
        entry_kind, _, name = entry.name.partition(".")
        if kind is None or entry_kind == kind:
            found.append(Installed(entry_kind, name, entry))
    return sorted(found, key=lambda i: (i.kind, i.name, i.distribution))
