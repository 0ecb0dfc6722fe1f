"""Where modules of packages are found: what is installed, and not what lies in the way by accident.

Python looks for modules in the directory of the script, or in the working directory, before it
looks among the installed packages. A file of any name may lie there, beside a config for instance.
A directory that the user named in PYTHONPATH is meant, and counts as a place of installed packages.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path


def installed_module(name: str) -> ModuleSpec | None:
    """Where Python finds a top-level module that is installed; None if it is not.

    It is found without being imported. Neither the working directory nor that of the script
    counts. Packages that a tool has installed as links to their sources count.
    """
    path = _without([_working_directory(), _script_directory()])
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        found = None if find is None else find(name, path if finder is PathFinder else None)
        if isinstance(found, ModuleSpec):
            return found
    return None


def file_in_the_way(name: str) -> Path | None:
    """The file of a module that would be imported from the working directory; None if none would.

    Python looks there for `-c`, `-m` and in a notebook. The directory of a script is another
    matter: what lies there is the script's own.
    """
    here = _working_directory()
    if "" not in sys.path and not (sys.path[0] == here and "-m" in sys.orig_argv):
        return None
    named = map(_absolute, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    found = None if here in named else PathFinder.find_spec(name, [here])
    if found is None:
        return None
    return Path(found.origin or next(iter(found.submodule_search_locations or [here])))


def _without(places: list[str]) -> list[str]:
    """`sys.path` without the first entry of each of these places.

    Python put that entry there by itself. The same place may be there once more, as installed.
    """
    named = {_absolute(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep)}
    left = set(places) - named
    path = []
    for entry in sys.path:
        place = _absolute(entry or os.curdir)
        if place in left:
            left.remove(place)
        elif entry:
            path.append(entry)
    return path


def _working_directory() -> str:
    return _absolute(os.curdir)


def _script_directory() -> str:
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    return str(Path(_absolute(script)).parent) if script else ""


def _absolute(entry: str) -> str:
    """The place without symbolic links; an empty one, or one that is gone, stays as it is."""
    try:
        return os.path.realpath(entry) if entry else ""
    except OSError:
        return entry
