"""identity: which code a plugin is, so that two processes can tell whether theirs is the same."""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from pathlib import Path

from qframe.contracts.plugin import PluginSpec
from qframe.plugins.blame import origin
from qframe.plugins.local_files import is_local
from qframe.plugins.resolve import find_plugin


def identity(spec: PluginSpec) -> str:
    """The version of a plugin, its package, and the SHA-256 of its file, in one line.

    Raises:
        PluginError: as `find_plugin`.
    """
    if not is_local(spec.plugin):
        return _imported(spec.kind, spec.plugin)
    found = find_plugin(spec.kind, spec.plugin, Path(spec.base), spec.sha256)
    return f"version {found.cls.version}, {_shown(found.sha256)}"


@cache
def _imported(kind: str, plugin: str) -> str:
    """The identity of a plugin that is no local file.

    Read once in a process, because the code that the process runs is that of its first import.
    """
    cls = find_plugin(kind, plugin, Path()).cls
    package = origin(PluginSpec(kind, plugin, {}, "")).rpartition(" (")[2].rstrip(")")
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    try:
        sha256 = hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else None
    except OSError:  # as in a zip file
        sha256 = None
    return f"version {cls.version}, {package}, {_shown(sha256)}"


def _shown(sha256: str | None) -> str:
    return f"SHA-256 {sha256[:16]}" if sha256 else "no file"
