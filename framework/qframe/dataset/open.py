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
from qframe.dataset.storages import storage_at
from qframe.errors import NotADataset
from qframe.machine.places import CONFIG_SUFFIXES, local_path


def open(  # noqa: A001 - qframe.open is the public name
    path: str | Path, overrides: Sequence[str] = ()
) -> Dataset:
    """Opens a dataset that `qframe run` wrote, or a config, whose records are made on demand.

    Reading data is safe whoever wrote it: it opens files read-only, and loads no plugin that the
    data names. A config that names local plugins is code: open only configs that you would run.

    Args:
        path: the file or directory of a dataset, or a config (`.yaml`, `.yml`).
        overrides: `key.path=value` for a config, as for `qframe run --set`.

    Raises:
        NotADataset: if `path` cannot be read as a dataset, or has overrides and is no config.
        CannotOpen: if there is no permission to read it.
        StorageError: if `path` is a URL or a special name of SQLite, or a repair was cut off there.
        ConfigError: if the config is wrong.
    """
    path = local_path(path)
    reopen = partial(open, path.absolute(), tuple(overrides))
    if path.suffix in CONFIG_SUFFIXES:
        config = load_config(path, overrides)
        computed = partial(ComputedReader.from_config, config, header_of(config))
        return Dataset(SharedReader(computed, str(path)), str(path), reopen)
    if overrides:
        raise NotADataset(f"{path} is no config: it cannot be opened with overrides")
    found = storage_at(path, None)
    opened = type(found)(found.options, found.path.absolute())
    return Dataset(SharedReader(opened.reader, str(path)), str(path), reopen)
