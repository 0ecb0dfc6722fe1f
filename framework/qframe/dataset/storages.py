"""Storages of datasets: those that are installed, and the one that a path belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qframe.config.load import LoadedConfig
from qframe.contracts.storage import Storage
from qframe.errors import NotADataset, PluginError
from qframe.plugins.installed import installed
from qframe.plugins.resolve import find_class


def installed_storages() -> Iterator[Any]:
    """The classes of the installed storages, without those that are broken."""
    for plugin in installed("storage"):
        try:
            yield find_class("storage", plugin.name, Path())
        except PluginError:
            continue


def storage_at(data: Path, loaded: LoadedConfig | None) -> Storage[Any]:
    """The storage of a dataset.

    It is the config's if that recognises the dataset, else the first installed one that does, else
    the config's.

    Args:
        data: the file or directory of the dataset.
        loaded: the dataset's config, or None if it is not known.

    Raises:
        NotADataset: if there is nothing at `data`, or if no storage recognises it and no config
            says what it should be.
    """
    if not data.exists():
        raise NotADataset(f"{data} does not exist")
    of_config: Storage[Any] | None = None
    if loaded is not None:
        of_config = loaded.plugins["storage"].make(data)
    if of_config is not None and of_config.recognises(data):
        return of_config
    for plugin in installed_storages():
        if plugin.recognises(data):
            storage: Storage[Any] = plugin(plugin.Options(), data)
            return storage
    if of_config is not None:
        return of_config
    raise NotADataset(
        f"{data} is not a dataset of any installed storage",
        hint="if it was one: qframe verify DATA --repair --config CONFIG",
    )
