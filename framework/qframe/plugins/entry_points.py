"""From the word in the YAML to a plugin class.

No fall-through: the word's form says where to look. A path (or `.py`) is a local file beside the
YAML, `pkg.module:attr` an attribute, anything else an installed entry point. All three end in the
same call: the module is registered with pluggy and its hook for the kind is asked for classes.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from qframe.__about__ import DISTRIBUTION
from qframe.contracts.plugin import CONTRACT_VERSION, Plugin
from qframe.errors import PluginError
from qframe.plugins import hookspecs
from qframe.plugins.installed import Installed, installed
from qframe.plugins.kinds import KINDS, Kind
from qframe.plugins.local_files import error_line, load_file, local_path


@dataclass(frozen=True)
class FoundPlugin:
    """A plugin class, and the text that it was executed from if that is a local file.

    Attributes:
        cls: the class.
        sha256: SHA-256 of the local file as it was executed; None for other plugins.
    """

    cls: type[Plugin[Any]]
    sha256: str | None = None


PACKAGES = {"cirq": "cirq-core", "sklearn": "scikit-learn", "yaml": "pyyaml"}
"""The name to install a module by, where it is not the module's own."""


def find_class(kind: str, plugin: str, base: Path) -> type[Plugin[Any]]:
    """The plugin class that `plugin` names; see `find_plugin`."""
    return find_plugin(kind, plugin, base).cls


def find_plugin(kind: str, plugin: str, base: Path, sha256: str | None = None) -> FoundPlugin:
    """The plugin that `plugin` names.

    Args:
        kind: `gate_set`, `sampler`, `engine`, `storage` or `executor`.
        plugin: the word in the YAML.
        base: the directory of the YAML.
        sha256: which text of a local file is meant, if this process has executed several
            (`load_file`).

    Raises:
        PluginError: unknown (with what is installed), broken (with the real cause), or known but
            not installed (with the pip line).
    """
    wanted = KINDS[kind]
    path = local_path(plugin, base)
    attribute = plugin.partition(":")[2]
    if path is not None:
        file = load_file(path, sha256)
        return FoundPlugin(_pick(wanted, file.module, attribute or None, plugin), file.sha256)
    if ":" in plugin:
        module = _import(plugin.partition(":")[0], plugin)
        return FoundPlugin(_pick(wanted, module, attribute, plugin))
    return FoundPlugin(_pick(wanted, _entry_module(_installed(kind, plugin)), None, plugin))


def load_module(plugin: str, base: Path) -> Any:
    """The module of a plugin of life-cycle hooks: a file, `pkg.module`, or `hooks.<name>`."""
    path = local_path(plugin, base)
    if path is not None:
        return load_file(path).module
    if any(i.name == plugin for i in installed("hooks")):
        return _entry_module(_installed("hooks", plugin))
    return _import(plugin.partition(":")[0], plugin)


def _installed(kind: str, name: str) -> Installed:
    here = installed(kind)
    found = [i for i in here if i.name == name]
    if len(found) > 1:
        raise PluginError(
            f"two distributions offer {kind} {name!r}: "
            f"{' and '.join(sorted(i.distribution for i in found))}",
            hint="uninstall one, or name the class itself as pkg.module:Class",
        )
    if found:
        return found[0]
    names = [i.name for i in here]
    close = get_close_matches(name, names, n=1)
    guess = f"did you mean {close[0]!r}? " if close else ""
    raise PluginError(
        f"unknown {kind} {name!r}: {guess}installed are {', '.join(names) or 'none'}",
        hint="`qframe plugins` lists them; a local file is named with its .py",
    )


def _entry_module(found: Installed) -> Any:
    """The loaded entry point: a module, or an object with hooks."""
    where = f"{found.kind} {found.name!r} (from {found.distribution} {found.version})"
    try:
        return found.entry.load()
    except ModuleNotFoundError as cause:
        package = found.entry.module.partition(".")[0]
        if cause.name and cause.name.partition(".")[0] != package:
            raise PluginError(
                f"{where} needs {cause.name}, which is not installed",
                hint=f"pip install {_missing_package(found, cause.name)}",
            ) from cause
        raise PluginError(f"{where} is installed but broken: {error_line(cause)}") from cause
    except (Exception, SystemExit) as cause:
        raise PluginError(f"{where} is installed but broken: {error_line(cause)}") from cause


def _missing_package(found: Installed, module: str) -> str:
    """What to install so that a plugin can import `module`.

    That is the distribution of the plugin with the extra of its entry point, if it names one. For
    qframe's own plugins it is the package of the module itself: qframe need not come from an index.
    """
    if found.entry.extras and found.distribution != DISTRIBUTION:
        return f"'{found.distribution}[{','.join(found.entry.extras)}]'"
    name = module.partition(".")[0]
    return PACKAGES.get(name, name)


def _import(module: str, plugin: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as cause:
        if cause.name and (module == cause.name or module.startswith(cause.name + ".")):
            raise PluginError(
                f"plugin {plugin!r}: no module named {cause.name!r} is installed",
                hint="install the package that holds it, or check the spelling",
            ) from cause
        raise PluginError(f"plugin {plugin!r} is broken: {error_line(cause)}") from cause
    except (Exception, SystemExit) as cause:
        raise PluginError(f"plugin {plugin!r} is broken: {error_line(cause)}") from cause


def _pick(kind: Kind, module: Any, attribute: str | None, plugin: str) -> type[Plugin[Any]]:
    if attribute is None:
        offered = classes(kind, module)
    else:
        offered = [_attribute(module, attribute, plugin)]
    named = [c for c in offered if getattr(c, "name", None) == plugin]
    candidates = named or offered
    if len(candidates) != 1:
        names = ", ".join(getattr(c, "__name__", repr(c)) for c in candidates) or "none"
        raise PluginError(
            f"plugin {plugin!r} offers {len(candidates)} {kind.name} classes ({names}), want one",
            hint=f"return it from {kind.hook}(), or write {plugin.partition(':')[0]}:ClassName",
        )
    return _checked(kind, candidates[0], plugin)


def _attribute(module: Any, attribute: str, plugin: str) -> Any:
    try:
        return getattr(module, attribute)
    except AttributeError:
        raise PluginError(
            f"plugin {plugin!r}: {module.__name__} has no {attribute!r}",
            hint="write it as pkg.module:ClassName",
        ) from None


def classes(kind: Kind, module: Any) -> list[Any]:
    """The classes of a kind that a module offers.

    Its hook says so; a module without that hook offers the contract's subclasses that it defines
    itself (those that it merely imported do not count).
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    register(manager, module, f"plugin {getattr(module, '__file__', module)}")
    answers = getattr(manager.hook, kind.hook)()
    if answers:
        return [c for answer in answers for c in answer]
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, kind.base)
        and value.__module__ == getattr(module, "__name__", None)
        and not getattr(value, "__abstractmethods__", None)
    ]


def register(
    manager: pluggy.PluginManager, plugin: object, what: str, name: str | None = None
) -> str:
    """Registers a module or an object with pluggy; returns its name there.

    Raises:
        PluginError: naming `what`, if a hook of it has an argument that the hook does not have.
    """
    try:
        registered = manager.register(plugin, name)
    except pluggy.PluginValidationError as cause:
        raise PluginError(
            f"{what}: {str(cause).splitlines()[-1]}",
            hint="docs/plugins.md lists the hooks and their arguments",
        ) from cause
    return str(registered)


def _checked(kind: Kind, found: Any, plugin: str) -> type[Plugin[Any]]:
    if not (isinstance(found, type) and issubclass(found, kind.base)):
        raise PluginError(
            f"plugin {plugin!r} offers {found!r}, want a subclass of qframe.{kind.contract}"
        )
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    if missing:
        raise PluginError(f"plugin {plugin!r}: {found.__name__} lacks {', '.join(missing)}()")
    if not isinstance(getattr(found, "name", None), str):
        raise PluginError(
            f"plugin {plugin!r}: {found.__name__} has no name", hint="give the class name = '...'"
        )
    if found.contract != CONTRACT_VERSION:
        raise PluginError(
            f"plugin {plugin!r} was written for contract {found.contract}, "
            f"this qframe has {CONTRACT_VERSION}",
            hint="install matching versions of the two",
        )
    return found
