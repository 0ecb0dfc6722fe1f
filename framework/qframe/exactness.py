"""What a config may ask of exact arithmetic and keys: depends on its gates and its sampler."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qframe.circuits.gates import InstructionSet
from qframe.config.load import LoadedConfig
from qframe.contracts.sampler import Sampler
from qframe.errors import ConfigError, PluginError, QframeError
from qframe.plugins.installed import installed
from qframe.plugins.resolve import find_class


def key_of(
    loaded: LoadedConfig, instructions: InstructionSet, sampler: Sampler[Any]
) -> dict[str, Any] | None:
    """The recipe's `key`: exact where circuits of gates in a ring are multiplied out, else by
    tolerance; None if the config asks for none.

    Raises:
        ConfigError: if the sampler has a column of that name.
    """
    bits = loaded.config.key
    if bits is False:
        return None
    if any(column.name == "key" for column in sampler.columns):
        raise ConfigError(
            f"{loaded.document.where(('key',))}: key: the sampler {sampler.name!r} has a column "
            "`key` of its own"
        )
    exact = instructions.exact is not None and not sampler.gives_unitaries
    return {"bits": 128 if bits is True else bits, "by": "exact" if exact else "tolerance"}


def check_exact(loaded: LoadedConfig, instructions: InstructionSet, sampler: Sampler[Any]) -> None:
    """Refuses `arithmetic: exact` where there are no exact products.

    Raises:
        ConfigError: naming the gates without a ring, and the gate sets that have one.
    """
    if loaded.config.arithmetic != "exact":
        return
    where = f"{loaded.document.where(('arithmetic',))}: arithmetic: exact"
    if instructions.exact is None:
        named = loaded.plugins["gate_set"].spec.plugin
        raise ConfigError(
            f"{where}: the gates of gate set {named!r} do not lie in one ring, so that there is "
            "no exact form of their products",
            hint=f"gate sets that have one: {', '.join(_gate_sets_with_a_ring())}; "
            "or leave `arithmetic` out",
        )
    if sampler.gives_unitaries:
        raise ConfigError(
            f"{where}: the sampler {sampler.name!r} gives unitaries itself, none are multiplied",
            hint="leave `arithmetic` out, or take another sampler",
        )


def _gate_sets_with_a_ring() -> Iterator[str]:
    """Installed gate sets whose gates, with no option set, lie in a ring."""
    for found in installed("gate_set"):
        try:
            gate_set: Any = find_class("gate_set", found.name, Path())
            instructions = gate_set(gate_set.Options()).instructions()
        except (PluginError, QframeError, ValueError):
            continue
        if instructions.exact is not None:
            yield found.name
