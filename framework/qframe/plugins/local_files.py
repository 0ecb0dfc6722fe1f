"""Plugins that are local files: recognising, hashing and executing them."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from qframe.errors import PluginError


def is_local(plugin: str) -> bool:
    """Whether the word names a file: it holds a slash, or ends in `.py` (before any `:Class`)."""
    return "/" in plugin or plugin.partition(":")[0].endswith(".py")


def local_path(plugin: str, base: Path) -> Path | None:
    """The file of a local plugin, else None."""
    return (base / plugin.partition(":")[0]).resolve() if is_local(plugin) else None


def file_sha256(path: Path) -> str:
    """What identifies a local sampler in the recipe."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@lru_cache(maxsize=64)
def load_file(path: Path) -> ModuleType:
    """Executes a local plugin file as a module, once a process."""
    if not path.is_file():
        raise PluginError(
            f"local plugin file {path} does not exist",
            hint="paths are relative to the directory of the YAML",
        )
    name = f"qframe_local_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"local plugin {path} is not a Python file", hint="name a .py file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pydantic look their own module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as cause:
        del sys.modules[name]
        raise PluginError(f"local plugin {path} is broken: {_cause(cause, path)}") from cause
    return module


def _cause(error: BaseException, path: Path | None = None) -> str:
    """The error as one line, with the line of the plugin's own file where it is known."""
    line = ""
    trace = error.__traceback__
    while path is not None and trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = f" (line {trace.tb_lineno})"
        trace = trace.tb_next
    return f"{type(error).__name__}: {error}{line}"
