"""The plugin classes that a module offers, and the one of them that a config means."""

from __future__ import annotations

from typing import Any

import pluggy

from qframe.contracts.plugin import CONTRACT_VERSION, Plugin
from qframe.errors import PluginError
from qframe.plugins import hookspecs
from qframe.plugins.kinds import Kind


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
    if attribute is None:
        offered = offered_classes(kind, module)
    else:
        offered = [_attribute(module, attribute, plugin)]
    named = [cls for cls in offered if getattr(cls, "name", None) == plugin]
    candidates = named or offered
    if len(candidates) != 1:
        names = ", ".join(getattr(c, "__name__", repr(c)) for c in candidates) or "none"
        raise PluginError(
            f"plugin {plugin!r} offers {len(candidates)} {kind.name} classes ({names}), want one",
            hint=f"return it from {kind.hook}(), or write {plugin.partition(':')[0]}:ClassName",
        )
    return _checked(kind, candidates[0], plugin)


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
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, kind.base)
        and value.__module__ == getattr(module, "__name__", None)
        and not getattr(value, "__abstractmethods__", None)
    ]


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
    missing = sorted(getattr(cls, "__abstractmethods__", ()))
    if missing:
        raise PluginError(f"plugin {plugin!r}: {cls.__name__} lacks {', '.join(missing)}()")
    if not isinstance(getattr(cls, "name", None), str):
        raise PluginError(
            f"plugin {plugin!r}: {cls.__name__} has no name", hint="give the class name = '...'"
        )
    if cls.contract != CONTRACT_VERSION:
        raise PluginError(
            f"plugin {plugin!r} was written for contract {cls.contract}, "
            f"this qframe has {CONTRACT_VERSION}",
            hint="install matching versions of the two",
        )
    return cls
