"""The life-cycle hooks of a run: their specifications, and RunHooks, which calls them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from inspect import unwrap
from pathlib import Path
from traceback import walk_tb

import pluggy

from qframe.config.load import LoadedConfig
from qframe.contracts.job import TaskDone
from qframe.contracts.plugin import PluginSpec
from qframe.errors import ConfigError, PluginError, QframeError, WorkerError
from qframe.plugins import hookspecs
from qframe.plugins.blame import error_of
from qframe.plugins.hookspecs import hookspec, register
from qframe.plugins.resolve import load_module
from qframe.runs.plan import RunPlan
from qframe.runs.summary import RunSummary

# The bodies are empty: pluggy reads names and arguments.


@hookspec
def qframe_run_started(plan: RunPlan) -> None:
    """A run begins. `plan` says what the run will do. Called in the parent process, like all."""


@hookspec
def qframe_task_stored(plan: RunPlan, done: TaskDone, stored: int) -> None:
    """A task is stored. `stored` is the number of records in the dataset, earlier runs included."""


@hookspec
def qframe_run_finished(plan: RunPlan, summary: RunSummary) -> None:
    """A run ended. If it was interrupted, `summary.complete` is False."""


class RunHooks:
    """The hook plugins of one run: those that its config names, and objects of the caller.

    Plugins are called in pluggy's order: the last one registered first, wrappers around all.
    Objects of the caller are registered after the plugins of the config.

    Args:
        loaded: the config.
        objects: objects with life-cycle hooks.

    Raises:
        ConfigError: if a hook plugin is named twice.
        PluginError: if a hook plugin cannot be loaded, or a hook has a wrong name or argument.
    """

    def __init__(self, loaded: LoadedConfig, objects: Sequence[object] = ()) -> None:
        self._command = f"qframe run {loaded.command_line}"
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._manager.add_hookspecs(sys.modules[__name__])
        self._specs: dict[str, PluginSpec] = {}
        self._objects: dict[str, str] = {}
        for spec in loaded.hooks:
            module = load_module(spec.plugin, Path(spec.base))
            self._specs[self._register(module, f"hooks {spec.plugin!r}")] = spec
        for plugin in objects:
            what = f"hook object {type(plugin).__name__}"
            self._objects[self._register(plugin, what)] = what

    def started(self, plan: RunPlan) -> None:
        """Calls `qframe_run_started`."""
        self._call(self._manager.hook.qframe_run_started, plan=plan)

    def task_stored(self, plan: RunPlan, done: TaskDone, stored: int) -> None:
        """Calls `qframe_task_stored`."""
        self._call(self._manager.hook.qframe_task_stored, plan=plan, done=done, stored=stored)

    def finished(self, plan: RunPlan, summary: RunSummary) -> None:
        """Calls `qframe_run_finished`."""
        self._call(self._manager.hook.qframe_run_finished, plan=plan, summary=summary)

    def _register(self, plugin: object, what: str) -> str:
        """Registers a module or an object; returns its name in the plugin manager."""
        if self._manager.is_registered(plugin):
            raise ConfigError(f"{what} is named twice", hint="name it once")
        number = len(self._manager.list_name_plugin())
        name = register(self._manager, plugin, what, f"{number}: {what}")
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError as cause:
            problem, _, _ = str(cause).partition(" in plugin ")  # what says which plugin
            raise PluginError(
                f"{what}: {problem}",
                hint="docs/plugins.md lists the hooks; @hookimpl(optionalhook=True) marks one that "
                "this qframe need not have",
            ) from cause
        return name

    def _call(self, hook: pluggy.HookCaller, **arguments: object) -> None:
        """Calls a hook of all plugins.

        Raises:
            WorkerError: from any exception but a QframeError; names the hook and the plugin.
        """
        try:
            hook(**arguments)
        except QframeError:
            raise
        except Exception as cause:
            raise self._error(hook, cause) from cause

    def _error(self, hook: pluggy.HookCaller, cause: Exception) -> WorkerError:
        name = _raised_by(hook, cause)
        if name in self._specs:
            return error_of(self._specs[name], cause, self._command, hook.name)
        what = self._objects.get(name or "", "a hook plugin")
        return WorkerError(f"{hook.name}: {what} raised {type(cause).__name__}: {cause}")


def _raised_by(hook: pluggy.HookCaller, cause: Exception) -> str | None:
    """Name of the plugin whose function let the exception out; None if it cannot be told.

    Pluggy calls all plugins in one loop. An exception also passes through the wrappers, which are
    called first: so the innermost function of a plugin is the one to name.
    """
    names = {
        getattr(unwrap(implementation.function), "__code__", None): implementation.plugin_name
        for implementation in hook.get_hookimpls()
    }
    innermost = None
    for frame, _ in walk_tb(cause.__traceback__):
        innermost = names.get(frame.f_code, innermost)
    return innermost
