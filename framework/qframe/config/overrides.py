"""`--set key.path=value`: the command line's word comes after the file's."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from qframe.config.document import Document, Path
from qframe.config.model import KINDS, default_plugin
from qframe.config.yaml_parser import YamlProblem, parse_value
from qframe.errors import ConfigError


def apply_overrides(document: Document, overrides: Sequence[str]) -> Document:
    """The document with each `key.path=value` put in, in order; the given one stays as it was.

    The value is YAML. A section given as a word opens when one of its options is set
    (`executor.workers=2` makes `{plugin: processes, workers: 2}`), and a word replaces a whole
    section, whose old options go with it (`storage=savetxt`).

    Raises:
        ConfigError: all that cannot be put in, one a line.
    """
    found = Document(
        document.name,
        deepcopy(document.data),
        dict(document.marks),
        dict(document.key_marks),
        dict(document.origins),
    )
    problems = []
    for override in overrides:
        try:
            _apply(found, override)
        except _Refused as refused:
            problems.append(f"{origin(override)}: {refused}")
    if problems:
        raise ConfigError("\n".join(problems))
    return found


def origin(override: str) -> str:
    """How errors call an override: one line, not too long."""
    text = override.encode("unicode_escape").decode() if not override.isprintable() else override
    return f"--set {text if len(text) <= 80 else text[:77] + '...'}"


class _Refused(Exception):  # noqa: N818 - never leaves the module
    pass


def _apply(found: Document, override: str) -> None:
    words, equals, text = override.partition("=")
    keys = words.strip().split(".")
    if not equals or not all(keys):
        raise _Refused("want key.path=value, such as sampler.length=20")
    try:
        value = parse_value(text, override).data
    except YamlProblem as problem:
        hint = f" ({problem.hint})" if problem.hint else ""
        raise _Refused(f"{problem.message}{hint}") from None

    parent = found.data
    path: Path = ()
    for key in keys[:-1]:
        step = _step(parent, key, path)
        if _is_section((*path, step)):
            _open_section(found, parent, step, (*path, step), origin(override))
        elif isinstance(parent, dict) and parent.get(key) is None:
            parent[key] = {}
            _forget(found, (*path, key))
            found.origins[*path, key] = origin(override)
        elif isinstance(parent, list) and step == len(parent):
            raise _Refused(f"{_dotted(path)} has {len(parent)} entries, so none numbered {key}")
        parent, path = parent[step], (*path, step)

    step = _step(parent, keys[-1], path)
    if isinstance(parent, list) and step == len(parent):
        parent.append(value)
    else:
        parent[step] = value
    _forget(found, (*path, step))
    found.origins[*path, step] = origin(override)


def _step(parent: Any, key: str, path: Path) -> Any:
    """The key as this parent takes it: a word for a mapping, a number for a list."""
    if isinstance(parent, dict):
        return key
    if isinstance(parent, list):
        if key.isdecimal() and key.isascii() and len(key) < 10 and int(key) <= len(parent):
            return int(key)
        raise _Refused(f"{_dotted(path)} is a list, want a number up to {len(parent)}, got {key!r}")
    raise _Refused(
        f"{_dotted(path)} is a single value, so it has no {key!r} (set {_dotted(path)} as a whole)"
    )


def _is_section(path: Path) -> bool:
    return path[0] in KINDS if len(path) == 1 else len(path) == 2 and path[0] == "hooks"


def _open_section(found: Document, parent: Any, step: Any, path: Path, by: str) -> None:
    """Makes a section that is a word, or left out, a mapping that options can be put into."""
    absent = isinstance(parent, list) and step == len(parent)
    section = None if absent else parent[step] if isinstance(parent, list) else parent.get(step)
    if isinstance(section, str):
        parent[step] = {"plugin": section}
        if path in found.origins:
            found.origins[*path, "plugin"] = found.origins[path]
        elif path in found.marks:
            found.marks[*path, "plugin"] = found.marks[path]
    elif section is None:
        default = default_plugin(str(path[0]))
        opened = {} if default is None else {"plugin": default}
        if absent:
            parent.append(opened)
        else:
            parent[step] = opened
        _forget(found, path)
        found.origins[path] = by


def _forget(found: Document, path: Path) -> None:
    """Drops the places of what was at `path`, and below it."""
    known: dict[Path, Any]
    for known in (found.marks, found.key_marks, found.origins):
        for old in [p for p in known if p[: len(path)] == path]:
            del known[old]


def _dotted(path: Path) -> str:
    return ".".join(map(str, path)) or "the config"
