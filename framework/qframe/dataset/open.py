"""`qframe.open`: a dataset from a file, a directory, or a config with no data at all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from qframe.dataset.computed import ComputedReader
from qframe.dataset.dataset import Dataset
from qframe.dataset.storages import installed_storages
from qframe.errors import NotADataset

CONFIG_SUFFIXES = (".yaml", ".yml")


def open(  # noqa: A001 - qframe.open is the public name
    path: str | Path, overrides: Sequence[str] = ()
) -> Dataset:
    """Opens what `qframe run` wrote, or a config, whose records are then made on demand.

    `overrides` are `key.path=value`, as for `qframe run --set`; a dataset has none.

    Reading is safe whoever wrote the data: read-only, no plugin that the data names is loaded.
    A config is code if it names local plugins; open only configs that you would run.

    Raises:
        NotADataset: if nothing there can be read as a dataset.
    """
    path = Path(path)
    reopen = partial(open, path.absolute(), tuple(overrides))
    if path.suffix in CONFIG_SUFFIXES:
        return Dataset(ComputedReader.from_config(path, overrides), str(path), reopen)
    if overrides:
        raise NotADataset(f"{path} is no config: nothing of it can be set")
    if not path.exists():
        raise NotADataset(
            f"{path} does not exist", hint="make it with `qframe run`, or open its config"
        )
    for storage in installed_storages():
        if storage.recognises(path):
            return Dataset(storage(storage.Options(), path).reader(), str(path), reopen)
    raise NotADataset(f"{path} is not a dataset of any installed storage")
