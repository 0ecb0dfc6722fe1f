"""`qframe.open`: opens a dataset from a file or a directory, or from a config without data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from qframe.config.load import load_config
from qframe.config.to_recipe import header_of
from qframe.dataset.computed import ComputedReader
from qframe.dataset.dataset import Dataset
from qframe.dataset.shared_reader import SharedReader
from qframe.dataset.storages import absolute_plugin, storage_at, storage_class
from qframe.errors import NotADataset
from qframe.machine.places import CONFIG_SUFFIXES, local_path


def open(  # noqa: A001 - qframe.open is the public name
    path: str | Path,
    overrides: Sequence[str] = (),
    *,
    storage: str | None = None,
    local_plugins: bool = True,
) -> Dataset:
    """Opens a dataset that `qframe run` wrote, or a config, whose records are made on demand.

    Reading data is safe whoever wrote it: it opens files read-only, and loads no plugin that the
    data names. A config that names local plugins is code: open only configs that you would run.

    Args:
        path: the file or directory of a dataset, or a config (`.yaml`, `.yml`).
        overrides: `key.path=value` for a config, as for `qframe run --set`.
        storage: storage plugin of a dataset that no installed storage knows: a name as in a
            config; a file is relative to the working directory.
        local_plugins: whether local files that `path` or `storage` names may be executed.

    Raises:
        NotADataset: if `path` cannot be read as a dataset, or has overrides and is no config, or
            is a config and `storage` is given.
        PluginError: if a plugin cannot be used, or is a local file and may not be executed.
        CannotOpen: if there is no permission to read it.
        StorageError: if `path` is a URL or a special name of SQLite, or a repair was cut off there.
        ConfigError: if the config is wrong.
    """
    path = local_path(path)
    named = None if storage is None else absolute_plugin(storage)
    reopen = partial(
        open, path.absolute(), tuple(overrides), storage=named, local_plugins=local_plugins
    )
    if path.suffix in CONFIG_SUFFIXES:
        if storage is not None:
            raise NotADataset(f"{path} is a config: its records are in no storage")
        config = load_config(path, overrides, local=local_plugins)
        computed = partial(ComputedReader.from_config, config, header_of(config))
        return Dataset(SharedReader(computed, str(path)), str(path), reopen)
    if overrides:
        raise NotADataset(f"{path} is no config: it cannot be opened with overrides")
    found = storage_at(path, None, named=storage_class(storage, local_plugins))
    opened = type(found)(found.options, found.path.absolute())
    return Dataset(SharedReader(opened.reader, str(path)), str(path), reopen)
