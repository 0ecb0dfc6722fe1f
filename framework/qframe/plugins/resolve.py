"""find_plugin: from the name in the YAML to a plugin class.

The form of the name says where to look; nowhere else is tried. A path (or `.py`) is a local file
beside the YAML, `pkg.module:attr` an attribute of a module, anything else an installed plugin.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from qframe.contracts.plugin import Plugin
from qframe.errors import PluginError
from qframe.plugins.entry_points import load_installed
from qframe.plugins.installed import installed
from qframe.plugins.kinds import KINDS
from qframe.plugins.local_files import load_file, local_path
from qframe.plugins.plugin_classes import pick_class
from qframe.plugins.raised_at import error_line, home_of
from qframe.plugins.search_path import file_in_the_way, installed_module


@dataclass(frozen=True)
class FoundPlugin:
    """A plugin class and, if it came from a local file, the text that was executed.

    Attributes:
        cls: the class.
        sha256: SHA-256 of the local file as it was executed; None for other plugins.
    """

    cls: type[Plugin[Any]]
    sha256: str | None = None


def find_class(kind: str, plugin: str, base: Path) -> type[Plugin[Any]]:
    """The plugin class that `plugin` names; see `find_plugin`."""
    return find_plugin(kind, plugin, base).cls


def find_plugin(kind: str, plugin: str, base: Path, sha256: str | None = None) -> FoundPlugin:
    """The plugin that `plugin` names.

    Args:
        kind: `gate_set`, `sampler`, `engine`, `storage` or `executor`.
        plugin: the name in the YAML.
        base: the directory of the YAML.
        sha256: which text of a local file is meant, if this process has executed several
            (`load_file`).

    Raises:
        PluginError: it is unknown (with what is installed), broken (with the cause), needs a
            package that is not installed (with the pip line), or does not keep its contract.
    """
    path = local_path(plugin, base)
    before, colon, attribute = plugin.partition(":")
    if path is not None:
        file = load_file(path, sha256)
        cls = pick_class(KINDS[kind], file.module, attribute or None, plugin)
        return FoundPlugin(cls, file.sha256)
    if colon:
        return FoundPlugin(pick_class(KINDS[kind], _import(before, plugin), attribute, plugin))
    return FoundPlugin(pick_class(KINDS[kind], load_installed(kind, plugin), None, plugin))


def load_module(plugin: str, base: Path) -> Any:
    """The module of a plugin of life-cycle hooks: a file, `pkg.module`, or `hooks.<name>`.

    Raises:
        PluginError: as `find_plugin`.
    """
    path = local_path(plugin, base)
    if path is not None:
        return load_file(path).module
    if any(entry.name == plugin for entry in installed("hooks")):
        return load_installed("hooks", plugin)
    return _import(plugin.partition(":")[0], plugin)


def _import(module: str, plugin: str) -> ModuleType:
    """Imports the module of a plugin that is named as `pkg.module:attr`."""
    _refuse_accidents(module.partition(".")[0], plugin)
    try:
        return importlib.import_module(module)
    except (Exception, SystemExit) as cause:
        absent = cause.name if isinstance(cause, ModuleNotFoundError) else None
        if absent and (module == absent or module.startswith(absent + ".")):
            named = any(entry.name == module for entry in installed())
            raise PluginError(
                f"plugin {plugin!r}: no module named {absent!r} is installed",
                hint=f"{module!r} is the name of an installed plugin: write it without the colon"
                if named
                else "install the package that holds it, or check the spelling",
            ) from cause
        line = error_line(cause, home_of(module))
        raise PluginError(f"plugin {plugin!r} is broken: {line}") from cause


def _refuse_accidents(package: str, plugin: str) -> None:
    """Refuses a module that lies in the working directory: another one may lie in another.

    Raises:
        PluginError: naming the file.
    """
    accident = file_in_the_way(package) if package else None
    if accident is None:
        return
    loaded = getattr(sys.modules.get(package), "__file__", None)
    meant = installed_module(package)
    if loaded is not None and Path(loaded).resolve() != accident.resolve():
        return
    if meant is not None and meant.origin and Path(meant.origin).resolve() == accident.resolve():
        return
    raise PluginError(
        f"plugin {plugin!r}: the module {package!r} is {accident}: it is not installed, it only "
        "lies in the working directory",
        hint="name the file itself, such as ./my_plugins.py:ClassName; or install it; or put its "
        "directory into PYTHONPATH",
    )
