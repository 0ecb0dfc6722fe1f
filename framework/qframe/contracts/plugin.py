"""Plugin: the base of all plugin classes, of their options, and of their plain descriptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, create_model

CONTRACT_VERSION = 1
"""Version of the contracts in `qframe.contracts`. An incompatible change raises it."""


# pydantic looks for plugins of its own when the first model is made, in the lists of all installed
# packages. If one of them is broken, that first model fails, and no further one.
with suppress(Exception):
    create_model("First")


class PluginOptions(BaseModel):
    """Base of a plugin's options: a pydantic model with strict types, without unknown keys.

    The objects are immutable. A field's description and default appear in `qframe plugins`, in the
    JSON Schema and in editors. A validator finds the directory of the YAML, which relative paths
    start from, as `info.context["base"]`; without a context it is the working directory.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


O_co = TypeVar("O_co", bound=PluginOptions, covariant=True)


class Plugin(Generic[O_co]):
    """Base of all plugin classes.

    Attributes:
        name: its name in the YAML (`plugin: NAME`).
        version: version of the plugin. Raise it when the same options begin to mean other data.
        contract: version of the contracts that the class was written for.
        Options: pydantic model of the options: all keys of the YAML section except `plugin`.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    contract: ClassVar[int] = CONTRACT_VERSION
    Options: ClassVar[type[PluginOptions]] = PluginOptions

    options: O_co

    def notes(self) -> Sequence[str]:
        """What the user should know before a run, though nothing is wrong: one line each.

        qframe calls it on gate sets, samplers, storages and executors. `qframe check`, `run` and
        `gates` show each line as a warning, with the place of the plugin in the config.
        """
        return ()


@dataclass(frozen=True)
class PluginSpec:
    """The description of a plugin as plain data, from which any process can make it.

    Attributes:
        kind: `gate_set`, `sampler`, `engine`, `storage`, `executor` or `hooks`.
        plugin: an installed name, `pkg.module:attr`, or a path to a `.py` file.
        options: plain data, as in the YAML; the plugin's `Options` check it.
        base: directory of the YAML, which relative paths start from.
        sha256: SHA-256 of the local file that was executed when the config was loaded; None for
            plugins that are not local files, and where no config was loaded.
    """

    kind: str
    plugin: str
    options: Mapping[str, Any]
    base: str
    sha256: str | None = None
