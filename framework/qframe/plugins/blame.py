"""Errors that name the plugin an exception came from, and a command that reproduces it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import packages_distributions, version
from pathlib import Path
from traceback import format_exception

from qframe.contracts.plugin import PluginSpec
from qframe.errors import QframeError, WorkerError
from qframe.plugins.installed import installed
from qframe.plugins.local_files import is_local, local_path
from qframe.plugins.raised_at import error_line, home_of


def origin(spec: PluginSpec) -> str:
    """The name of a plugin and of its origin: `sampler 'uniform' (qframe-datasets 0.1.0)`."""
    return f"{spec.kind} {spec.plugin!r} ({_home(spec)})"


def _home(spec: PluginSpec) -> str:
    """The local file, or the distribution and its version."""
    if is_local(spec.plugin):
        return f"local file {local_path(spec.plugin, Path(spec.base))}"
    for found in installed(spec.kind):
        if found.name == spec.plugin:
            return f"{found.distribution} {found.version}"
    package = spec.plugin.partition(":")[0].partition(".")[0]
    try:
        names = packages_distributions().get(package, [])
        shown = [f"{name} {version(name)}" for name in names]
    except Exception:  # the metadata of any package may be broken in any way
        shown = []
    return " or ".join(shown) or f"package {package}"


def in_one_line(spec: PluginSpec, cause: BaseException) -> str:
    """An exception of a plugin, with the file and the line of the plugin that let it out."""
    path = local_path(spec.plugin, Path(spec.base))
    return error_line(cause, home_of(_module(spec)) if path is None else path.parent)


def _module(spec: PluginSpec) -> str:
    for found in installed(spec.kind):
        if found.name in (spec.plugin, spec.plugin.removeprefix("hooks.")):
            return found.module
    return spec.plugin.partition(":")[0]


def error_of(spec: PluginSpec, cause: Exception, command: str, during: str) -> WorkerError:
    """The error for an exception that a plugin raised.

    Args:
        spec: the plugin.
        cause: the exception.
        command: a command that reproduces it.
        during: what was going on, such as `task 3`.
    """
    error = WorkerError(
        f"{during}: {origin(spec)} raised {in_one_line(spec, cause)}",
        hint=f"reproduce with: {command}",
    )
    error.trace = "".join(format_exception(cause)).rstrip("\n")
    return error


@contextmanager
def blame(spec: PluginSpec, command: str, during: str) -> Iterator[None]:
    """Makes a WorkerError of any exception that the code within raises; arguments as `error_of`.

    A QframeError passes unchanged, because it says already what is wrong.

    Raises:
        WorkerError: naming the plugin, from the exception.
    """
    try:
        yield
    except QframeError:
        raise
    except Exception as cause:
        raise error_of(spec, cause, command, during) from cause
