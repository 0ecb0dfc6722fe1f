"""The plugin classes that a module offers, and the one of them that a config means."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import pluggy
from pydantic import BaseModel

from qframe.contracts.plugin import CONTRACT_VERSION, Plugin
from qframe.errors import PluginError
from qframe.plugins import hookspecs
from qframe.plugins.kinds import KINDS, Kind

MOST_CHARACTERS = 64
"""Characters of the longest name of a plugin."""


def pick_class(kind: Kind, module: Any, attribute: str | None, plugin: str) -> type[Plugin[Any]]:
    """The class of a kind that a config means.

    Args:
        kind: the kind of plugin.
        module: the module, or object with hooks, that `plugin` names.
        attribute: the class of it that is named; None: the only one, or the one whose `name` is
            `plugin`.
        plugin: the name in the YAML, for messages.

    Raises:
        PluginError: there is none, or more than one, or it does not keep the contract.
    """
    if attribute is not None:
        return _checked(kind, _attribute(module, attribute, plugin), plugin)
    if isinstance(module, type) or not _has_attributes(module):
        return _checked(kind, module, plugin)  # an entry point that names the class itself
    offered = offered_classes(kind, module)
    named = [cls for cls in offered if getattr(cls, "name", None) == plugin]
    candidates = named or offered
    if len(candidates) == 1:
        return _checked(kind, candidates[0], plugin)
    if not candidates:
        _refuse_unfinished(kind, module, plugin)
    names = ", ".join(getattr(c, "__name__", repr(c)) for c in candidates) or "none"
    raise PluginError(
        f"plugin {plugin!r} offers {len(candidates)} {kind.name} classes ({names}), want one",
        hint=f"return it from {kind.hook}(), or write {plugin.partition(':')[0]}:ClassName",
    )


def offered_classes(kind: Kind, module: Any) -> list[Any]:
    """The classes of a kind that a module offers.

    They are what the module's hook for the kind returns. A module without that hook offers the
    contract's subclasses that it defines itself; those that it merely imported do not count.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    hookspecs.register(manager, module, f"plugin {getattr(module, '__file__', module)}")
    answers = getattr(manager.hook, kind.hook)()
    if answers:
        return [cls for answer in answers for cls in answer]
    return [cls for cls in _defined(module, kind.base) if not _lacking(cls)]


def _defined(module: Any, base: type) -> list[type]:
    """The subclasses of `base` that a module defines itself."""
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, base)
        and value.__module__ == getattr(module, "__name__", None)
    ]


def _lacking(cls: Any) -> list[str]:
    """Names of the methods that the contract wants, and the class lacks."""
    return sorted(getattr(cls, "__abstractmethods__", ()))


def _has_attributes(module: Any) -> bool:
    return hasattr(module, "__dict__")


def _refuse_unfinished(kind: Kind, module: Any, plugin: str) -> None:
    """Says what a module has, if it offers no class of the kind: an unfinished one, or another.

    Raises:
        PluginError: naming what the module has.
    """
    unfinished = [cls for cls in _defined(module, kind.base) if _lacking(cls)]
    if unfinished:
        lacks = "; ".join(map(_lacks, unfinished))
        raise PluginError(f"plugin {plugin!r} offers 0 {kind.name} classes: {lacks}")
    for other in KINDS.values():
        for cls in _defined(module, other.base) if other is not kind else ():
            raise PluginError(
                f"plugin {plugin!r} offers 0 {kind.name} classes: {cls.__name__} is of the kind "
                f"{other.name}",
                hint=f"name it under {other.name}:, or derive it from qframe.{kind.contract}",
            )


def _lacks(cls: type) -> str:
    """`Mine lacks gates() (did you mean that by gate()?)`."""
    own = [name for name, value in vars(cls).items() if callable(value)]
    words = []
    for method in _lacking(cls):
        close = get_close_matches(method, own, n=1)
        words.append(f"{method}()" + (f" (did you mean that by {close[0]}()?)" if close else ""))
    return f"{cls.__name__} lacks {', '.join(words)}"


def _attribute(module: Any, attribute: str, plugin: str) -> Any:
    try:
        return getattr(module, attribute)
    except AttributeError:
        raise PluginError(
            f"plugin {plugin!r}: {module.__name__} has no {attribute!r}",
            hint="write it as pkg.module:ClassName",
        ) from None


def _checked(kind: Kind, cls: Any, plugin: str) -> type[Plugin[Any]]:
    """The class, if it keeps what its contract says about classes."""
    if not (isinstance(cls, type) and issubclass(cls, kind.base)):
        raise PluginError(
            f"plugin {plugin!r} offers {cls!r}, want a subclass of qframe.{kind.contract}"
        )
    if _lacking(cls):
        raise PluginError(f"plugin {plugin!r}: {_lacks(cls)}")
    name = getattr(cls, "name", None)
    if not isinstance(name, str) or not name:
        raise PluginError(
            f"plugin {plugin!r}: {cls.__name__} has no name", hint="give the class name = '...'"
        )
    if not name.isprintable() or len(name) > MOST_CHARACTERS:
        raise PluginError(
            f"plugin {plugin!r}: the name of {cls.__name__} is {name[:80]!r}, want at most "
            f"{MOST_CHARACTERS} printable characters"
        )
    if not isinstance(cls.version, int) or isinstance(cls.version, bool):
        raise PluginError(
            f"plugin {plugin!r}: the version of {cls.__name__} is {cls.version!r}, want an integer",
            hint="give the class version = 1, and raise it when the same options mean other data",
        )
    if not (isinstance(cls.Options, type) and issubclass(cls.Options, BaseModel)):
        raise PluginError(
            f"plugin {plugin!r}: Options of {cls.__name__} is {cls.Options!r}, want a class",
            hint="derive it from qframe.PluginOptions",
        )
    if cls.contract != CONTRACT_VERSION:
        raise PluginError(
            f"plugin {plugin!r} was written for contract {cls.contract}, "
            f"this qframe has {CONTRACT_VERSION}",
            hint="install matching versions of the two",
        )
    return cls
