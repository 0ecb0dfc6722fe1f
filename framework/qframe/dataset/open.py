"""`qframe.open`: opens a dataset from a file or a directory, or from a config without data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from qframe.dataset.computed import ComputedReader
from qframe.dataset.dataset import Dataset
from qframe.dataset.storages import installed_storages
from qframe.errors import NotADataset

CONFIG_SUFFIXES = (".yaml", ".yml")
"""Endings of the names that are taken for configs."""


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
        ConfigError: if the config is wrong.
    """
    path = Path(path)
    reopen = partial(open, path.absolute(), tuple(overrides))
    if path.suffix in CONFIG_SUFFIXES:
        return Dataset(ComputedReader.from_config(path, overrides), str(path), reopen)
    if overrides:
        raise NotADataset(f"{path} is no config: it cannot be opened with overrides")
    if not path.exists():
        raise NotADataset(
            f"{path} does not exist", hint="make it with `qframe run`, or open its config"
        )
    for storage in installed_storages():
        if storage.recognises(path):
            return Dataset(storage(storage.Options(), path).reader(), str(path), reopen)
    raise NotADataset(f"{path} is not a dataset of any installed storage")
