"""The storage of a dataset: the installed storages, and which of them a path belongs to."""

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
    """The classes of the installed storages. A broken one is left out: another may still read."""
    for found in installed("storage"):
        try:
            yield find_class("storage", found.name, Path())
        except PluginError:
            continue


def storage_at(data: Path, loaded: LoadedConfig | None) -> Storage[Any]:
    """The storage of a dataset: the installed one that recognises it, else the config's.

    Raises:
        NotADataset: if none recognises it and no config says what it should be.
    """
    if not data.exists():
        raise NotADataset(f"{data} does not exist")
    if loaded is not None:
        own: Storage[Any] = loaded.plugins["storage"].make(data)
        if own.recognises(data):
            return own
    for storage in installed_storages():
        if storage.recognises(data):
            found: Storage[Any] = storage(storage.Options(), data)
            return found
    if loaded is not None:
        return own
    raise NotADataset(
        f"{data} is not a dataset of any installed storage",
        hint="if it was one: qframe verify DATA --repair --config CONFIG",
    )
