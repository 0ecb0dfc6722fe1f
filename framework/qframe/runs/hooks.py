"""The life-cycle hooks of a run: what they are, and how a run calls them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pluggy

from qframe.config.load import LoadedConfig
from qframe.contracts.job import TaskDone
from qframe.errors import QframeError, WorkerError
from qframe.plugins import hookspecs
from qframe.plugins.blame import error_of
from qframe.plugins.hookspecs import hookspec
from qframe.plugins.resolve import load_module, register
from qframe.runs.plan import RunPlan
from qframe.runs.summary import RunSummary

# The bodies are empty: pluggy reads names and arguments.


@hookspec
def qframe_run_started(plan: RunPlan) -> None:
    """A run begins, in the parent process. `plan` says what it will do."""


@hookspec
def qframe_task_stored(plan: RunPlan, done: TaskDone, stored: int) -> None:
    """A task is stored. `stored` counts the dataset's records so far, earlier runs included."""


@hookspec
def qframe_run_finished(plan: RunPlan, summary: RunSummary) -> None:
    """A run ended: complete, or interrupted (`summary.complete` is False)."""


class RunHooks:
    """The hook plugins of one run: those that its config names, and objects of the caller.

    Args:
        loaded: the config.
        given: objects with life-cycle hooks.

    Raises:
        PluginError: if a hook plugin cannot be loaded, or a hook has a wrong name or argument.
    """

    def __init__(self, loaded: LoadedConfig, given: Sequence[object] = ()) -> None:
        self._loaded = loaded
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._manager.add_hookspecs(sys.modules[__name__])
        self._specs = {}
        for number, spec in enumerate(loaded.hooks):
            module = load_module(spec.plugin, Path(spec.base))
            name = register(self._manager, module, f"hooks {spec.plugin!r}", f"config {number}")
            self._specs[name] = spec
        for number, plugin in enumerate(given):
            kind = f"hook object {type(plugin).__name__}"
            register(self._manager, plugin, kind, f"{kind} ({number})")

    def started(self, plan: RunPlan) -> None:
        """Calls `qframe_run_started`."""
        self._call("qframe_run_started", plan=plan)

    def task_stored(self, plan: RunPlan, done: TaskDone, stored: int) -> None:
        """Calls `qframe_task_stored`."""
        self._call("qframe_task_stored", plan=plan, done=done, stored=stored)

    def finished(self, plan: RunPlan, summary: RunSummary) -> None:
        """Calls `qframe_run_finished`."""
        self._call("qframe_run_finished", plan=plan, summary=summary)

    def _call(self, hook: str, **facts: Any) -> None:
        """Calls the hook of each plugin by itself, so that an error names the right one."""
        plugins = self._manager.get_plugins()
        for name, plugin in self._manager.list_name_plugin():
            call = self._manager.subset_hook_caller(hook, plugins - {plugin})
            try:
                call(**facts)
            except QframeError:
                raise
            except Exception as cause:
                raise self._error(name, hook, cause) from cause

    def _error(self, name: str, hook: str, cause: Exception) -> WorkerError:
        command = f"qframe run {self._loaded.words}"
        if name in self._specs:
            return error_of(self._specs[name], cause, command, hook)
        return WorkerError(f"{hook}: {name} raised {type(cause).__name__}: {cause}")
