"""What all plugins share: a name, a version, and options that come from the YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

CONTRACT_VERSION = 1
"""Version of the contracts in `qframe.contracts`; raised when one changes incompatibly."""


class PluginOptions(BaseModel):
    """Base of a plugin's options: strict types, no unknown keys, immutable.

    A field's description and default appear in `qframe plugins`, in the JSON Schema and in editors.
    A validator of an option that is a path finds the directory of the YAML as
    `info.context["base"]` (no context: the working directory).
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


O_co = TypeVar("O_co", bound=PluginOptions, covariant=True)


class Plugin(Generic[O_co]):
    """Base of all plugin classes.

    Attributes:
        name: the word in the YAML (`plugin: NAME`).
        version: raised by the author when the same options begin to mean other data.
        contract: the contract version that the class was written for.
        Options: the pydantic model of everything beside `plugin:` in the YAML section.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    contract: ClassVar[int] = CONTRACT_VERSION
    Options: ClassVar[type[PluginOptions]] = PluginOptions

    options: O_co


@dataclass(frozen=True)
class PluginSpec:
    """Which plugin, from where, with which options; enough to find it in another process.

    Attributes:
        kind: `gate_set`, `sampler`, `engine`, `storage` or `executor`.
        plugin: an installed name, `pkg.module:attr`, or a path to a `.py` file.
        options: plain data; validated by the plugin's own model.
        base: directory that a relative path starts from (that of the YAML).
        sha256: SHA-256 of the local file that was executed when the config was loaded; None for
            plugins that are not local files, and where no config was loaded.
    """

    kind: str
    plugin: str
    options: Mapping[str, Any]
    base: str
    sha256: str | None = None
