"""installed: lists the installed plugins from the metadata of packages, without importing any."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

GROUP = "qframe"
"""The group of entry points in which packages name their plugins."""


@dataclass(frozen=True)
class Installed:
    """An installed plugin: the entry point `<kind>.<name>` of a distribution."""

    kind: str
    name: str
    entry: EntryPoint

    @property
    def distribution(self) -> str:
        """Name of the distribution; `?` if its metadata lack it."""
        return self.entry.dist.name if self.entry.dist else "?"

    @property
    def version(self) -> str:
        """Version of the distribution; `?` if its metadata lack it."""
        return self.entry.dist.version if self.entry.dist else "?"


def installed(kind: str | None = None) -> list[Installed]:
    """All installed plugins, or those of one kind, sorted by kind and name."""
    found = []
    for entry in entry_points(group=GROUP):
        entry_kind, _, name = entry.name.partition(".")
        if kind is None or entry_kind == kind:
            found.append(Installed(entry_kind, name, entry))
    return sorted(found, key=lambda i: (i.kind, i.name, i.distribution))
