"""Local plugin files: which names mean one, and how one is loaded with the files beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from types import ModuleType

from qframe.errors import PluginError
from qframe.machine.files import read_regular
from qframe.plugins.local_modules import execute
from qframe.plugins.neighbours import sources_of


@dataclass(frozen=True)
class LocalFile:
    """A local plugin file that this process has executed.

    Attributes:
        module: the module that the file became.
        sha256: SHA-256 of what was executed, in hexadecimal: of the file's bytes, or with files
            beside it that it imports, as `Sources.sha256` says.
    """

    module: ModuleType
    sha256: str


_loaded: dict[tuple[Path, str], LocalFile] = {}
"""The files that this process has executed, by path and SHA-256."""

_loading = RLock()
"""Held while a file is executed, so that no thread sees half a module."""


def is_local(plugin: str) -> bool:
    """Whether the name means a file: it holds a slash, or ends in `.py` (before any `:Class`)."""
    return "/" in plugin or plugin.partition(":")[0].endswith(".py")


def local_path(plugin: str, base: Path) -> Path | None:
    """The file of a local plugin, with symbolic links followed; None for other plugins."""
    return (base / plugin.partition(":")[0]).resolve() if is_local(plugin) else None


def load_file(path: Path, sha256: str | None = None) -> LocalFile:
    """The local plugin file, executed once per process and text.

    It and the files beside it that it imports are read once: the bytes that are hashed are the
    bytes that are executed. After an edit of one of them it is executed again, as another module;
    objects of the old module keep the old code.

    Args:
        path: the file; absolute, without symbolic links.
        sha256: of the text that is meant. If this process has executed that text, its module is
            returned, whatever the file says by now. Else the file is loaded as it is.

    Raises:
        PluginError: if the file does not exist, is not a Python file, or raises an exception.
    """
    with _loading:
        if sha256 is not None and (path, sha256) in _loaded:
            return _loaded[path, sha256]
        sources = sources_of(path, _read(path))
        key = path, sources.sha256
        if key not in _loaded:
            _loaded[key] = LocalFile(execute(sources), sources.sha256)
        return _loaded[key]


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise PluginError(
            f"local plugin file {path} does not exist",
            hint="paths are relative to the directory of the YAML",
        )
    if path.suffix != ".py":
        raise PluginError(f"local plugin {path} is not a Python file", hint="name a .py file")
    try:
        return read_regular(path)
    except OSError as cause:
        raise PluginError(f"local plugin {path} cannot be read: {cause.strerror}") from cause
