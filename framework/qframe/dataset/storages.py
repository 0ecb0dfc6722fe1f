"""Storages of datasets: those that are installed, and the one that a path belongs to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qframe.config.load import LoadedConfig, refuse_local
from qframe.config.to_recipe import header_of
from qframe.contracts.storage import Storage
from qframe.errors import CannotOpen, NotADataset, PluginError
from qframe.machine.files import handles_left, irregular
from qframe.machine.places import real_file, refuse_cut_repair
from qframe.plugins.installed import installed
from qframe.plugins.local_files import is_local
from qframe.plugins.resolve import find_class


def installed_storages() -> Iterator[Any]:
    """The classes of the installed storages, without those that are broken."""
    for plugin in installed("storage"):
        try:
            yield find_class("storage", plugin.name, Path())
        except PluginError:
            continue


def storage_class(plugin: str | None, local: bool) -> Any | None:
    """The class of a storage that a caller names; None if none is named.

    Args:
        plugin: a name as in a config; a file is relative to the working directory.
        local: whether it may be a local file.

    Raises:
        PluginError: it cannot be used, or is a local file and may not be.
    """
    if plugin is None:
        return None
    if not local:
        refuse_local("storage", plugin)
    return find_class("storage", plugin, Path.cwd())


def absolute_plugin(plugin: str) -> str:
    """The name of a plugin that means the same in another working directory."""
    path, colon, attribute = plugin.partition(":")
    return f"{Path(path).absolute()}{colon}{attribute}" if is_local(plugin) else plugin


def storage_at(
    data: Path,
    loaded: LoadedConfig | None,
    *,
    damaged: bool = False,
    force: bool = False,
    named: Any | None = None,
) -> Storage[Any]:
    """The storage of a dataset.

    It is the config's if that recognises the dataset, else the first installed one that does.

    Args:
        data: the file or directory of the dataset.
        loaded: the dataset's config, or None if it is not known.
        damaged: whether a storage that only finds its mark there will do, too.
        force: whether the config's storage is taken, whatever is there.
        named: class of a storage that is asked first.

    Raises:
        NotADataset: there is nothing at `data`, or nothing that a storage knows.
        CannotOpen: it cannot be read.
    """
    data = real_file(data)
    refuse_unreadable(data)
    classes: list[Any] = [] if loaded is None else [loaded.plugins["storage"].cls]
    if named is not None:
        classes.insert(0, named)
    classes += installed_storages()
    for storage in classes:
        if storage.recognises(data):
            return _made(storage, data, loaded)
    header = header_of(loaded) if damaged and loaded is not None else None
    for storage in classes if damaged else ():
        if storage.bears_mark(data, header):
            return _made(storage, data, loaded)
    if force and loaded is not None:
        return _made(loaded.plugins["storage"].cls, data, loaded)
    if not handles_left():
        raise CannotOpen(f"{data} cannot be opened", hint="raise the limit of open files (ulimit)")
    raise NotADataset(
        f"{data} is not a dataset of any installed storage",
        hint="if its storage is a local file or a module, name it: --storage PLUGIN, or "
        "qframe.open(..., storage=...)",
    )


def _made(storage: Any, data: Path, loaded: LoadedConfig | None) -> Storage[Any]:
    if loaded is not None and storage is loaded.plugins["storage"].cls:
        made: Storage[Any] = loaded.plugins["storage"].make(data)
    else:
        made = storage(storage.Options(), data)
    return made


def refuse_unreadable(data: Path) -> None:
    """Refuses what no storage can read. It opens nothing, so that no lock on a file is lost.

    Raises:
        NotADataset: there is nothing at `data`, or neither a file nor a directory.
        CannotOpen: there is no permission to read it.
    """
    try:
        if not data.exists():
            refuse_cut_repair(data)
            raise NotADataset(
                f"{data} does not exist", hint="make it with `qframe run`, or open its config"
            )
    except PermissionError as cause:
        raise CannotOpen(f"{data} cannot be looked at: {cause.strerror}") from cause
    except OSError as cause:
        if cause.errno is None:  # one of ours
            raise
        raise NotADataset(f"{data}: {cause.strerror}") from cause
    kind = irregular(data, follow=True)
    if kind is not None and not data.is_dir():
        raise NotADataset(f"{data} is {kind}, want a file or a directory")
    needed = os.R_OK | (os.X_OK if data.is_dir() else 0)
    if not os.access(data, needed):
        raise CannotOpen(f"{data} cannot be read: no permission", hint="change its permissions")
