"""Which plugin an exception came from, as an error with a command that shows it again."""

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
    """A plugin and where it came from: `sampler 'uniform' (qframe-datasets 0.1.0)`."""
    return f"{spec.kind} {spec.plugin!r} ({_home(spec)})"


def _home(spec: PluginSpec) -> str:
    if is_local(spec.plugin):
        return f"local file {local_path(spec.plugin, Path(spec.base))}"
    for found in installed(spec.kind):
        if found.name == spec.plugin:
            return f"{found.distribution} {found.version}"
    package = spec.plugin.partition(":")[0].partition(".")[0]
    names = packages_distributions().get(package, [])
    return " or ".join(f"{name} {version(name)}" for name in names) or f"package {package}"


def error_of(spec: PluginSpec, cause: Exception, command: str, during: str) -> WorkerError:
    """The error for an exception that a plugin let out; `command` shows it again."""
    return WorkerError(
        f"{during}: {origin(spec)} raised {type(cause).__name__}: {cause}",
        hint=f"reproduce with: {command}",
    )


@contextmanager
def blame(spec: PluginSpec, command: str, during: str) -> Iterator[None]:
    """Names the plugin in an exception that is none of our own words.

    Raises:
        WorkerError: from any exception but a QframeError, which already says what is wrong.
    """
    try:
        yield
    except QframeError:
        raise
    except Exception as cause:
        raise error_of(spec, cause, command, during) from cause
