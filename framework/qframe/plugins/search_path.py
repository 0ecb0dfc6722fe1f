"""Where modules of packages are found: what is installed, and not what lies in the way by accident.

Python looks for modules first in the directory of the script, or in the working directory. There a
file of any name may lie, beside a config for instance. A plugin that a config names as
`pkg.module:attr` is never taken from there. A directory that the user named in PYTHONPATH is meant.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path


def installed_module(name: str) -> ModuleSpec | None:
    """Where Python finds a top-level module that is installed; None if it is not.

    It is found without being imported. Packages that a tool has installed as links to their
    sources count.
    """
    path = _installed_path()
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        if find is None:
            continue
        found: ModuleSpec | None = find(name, path if finder is PathFinder else None)
        if found is not None:
            return found
    return None


def file_in_the_way(name: str) -> Path | None:
    """The file or directory of a module that would be imported by accident; None if there is none.

    It is one that lies in the working directory or beside the script.
    """
    found = PathFinder.find_spec(name, sorted(_accidental()))
    if found is None:
        return None
    places = list(found.submodule_search_locations or ())
    return Path(found.origin or places[0])


def _installed_path() -> list[str]:
    """`sys.path` without the places that Python has put before it by itself."""
    left = _accidental()
    path = []
    for entry in sys.path:
        place = _absolute(entry)
        if place in left:
            left.remove(place)  # once: the same place may be there a second time, as installed
        elif entry:
            path.append(entry)
    return path


def _accidental() -> set[str]:
    """The working directory and that of the script, unless the user named them in PYTHONPATH."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    places = {_absolute("")} | ({_absolute(os.path.dirname(script))} if script else set())  # noqa: PTH120
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return places - {_absolute(entry) for entry in named if entry}


def _absolute(entry: str) -> str:
    try:
        return os.path.realpath(entry or os.curdir)
    except OSError:  # the working directory is gone
        return entry
