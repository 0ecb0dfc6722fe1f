"""The hooks by which a module offers plugin classes: one hook per kind.

The life-cycle hooks of a run are in `qframe.runs.hooks`. A hook is called a few times in a run,
never per record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

from qframe.errors import PluginError

if TYPE_CHECKING:
    from qframe.contracts.engine import Engine
    from qframe.contracts.executor import Executor
    from qframe.contracts.gate_set import GateSet
    from qframe.contracts.sampler import Sampler
    from qframe.contracts.storage import Storage

PROJECT = "qframe"
"""The name under which pluggy keeps qframe's hooks."""

hookspec = pluggy.HookspecMarker(PROJECT)
"""Marks a function as the declaration of a hook."""

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin module as the implementation of a hook."""


def register(
    manager: pluggy.PluginManager, plugin: object, what: str, name: str | None = None
) -> str:
    """Registers a module or an object with pluggy; returns its name there.

    Raises:
        PluginError: naming `what`, if one of its hooks has an argument that qframe does not pass.
    """
    try:
        registered = manager.register(plugin, name)
    except pluggy.PluginValidationError as cause:
        raise PluginError(
            f"{what}: {str(cause).splitlines()[-1]}",
            hint="docs/plugins.md lists the hooks and their arguments",
        ) from cause
    return str(registered)


# The bodies of hooks are empty: pluggy reads names and arguments.


@hookspec
def qframe_gate_sets() -> list[type[GateSet[Any]]]:  # type: ignore[empty-body]
    """Returns the gate-set classes that the module offers."""


@hookspec
def qframe_samplers() -> list[type[Sampler[Any]]]:  # type: ignore[empty-body]
    """Returns the sampler classes that the module offers."""


@hookspec
def qframe_engines() -> list[type[Engine[Any]]]:  # type: ignore[empty-body]
    """Returns the engine classes that the module offers."""


@hookspec
def qframe_storages() -> list[type[Storage[Any]]]:  # type: ignore[empty-body]
    """Returns the storage classes that the module offers."""


@hookspec
def qframe_executors() -> list[type[Executor[Any]]]:  # type: ignore[empty-body]
    """Returns the executor classes that the module offers."""
