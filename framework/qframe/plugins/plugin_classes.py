"""The plugin classes that a module offers, and the one of them that a config means."""

from __future__ import annotations

import inspect
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pluggy
from pydantic import BaseModel

from qframe.contracts.plugin import CONTRACT_VERSION, Plugin
from qframe.errors import PluginError
from qframe.plugins import hookspecs
from qframe.plugins.kinds import Kind
from qframe.plugins.raised_at import error_line

LONGEST_NAME = 64
"""Most characters of the name of a plugin."""


def pick_class(kind: Kind, module: Any, attribute: str | None, plugin: str) -> type[Plugin[Any]]:
    """The class of a kind that a config means.

    Args:
        kind: the kind of plugin.
        module: the module, class, or object with hooks, that `plugin` names.
        attribute: the class of it that is named; None: the only one, or the one whose `name` is
            `plugin`.
        plugin: the name in the YAML, for messages.

    Raises:
        PluginError: there is none, or more than one, or it does not keep the contract.
    """
    if attribute is None:
        offered = offered_classes(kind, module)
    else:
        offered = [_attribute(module, attribute, plugin)]
    named = [cls for cls in offered if getattr(cls, "name", None) == plugin]
    candidates = named or offered
    if not candidates:
        raise PluginError(
            f"plugin {plugin!r} offers no {kind.name}{_instead(kind, module)}",
            hint=f"write `class ClassName({kind.contract})`, with {kind.contract} from qframe",
        )
    if len(candidates) > 1:
        names = ", ".join(getattr(c, "__name__", repr(c)) for c in candidates)
        raise PluginError(
            f"plugin {plugin!r} offers {len(candidates)} {kind.name} classes ({names}), want one",
            hint=f"return it from {kind.hook}(), or write {plugin.partition(':')[0]}:ClassName",
        )
    return _checked(kind, candidates[0], plugin)


def offered_classes(kind: Kind, module: Any) -> list[Any]:
    """The classes of a kind that a module offers.

    They are what the module's hook for the kind returns. A module without that hook offers the
    contract's subclasses that it defines itself; those that it merely imported do not count. If
    all of them lack a method, they are offered all the same, so that the error names the method.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    hookspecs.register(manager, module, f"plugin {getattr(module, '__file__', module)}")
    try:
        answers = [list(answer) for answer in getattr(manager.hook, kind.hook)()]
    except Exception as cause:
        file = getattr(module, "__file__", None)
        path = Path(file) if file else None
        line = error_line(cause, path, named=path)
        raise PluginError(
            f"plugin {file or module}: its {kind.hook}() failed: {line}",
            hint=f"return a list of classes: `return [ClassName]`, each a {kind.contract}",
        ) from cause
    if answers:
        return [cls for answer in answers for cls in answer]
    if inspect.isclass(module):  # an entry point `module:Class`
        return [module]
    found = [cls for cls in _defined(module) if issubclass(cls, kind.base)]
    return [cls for cls in found if not inspect.isabstract(cls)] or found


def _defined(module: Any) -> list[type]:
    """The classes that a module defines itself, in their order."""
    name = getattr(module, "__name__", None)
    values = vars(module).values() if hasattr(module, "__dict__") else ()
    return [cls for cls in values if isinstance(cls, type) and cls.__module__ == name]


def _instead(kind: Kind, module: Any) -> str:
    """What a module without a class of the kind has instead, for the message."""
    others = [cls for cls in _defined(module) if not issubclass(cls, BaseModel)]
    return "".join(
        f": {_place(cls)} is no subclass of qframe.{kind.contract}" for cls in others[:1]
    )


def _attribute(module: Any, attribute: str, plugin: str) -> Any:
    try:
        return getattr(module, attribute)
    except AttributeError:
        close = get_close_matches(attribute, [cls.__name__ for cls in _defined(module)], n=1)
        guess = f": did you mean {close[0]!r}?" if close else ""
        name = getattr(module, "__name__", module)
        raise PluginError(
            f"plugin {plugin!r}: {name} has no {attribute!r}{guess}",
            hint="write it as pkg.module:ClassName",
        ) from None


def _checked(kind: Kind, cls: Any, plugin: str) -> type[Plugin[Any]]:
    """The class, if it keeps what its contract says about classes."""
    if not (isinstance(cls, type) and issubclass(cls, kind.base)):
        what = _place(cls) if isinstance(cls, type) else repr(cls)
        raise PluginError(
            f"plugin {plugin!r} offers {what}, want a subclass of qframe.{kind.contract}"
        )
    problem = _problem(cls)
    if problem is not None:
        what, hint = problem
        raise PluginError(f"plugin {plugin!r}: {_place(cls)} {what}", hint=hint)
    if cls.contract != CONTRACT_VERSION:
        raise PluginError(
            f"plugin {plugin!r} was written for contract {cls.contract!r}, "
            f"this qframe has {CONTRACT_VERSION}",
            hint="install matching versions of the two",
        )
    return cls


def _problem(cls: Any) -> tuple[str, str | None] | None:
    """What is wrong with a plugin class, and how to mend it; None if nothing is."""
    missing = sorted(getattr(cls, "__abstractmethods__", ()))
    name, version, options = (getattr(cls, key, None) for key in ("name", "version", "Options"))
    if missing:
        return f"lacks {', '.join(f'{method}()' for method in missing)}", _misspelt(cls, missing)
    if not isinstance(name, str) or not name:
        return "has no name", "give the class name = '...'"
    if len(name) > LONGEST_NAME or not name.isprintable():
        return (
            f"has the name {name[:LONGEST_NAME]!r}, "
            f"want at most {LONGEST_NAME} printable characters",
            "give the class a shorter name = '...'",
        )
    if not isinstance(version, int) or isinstance(version, bool):
        return f"has version {version!r}, want a whole number", "give the class version = 1"
    if not (isinstance(options, type) and issubclass(options, BaseModel)):
        return (
            f"has Options {options!r}, want a subclass of qframe.PluginOptions",
            "write `class MyOptions(PluginOptions)` and `Options = MyOptions` in the class",
        )
    return None


def _misspelt(cls: type, missing: list[str]) -> str | None:
    """A hint where a method that the class defines looks like one that it lacks."""
    own = [name for name, value in vars(cls).items() if callable(value)]
    pairs = [(close, method) for method in missing for close in get_close_matches(method, own, n=1)]
    return "; ".join(f"rename {own}() to {method}()" for own, method in pairs) or None


def _place(cls: type) -> str:
    """Name of a class, with the file and the line that define it: `G (gates.py:3)`."""
    try:
        file, (_, line) = inspect.getsourcefile(cls), inspect.getsourcelines(cls)
    except (OSError, TypeError):  # made at run time, or without its source
        return cls.__name__
    return f"{cls.__name__} ({file}:{line})"
