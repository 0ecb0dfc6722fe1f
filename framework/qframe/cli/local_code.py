"""Code of local files: a verb says in one line which code it is about to run, or refuses it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qframe.cli.output import echo

if TYPE_CHECKING:
    from qframe.config.load import LoadedConfig
    from qframe.dataset.dataset import Dataset


def load(config: Path, overrides: Sequence[str], local: bool) -> LoadedConfig:
    """The config, loaded. Local files that it names are named on stderr, and then executed.

    Args:
        config: the YAML file.
        overrides: `key.path=value`.
        local: whether local files may be executed.

    Raises:
        ConfigError, PluginError: as `load_config`.
    """
    from qframe.config.load import load_config

    if local:
        announce(config, overrides)
    return load_config(config, overrides, local=local)


def open_data(
    data: Path, overrides: Sequence[str] = (), *, local: bool, storage: str | None = None
) -> Dataset:
    """A dataset or a config, opened. Local files are named on stderr, and then executed."""
    from qframe.dataset.open import open as open_dataset
    from qframe.machine.places import CONFIG_SUFFIXES

    if local and data.suffix in CONFIG_SUFFIXES:
        announce(data, overrides)
    if local and storage is not None:
        announce_storage(storage)
    return open_dataset(data, overrides, storage=storage, local_plugins=local)


def announce(config: Path, overrides: Sequence[str] = ()) -> None:
    """Names the local files that a config runs, one per line."""
    from qframe.config.load import local_plugins_of

    for kind, plugin, base in local_plugins_of(config, overrides):
        echo(f"Running local code: {kind} {plugin} ({base})", err=True)


def announce_storage(storage: str, base: Path | None = None) -> None:
    """Names the local file of a storage that the command line names, from `base` or from here."""
    from qframe.plugins.local_files import is_local

    if is_local(storage):
        echo(f"Running local code: storage {storage} ({base or Path().absolute()})", err=True)
