"""Loading an installed plugin by its name; unknown, broken and missing ones are told apart."""

from __future__ import annotations

import re
import sys
from difflib import get_close_matches
from typing import Any

from qframe.__about__ import DISTRIBUTION
from qframe.errors import PluginError
from qframe.plugins.installed import Installed, installed
from qframe.plugins.raised_at import error_line, home_of

_FORM = re.compile(r"\s*[\w.]+\s*(:\s*[\w.]+\s*)?(\[[^\]]*\]\s*)?")
"""What an entry point looks like: `pkg.module`, `pkg.module:attr`, either with `[extra]`."""

PACKAGES = {"cirq": "cirq-core", "sklearn": "scikit-learn", "yaml": "pyyaml"}
"""Names of packages that differ from the name of the module that they install."""


def load_installed(kind: str, name: str) -> Any:
    """The installed plugin of a kind and name: a module, a class, or an object with hooks.

    Raises:
        PluginError: unknown (with what is installed), offered by two distributions (with both), in
            need of a package that is not installed (with the pip line), or broken (with the cause).
    """
    found = _entry_point(kind, name)
    where = f"{kind} {name!r} (from {found.distribution} {found.version})"
    if not _FORM.fullmatch(found.entry.value):
        raise PluginError(
            f"{where} is installed but broken: its entry point is {found.entry.value!r}, "
            "want pkg.module or pkg.module:ClassName",
            hint=f"mend the entry point of {found.distribution}, and install it again",
        )
    try:
        return found.entry.load()
    except (Exception, SystemExit) as cause:
        missing = _missing_module(found, cause)
        if missing is not None:
            own = missing in sys.stdlib_module_names  # Python can be built without some
            raise PluginError(
                f"{where} needs {missing}, which "
                + ("this Python is built without" if own else "is not installed"),
                hint=None if own else f"pip install {_package_of(missing, found)}",
            ) from cause
        raise PluginError(f"{where} is installed but broken: {_cause(found, cause)}") from cause


def _cause(found: Installed, cause: BaseException) -> str:
    """Why the entry point cannot be loaded, with the file and line of its package."""
    if isinstance(cause, AttributeError) and not isinstance(cause, ImportError):
        loaded = sys.modules.get(found.module)
        if loaded is not None and not hasattr(loaded, found.entry.attr.partition(".")[0]):
            return f"{found.module} has no {found.entry.attr!r}"
    return error_line(cause, home_of(found.module))


def _entry_point(kind: str, name: str) -> Installed:
    """The entry point of a kind and name."""
    entries = installed(kind)
    found = [entry for entry in entries if entry.name == name]
    if len(found) > 1:
        raise PluginError(
            f"two distributions offer {kind} {name!r}: "
            f"{' and '.join(sorted(entry.distribution for entry in found))}",
            hint="uninstall one, or name the class itself as pkg.module:Class",
        )
    if found:
        return found[0]
    names = [entry.name for entry in entries]
    close = get_close_matches(name, names, n=1)
    guess = f"did you mean {close[0]!r}? " if close else ""
    raise PluginError(
        f"unknown {kind} {name!r}: {guess}installed are {', '.join(names) or 'none'}",
        hint="`qframe plugins` lists them; a local file is named with its .py",
    )


def _missing_module(found: Installed, cause: BaseException) -> str | None:
    """The module of another package that the plugin could not import, if that is the cause."""
    if not isinstance(cause, ModuleNotFoundError) or not cause.name:
        return None
    own = found.module.partition(".")[0]
    return None if cause.name.partition(".")[0] == own else cause.name


def _package_of(module: str, found: Installed) -> str:
    """What to install so that a plugin can import `module`.

    That is the distribution of the plugin with the extra of its entry point, if it names one. For
    qframe's own plugins it is the package of the module itself: qframe need not come from an index.
    """
    if found.entry.extras and found.distribution != DISTRIBUTION:
        return f"'{found.distribution}[{','.join(found.entry.extras)}]'"
    name = module.partition(".")[0]
    return PACKAGES.get(name, name)
