"""installed: lists the installed plugins from the metadata of packages, without importing any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points

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
        return "?" if self.entry.dist is None else _fact(self.entry.dist, "Name")

    @property
    def version(self) -> str:
        """Version of the distribution; `?` if its metadata lack it."""
        return "?" if self.entry.dist is None else _fact(self.entry.dist, "Version")

    @property
    def module(self) -> str:
        """The module that the entry point names."""
        return self.entry.value.partition("[")[0].partition(":")[0].strip()


def installed(kind: str | None = None) -> list[Installed]:
    """All installed plugins, or those of one kind, sorted by kind and name.

    Packages whose list of entry points cannot be read are left out: `unreadable` names them.
    """
    found = []
    for entry in _entries():
        entry_kind, _, name = entry.name.partition(".")
        if kind is None or entry_kind == kind:
            found.append(Installed(entry_kind, name, entry))
    return sorted(found, key=lambda i: (i.kind, i.name, i.distribution))


def unreadable() -> list[str]:
    """The packages whose entry points cannot be read, each with the reason.

    They are other programs' packages as a rule. Nothing is wrong with qframe's own plugins.
    """
    return [problem for _, _, problem in _each_distribution() if problem is not None]


def _entries() -> list[EntryPoint]:
    """The entry points of the group. One package with a broken list does not hide the others."""
    try:
        return list(entry_points(group=GROUP))
    except Exception:  # as the parser of another package's text may raise
        return [entry for _, entries, _ in _each_distribution() for entry in entries]


def _each_distribution() -> Iterator[tuple[Distribution, list[EntryPoint], str | None]]:
    """Each distribution, its entry points of the group, and why they cannot be read.

    Of several distributions with one name the first is meant, as Python imports the first.
    """
    seen = set()
    for distribution in distributions():
        try:
            entries = [entry for entry in distribution.entry_points if entry.group == GROUP]
        except Exception as cause:
            place = getattr(distribution, "_path", None) or _fact(distribution, "Name")
            yield distribution, [], f"{place}: entry_points.txt: {type(cause).__name__}: {cause}"
            continue
        name = _fact(distribution, "Name") if entries else ""
        if name not in seen:
            yield distribution, entries, None
        seen.update({name} - {"", "?"})


def _fact(distribution: Distribution, name: str) -> str:
    try:
        return str(distribution.metadata[name] or "?")
    except Exception:  # metadata may be missing or broken in any way
        return "?"
