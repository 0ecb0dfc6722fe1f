"""Overrides: `--set key.path=value` of the command line, put into the data of a config."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from qframe.config.document import Document, KeyPath, dotted
from qframe.config.model import default_plugin
from qframe.config.yaml_parser import YamlProblem, parse_value
from qframe.errors import ConfigError
from qframe.plugins.kinds import KINDS
from qframe.printable import printable

MOST_OVERRIDES = 1_000
"""Largest number of overrides."""

MOST_KEYS = 20
"""Most keys in one `key.path`. No key of any config lies that deep."""

MOST_CHARACTERS = 1 << 20
"""Characters of the longest override: as many as a config may have bytes."""


def apply_overrides(document: Document, overrides: Sequence[str]) -> Document:
    """A copy of the document with each `key.path=value` put in, in order.

    The value is YAML. Two rules hold for the sections of plugins:

    - If an option is set in a section that is a name alone, the section becomes a mapping:
      `executor.workers=2` makes `{plugin: processes, workers: 2}`.
    - If a section is set to a name, its old options are dropped: `storage=savetxt`.

    Raises:
        ConfigError: all that cannot be put in, one per line.
    """
    edited = Document(
        document.name,
        deepcopy(document.data),
        dict(document.marks),
        dict(document.key_marks),
        dict(document.origins),
    )
    problems = []
    if len(overrides) > MOST_OVERRIDES:
        raise ConfigError(
            f"--set is given {len(overrides):,} times, want at most {MOST_OVERRIDES:,}",
            hint="write the keys into the config",
        )
    for override in overrides:
        origin = origin_of(override)
        try:
            keys, value = _parse(override)
            _Editor(edited, origin).set(keys, value)
        except _Refused as refused:
            problems.append(f"{origin}: {refused}")
    if problems:
        raise ConfigError(problems)
    return edited


def origin_of(override: str) -> str:
    """How messages name an override: as an option of the command line, at most 86 characters."""
    text = printable(override[:81])
    return f"--set {text if len(text) <= 80 else text[:77] + '...'}"


class _Refused(Exception):  # noqa: N818 - never leaves the module
    """Why an override cannot be put in."""


def _parse(override: str) -> tuple[list[str], Any]:
    """The keys and the value of `key.path=value`."""
    if len(override) > MOST_CHARACTERS:
        raise _Refused(f"has {len(override):,} characters, want at most {MOST_CHARACTERS:,}")
    path, equals, text = override.partition("=")
    keys = path.strip().split(".", MOST_KEYS)
    if len(keys) > MOST_KEYS:
        raise _Refused(f"has more than {MOST_KEYS} keys, want a key of the config")
    if not equals or not all(keys):
        raise _Refused("want key.path=value, such as sampler.length=20")
    try:
        return keys, parse_value(text, override).data
    except YamlProblem as problem:
        hint = f" ({problem.hint})" if problem.hint else ""
        raise _Refused(f"{problem.message}{hint}") from None


class _Editor:
    """Puts a value into a document, and notes the option of the command line that it came from."""

    def __init__(self, document: Document, origin: str) -> None:
        self._document = document
        self._origin = origin

    def set(self, keys: Sequence[str], value: Any) -> None:
        """Sets the value at the end of `keys`; mappings on the way there are made if need be."""
        parent = self._document.data
        loc: KeyPath = ()
        for key in keys[:-1]:
            loc = (*loc, _step(parent, key, loc))
            self._open(parent, loc)
            parent = parent[loc[-1]]
        loc = (*loc, _step(parent, keys[-1], loc))
        self._put(parent, loc, value)

    def _open(self, parent: Any, loc: KeyPath) -> None:
        """Makes what is at `loc` a mapping if it is a section, or if nothing is there."""
        step = loc[-1]
        absent = isinstance(parent, list) and step == len(parent)
        value = None if absent or step not in _steps(parent) else parent[step]
        if _is_section(loc):
            if isinstance(value, str):
                self._open_name(parent, loc, value)
            elif value is None:
                default = default_plugin(str(loc[0]))
                self._put(parent, loc, {} if default is None else {"plugin": default})
        elif absent:
            raise _Refused(f"{dotted(loc[:-1])} has {len(parent)} entries, so none numbered {step}")
        elif isinstance(parent, dict) and value is None:
            self._put(parent, loc, {})

    def _open_name(self, parent: Any, loc: KeyPath, name: str) -> None:
        """Makes a section that is a name a mapping; its `plugin` stands where the name stood."""
        document = self._document
        parent[loc[-1]] = {"plugin": name}
        if loc in document.origins:
            document.origins[*loc, "plugin"] = document.origins[loc]
        elif loc in document.marks:
            document.marks[*loc, "plugin"] = document.marks[loc]

    def _put(self, parent: Any, loc: KeyPath, value: Any) -> None:
        """Puts a value at `loc`; the positions of the old one, and below it, are dropped."""
        document, step = self._document, loc[-1]
        if isinstance(parent, list) and step == len(parent):
            parent.append(value)
        else:
            parent[step] = value
        places: dict[KeyPath, Any]
        for places in (document.marks, document.key_marks, document.origins):
            for old in [place for place in places if place[: len(loc)] == loc]:
                del places[old]
        document.origins[loc] = self._origin


def _step(parent: Any, key: str, loc: KeyPath) -> str | int:
    """The key as the parent at `loc` takes it: a word for a mapping, a number for a list."""
    if isinstance(parent, dict):
        return key
    if isinstance(parent, list):
        if key.isdecimal() and key.isascii() and len(key) < 10 and int(key) <= len(parent):
            return int(key)
        raise _Refused(f"{dotted(loc)} is a list, want a number up to {len(parent)}, got {key!r}")
    raise _Refused(
        f"{dotted(loc)} is a single value, so it has no {key!r} (set {dotted(loc)} as a whole)"
    )


def _steps(parent: Any) -> Any:
    return range(len(parent)) if isinstance(parent, list) else parent


def _is_section(loc: KeyPath) -> bool:
    return loc[0] in KINDS if len(loc) == 1 else len(loc) == 2 and loc[0] == "hooks"
