"""Neighbours: the Python files beside a local plugin file that it imports, and their identity.

`from helper import R` in `gates.py` means `helper.py` beside it, unless Python or an installed
package has a module of that name. Which files those are is read from the import statements before
anything is executed. So the texts that are hashed are the texts that are executed, and they do not
depend on what a run happens to import.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qframe.errors import PluginError
from qframe.machine.files import read_regular
from qframe.plugins.search_path import installed_module

MOST_FILES = 1000
"""Largest number of neighbours. More are no plugin, but a folder that was imported by mistake."""


@dataclass(frozen=True)
class Source:
    """The text of a module.

    Attributes:
        path: its file; for a package `__init__.py`, or the directory if it has none.
        text: the bytes of the file; None for a directory without `__init__.py`.
        package: whether it has modules below it.
    """

    path: Path
    text: bytes | None
    package: bool = False


@dataclass(frozen=True)
class Sources:
    """A local plugin file and its neighbours.

    Attributes:
        main: the plugin file.
        modules: the neighbours by the names under which they import each other.
        names: names without a dot that mean one of these files, in their import statements.
    """

    main: Source
    modules: dict[str, Source]
    names: frozenset[str]

    @property
    def sha256(self) -> str:
        """What the code is, in hexadecimal: the file's SHA-256.

        With neighbours, it is the SHA-256 of a list of lines `SHA-256 name`, sorted by name, in
        which the plugin file has the empty name.
        """
        own = hashlib.sha256(self.main.text or b"").hexdigest()
        lines = [
            f"{hashlib.sha256(source.text).hexdigest()} {name}\n"
            for name, source in sorted(self.modules.items())
            if source.text is not None
        ]
        if not lines:
            return own
        return hashlib.sha256("".join([f"{own} \n", *lines]).encode()).hexdigest()


def sources_of(path: Path, text: bytes) -> Sources:
    """The local plugin file and the files beside it that its import statements reach.

    Args:
        path: the plugin file, absolute.
        text: its bytes.

    Raises:
        PluginError: a neighbour cannot be read, or there are too many.
    """
    main = Source(path, text)
    modules: dict[str, Source] = {}
    names: dict[str, bool] = {}
    todo = list(_imported(main, ""))
    while todo:
        name = todo.pop()
        top = name.partition(".")[0]
        if top not in names:
            names[top] = _may_be_a_neighbour(top, path)
        if name in modules or not names[top] or top == path.stem:
            continue
        source = _find(path.parent, name)
        if source is None:
            continue
        if len(modules) == MOST_FILES:
            raise PluginError(
                f"local plugin file {path} imports more than {MOST_FILES} files beside it",
                hint="install them as a package, and name the plugin as pkg.module:ClassName",
            )
        modules[name] = source
        todo += _imported(source, name)
    own = {name for name in names if names[name] and (name in modules or name == path.stem)}
    return Sources(main, modules, frozenset(own))


def _may_be_a_neighbour(name: str, path: Path) -> bool:
    """Whether no module of Python, and no installed package, has the name.

    If the directory of the plugin is one where packages are installed, its files are neighbours.
    """
    if not name or name in sys.stdlib_module_names:
        return False
    found = installed_module(name)
    beside = path.parent / name
    own = {beside.with_suffix(".py"), beside / "__init__.py"}
    return found is None or (found.origin is not None and Path(found.origin).resolve() in own)


def _find(directory: Path, name: str) -> Source | None:
    """The module of a dotted name below a directory; None if there is none."""
    *packages, last = name.split(".")
    place = directory.joinpath(*packages)
    try:
        if (place / last / "__init__.py").is_file():
            file = place / last / "__init__.py"
            return Source(file, read_regular(file), package=True)
        if (place / f"{last}.py").is_file():
            file = place / f"{last}.py"
            return Source(file, read_regular(file))
        if (place / last).is_dir():
            return Source(place / last, None, package=True)
    except OSError as cause:
        raise PluginError(
            f"{place / last}, which a local plugin imports: {cause.strerror}"
        ) from cause
    return None


def _imported(source: Source, name: str) -> Iterator[str]:
    """The dotted names that the import statements of a module may mean, packages first.

    A text that is no Python imports nothing: executing it will say what is wrong.
    """
    try:
        tree = ast.parse(source.text or b"")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    package = name if source.package else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_packages(alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node.module or "", node.level, package)
            yield from _with_packages(base)
            for alias in node.names:
                yield f"{base}.{alias.name}" if base else alias.name


def _absolute(module: str, level: int, package: str) -> str:
    """The dotted name that `from ..module import` means in a module of `package`."""
    if level == 0:
        return module
    parts = package.split(".") if package else []
    above = parts[: len(parts) - (level - 1)]
    return ".".join([*above, *([module] if module else [])])


def _with_packages(name: str) -> Iterator[str]:
    parts = name.split(".") if name else []
    for end in range(1, len(parts) + 1):
        yield ".".join(parts[:end])
