"""Errors that name the plugin an exception came from, and a command that reproduces it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import packages_distributions, version
from pathlib import Path

from qframe.contracts.plugin import PluginSpec
from qframe.errors import QframeError, WorkerError
from qframe.plugins.installed import installed
from qframe.plugins.local_files import is_local, local_path


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
    names = packages_distributions().get(package, [])
    return " or ".join(f"{name} {version(name)}" for name in names) or f"package {package}"


def error_of(spec: PluginSpec, cause: Exception, command: str, during: str) -> WorkerError:
    """The error for an exception that a plugin raised.

    Args:
        spec: the plugin.
        cause: the exception.
        command: a command that reproduces it.
        during: what was going on, such as `task 3`.
    """
    return WorkerError(
        f"{during}: {origin(spec)} raised {type(cause).__name__}: {cause}",
        hint=f"reproduce with: {command}",
    )


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
