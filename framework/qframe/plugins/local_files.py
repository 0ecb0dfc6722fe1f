"""Local plugin files: which names mean one, and how one becomes a Python module."""

from __future__ import annotations

import hashlib
import importlib.util
import linecache
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from types import ModuleType

from qframe.errors import PluginError
from qframe.machine.files import read_regular


@dataclass(frozen=True)
class LocalFile:
    """A local plugin file that this process has executed.

    Attributes:
        module: the module that the file became.
        sha256: SHA-256 of the bytes that were executed, in hexadecimal.
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

    The file is read once: the bytes that are hashed are the bytes that are executed. An edited
    file is executed again, as another module; objects of the old module keep the old code.

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
        source = _read(path)
        key = path, hashlib.sha256(source).hexdigest()
        if key not in _loaded:
            _loaded[key] = _execute(*key, source)
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


def _execute(path: Path, sha256: str, source: bytes) -> LocalFile:
    """Executes `source` as the module of the file at `path`."""
    of_path = hashlib.sha256(os.fsencode(path)).hexdigest()
    name = f"qframe_local_{path.stem}_{of_path[:8]}_{sha256[:16]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None  # noqa: S101 - Python has a loader for every .py file
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses, pydantic and pickle look a module up by name
    try:
        code = compile(source, str(path), "exec", dont_inherit=True)
        _show_in_tracebacks(path, source)
        exec(code, vars(module))  # noqa: S102 - a local plugin is code that the user asks to run
    except (Exception, SystemExit) as cause:
        del sys.modules[name]
        raise PluginError(f"local plugin {path} is broken: {error_line(cause, path)}") from cause
    return LocalFile(module, sha256)


def _show_in_tracebacks(path: Path, source: bytes) -> None:
    """Makes tracebacks show the text that was executed, also once the file has been edited."""
    text = importlib.util.decode_source(source)
    lines = text.splitlines(keepends=True)
    # None instead of a time of change: Python does not read the file again if it is edited.
    linecache.cache[str(path)] = (len(source), None, lines, str(path))


def error_line(error: BaseException, path: Path | None = None) -> str:
    """The error in one line, with the number of the line of the file at `path` that raised it."""
    line = ""
    trace = error.__traceback__
    while path is not None and trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = f" (line {trace.tb_lineno})"
        trace = trace.tb_next
    return f"{type(error).__name__}: {error}{line}"
