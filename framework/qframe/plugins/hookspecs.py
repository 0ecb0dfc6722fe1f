"""The hooks. Few and cold: one a kind that returns classes, and the life cycle of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from qframe.contracts.engine import Engine
    from qframe.contracts.executor import Executor
    from qframe.contracts.gate_set import GateSet
    from qframe.contracts.sampler import Sampler
    from qframe.contracts.storage import Storage

PROJECT = "qframe"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin module as the implementation of a hook."""

# The bodies are empty: pluggy reads names and arguments.


@hookspec
def qframe_gate_sets() -> list[type[GateSet[Any]]]:  # type: ignore[empty-body]
    """The gate-set classes of this module."""


@hookspec
def qframe_samplers() -> list[type[Sampler[Any]]]:  # type: ignore[empty-body]
    """The sampler classes of this module."""


@hookspec
def qframe_engines() -> list[type[Engine[Any]]]:  # type: ignore[empty-body]
    """The engine classes of this module."""


@hookspec
def qframe_storages() -> list[type[Storage[Any]]]:  # type: ignore[empty-body]
    """The storage classes of this module."""


@hookspec
def qframe_executors() -> list[type[Executor[Any]]]:  # type: ignore[empty-body]
    """The executor classes of this module."""
