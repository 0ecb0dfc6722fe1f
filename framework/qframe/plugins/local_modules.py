"""Modules of local plugin files: the texts that were read, executed under names of their own.

A file and its neighbours are modules of one family. Its names are nobody else's, so that files of
one name in two directories are never mixed up, and nothing else in the process finds them.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib
import importlib.util
import linecache
import os
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from qframe.errors import PluginError
from qframe.plugins.neighbours import Source, Sources
from qframe.plugins.raised_at import error_line

_families: dict[str, Sources] = {}
"""What was read of each plugin file and its neighbours, by the name of the file's module."""


def execute(sources: Sources) -> ModuleType:
    """The module of a local plugin file, executed.

    Raises:
        PluginError: if the file, or one that it imports, raises an exception.
    """
    path = sources.main.path
    of_path = hashlib.sha256(os.fsencode(path)).hexdigest()
    stem = re.sub(r"\W", "_", path.stem)
    name = f"qframe_local_{stem}_{of_path[:8]}_{sources.sha256[:16]}"
    below: list[str] | None = [] if sources.modules else None
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=below)
    assert spec is not None  # noqa: S101 - Python has a loader for every .py file
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses, pydantic and pickle look a module up by name
    _families[name] = sources
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
    try:
        _run(module, sources.main, name)
    except (Exception, SystemExit) as cause:
        for loaded in [key for key in sys.modules if f"{key}.".startswith(f"{name}.")]:
            del sys.modules[loaded]
        line = error_line(cause, path.parent, named=path)
        raise PluginError(f"local plugin {path} is broken: {line}") from cause
    return module


class _Finder(MetaPathFinder, Loader):
    """Finds the neighbours of local plugin files among the texts that were read."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the texts are in memory
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        family, _, name = fullname.partition(".")
        source = _families[family].modules.get(name) if family in _families else None
        if source is None:
            return None
        spec = ModuleSpec(fullname, self, origin=str(source.path), is_package=source.package)
        spec.has_location = source.text is not None
        return spec

    def exec_module(self, module: ModuleType) -> None:
        family, _, name = module.__name__.partition(".")
        _run(module, _families[family].modules[name], family)


_FINDER = _Finder()


def _run(module: ModuleType, source: Source, family: str) -> None:
    """Executes a text as a module. Its import statements find the neighbours."""
    if source.text is None:  # a directory without `__init__.py`
        return
    code = compile(source.text, str(source.path), "exec", dont_inherit=True)
    _show_in_tracebacks(source)
    if _families[family].names:
        importing = {"__import__": _Import(family)}
        vars(module)["__builtins__"] = {**vars(builtins), **importing}
    exec(code, vars(module))  # noqa: S102 - a local plugin is code that the user asks to run


class _Import:
    """`__import__` of a family: names of its own mean its files, all others what they always mean.

    Args:
        family: name of the plugin file's module.
    """

    def __init__(self, family: str) -> None:
        self._family = family

    def __call__(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - as Python calls it
        locals: Mapping[str, object] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        top, _, rest = name.partition(".")
        sources = _families[self._family]
        if level or top not in sources.names:
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        own = self._family if top == sources.main.path.stem else f"{self._family}.{top}"
        full = f"{own}.{rest}" if rest else own
        importlib.import_module(full)
        # A `from` statement may name modules below; any other binds the name before the dots.
        return builtins.__import__(full, fromlist=fromlist) if fromlist else sys.modules[own]


def _show_in_tracebacks(source: Source) -> None:
    """Makes tracebacks show the text that was executed, also once the file has been edited."""
    text = importlib.util.decode_source(source.text or b"")
    lines, name = text.splitlines(keepends=True), str(source.path)
    # None instead of a time of change: Python does not read the file again if it is edited.
    linecache.cache[name] = (len(source.text or b""), None, lines, name)
