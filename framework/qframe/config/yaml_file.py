"""read_yaml: the mapping that a YAML file holds, with the position of everything in it."""

from __future__ import annotations

import errno
from difflib import get_close_matches
from pathlib import Path

from qframe.config.document import Document
from qframe.config.yaml_parser import YamlProblem, parse_value
from qframe.errors import ConfigError
from qframe.machine.files import read_regular

MAX_BYTES = 1 << 20
"""Largest size of a config."""


def read_yaml(path: Path) -> Document:
    """The mapping that a YAML file holds.

    Raises:
        ConfigError: the first problem, with its position: not a readable file, above 1 MiB, not
            UTF-8, not YAML, or more than plain data.
    """
    raw = _read(path)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        before = raw[: cause.start]
        line, column = before.count(b"\n") + 1, cause.start - before.rfind(b"\n")
        raise ConfigError(
            f"{path}:{line}:{column}: byte 0x{raw[cause.start]:02x} is not UTF-8",
            hint="save the file as UTF-8",
        ) from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, name: str) -> Document:
    """The mapping that a YAML text holds; `name` is what errors call it.

    Raises:
        ConfigError: as `read_yaml`.
    """
    try:
        document = parse_value(text, name)
        if document.data is None:
            raise YamlProblem("the file is empty", (1, 1), "a config has at least records: 1000")
        if not isinstance(document.data, dict):
            kind = "a list" if isinstance(document.data, list) else "a single value"
            raise YamlProblem(
                f"got {kind}, want a mapping", document.marks[()], "each line is `key: value`"
            )
    except YamlProblem as problem:
        line, column = problem.mark
        where = f"{name}:{line}:{column}"
        raise ConfigError(f"{where}: {problem.message}", hint=problem.hint) from None
    return document


def _read(path: Path) -> bytes:
    """The bytes of a config file: never more than `MAX_BYTES`, whatever the path names."""
    try:
        if path.is_dir():
            raise ConfigError(f"{path}: is a directory, want a YAML file")
        if not path.exists():
            near = get_close_matches(path.name, [p.name for p in path.parent.glob("*.y*ml")], n=1)
            hint = f"did you mean {path.with_name(near[0])}?" if near else "check the path"
            raise ConfigError(f"{path}: no such file", hint=hint)
        return read_regular(path, MAX_BYTES)
    except (OSError, ValueError) as cause:
        if isinstance(cause, ConfigError):
            raise
        reason = getattr(cause, "strerror", None) or str(cause)
        number = getattr(cause, "errno", None)
        what = reason if number in (errno.EFBIG, errno.EINVAL) else f"cannot be read: {reason}"
        large = "this is not a config; put large data into a plugin"
        advice = large if number == errno.EFBIG else None
        raise ConfigError(f"{path}: {what}", hint=advice) from None
