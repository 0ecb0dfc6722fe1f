"""generator_of: the generator that makes the blocks of a stored dataset again."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from qframe.config.load import LoadedConfig
from qframe.contracts.plugin import PluginSpec
from qframe.errors import NotADataset, PluginError, RecipeMismatch
from qframe.generation.generator import Generator
from qframe.plugins.local_files import is_local
from qframe.plugins.resolve import find_class
from qframe.recipe.header import Header
from qframe.recipe.recipe import differences


def generator_of(header: Header, loaded: LoadedConfig | None = None) -> Generator:
    """A generator of the blocks of a dataset.

    It has the plugins of the config, or without a config the installed sampler that the recipe
    names. A dataset is data: a path or a module that it names is never loaded.

    Args:
        header: header of the dataset.
        loaded: config of the dataset, or None.

    Raises:
        NotADataset: the records were chosen from those of another recipe.
        RecipeMismatch: the config is not that of the dataset.
        PluginError: the sampler is a local file and there is no config, or the sampler is not
            installed in the version that the recipe names.
    """
    recipe = header.recipe
    if recipe.derived is not None:
        raise NotADataset(
            f"records chosen by {recipe.derived['operation']!r} are not made one by one",
            hint=f"move it away, and choose them again: qframe {recipe.derived['operation']} "
            "SOURCE OUTPUT",
        )
    if loaded is not None:
        from qframe.config.to_recipe import header_of

        wanted = header_of(loaded).recipe
        if wanted.id != recipe.id:
            fields = "; ".join(differences(recipe.data, wanted.data))
            raise RecipeMismatch(f"{loaded.path} is not the dataset's config: {fields}")
        plugins = loaded.plugins
        made = Generator.from_specs(recipe, plugins["sampler"].spec, plugins["engine"].spec)
    else:
        made = _by_name(header)
    if made.schema != header.schema:
        raise PluginError(f"sampler {recipe.sampler['name']!r} has other columns than the dataset")
    return made


def _by_name(header: Header) -> Generator:
    sampler = header.recipe.sampler
    name = sampler["name"]
    if "sha256" in sampler or is_local(name) or ":" in name:
        raise PluginError(
            f"the sampler {name!r} is a local file or module: a dataset does not say where it is",
            hint="add --config CONFIG",
        )
    version = find_class("sampler", name, Path()).version
    if version != sampler.get("version"):
        raise PluginError(
            f"sampler {name!r} is installed in version {version}, "
            f"the dataset was made with {sampler.get('version')}",
            hint="install that version",
        )
    try:
        return Generator.from_specs(
            header.recipe,
            PluginSpec("sampler", name, sampler.get("options", {}), ""),
            PluginSpec("engine", "numpy", {}, ""),
        )
    except (ValidationError, TypeError, ValueError) as cause:
        raise PluginError(f"sampler {name!r} refuses the recipe's options: {cause}") from cause
