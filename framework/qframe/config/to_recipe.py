"""header_of: the recipe and the header of the dataset that a loaded config asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qframe.__about__ import __version__
from qframe.circuits.arithmetic import fold_for
from qframe.circuits.costs import LABEL_NAMES
from qframe.circuits.instructions import InstructionSet
from qframe.config.load import LoadedConfig
from qframe.contracts.gate_set import GateSet
from qframe.contracts.sampler import Sampler
from qframe.errors import ConfigError, PluginError, QframeError
from qframe.plugins.blame import in_one_line, origin
from qframe.plugins.installed import installed
from qframe.plugins.resolve import find_class
from qframe.recipe.header import Header
from qframe.recipe.recipe import Recipe
from qframe.recipe.schema import block_records, full_schema


@dataclass(frozen=True)
class MadeGates:
    """A gate set and its instructions."""

    gate_set: GateSet[Any]
    instructions: InstructionSet


@dataclass(frozen=True)
class MadeCircuits(MadeGates):
    """A gate set, its instructions, and the sampler of their circuits."""

    sampler: Sampler[Any]


def make_gates(loaded: LoadedConfig) -> MadeGates:
    """The gate set of a config and its instructions. Runs the code of the gate set.

    Raises:
        ConfigError: the gate set refuses its options.
        PluginError: the gate set raised an exception.
    """
    with located(loaded, "gate_set"):
        gate_set: GateSet[Any] = loaded.plugins["gate_set"].make()
        return MadeGates(gate_set, gate_set.instructions())


def make_circuits(loaded: LoadedConfig) -> MadeCircuits:
    """The gate set and the sampler of a config. Runs the code of both.

    Raises:
        ConfigError: a plugin refuses its options.
        PluginError: a plugin raised an exception.
    """
    gates = make_gates(loaded)
    with located(loaded, "sampler"):
        sampler: Sampler[Any] = loaded.plugins["sampler"].make(gates.instructions)
    return MadeCircuits(gates.gate_set, gates.instructions, sampler)


def gate_set_of(loaded: LoadedConfig) -> InstructionSet:
    """The instructions that a config asks for: see `make_gates`."""
    return make_gates(loaded).instructions


def header_of(loaded: LoadedConfig, made: MadeCircuits | None = None) -> Header:
    """The header that a config asks for.

    Args:
        loaded: the config.
        made: its gate set and sampler; made here if None, which runs their code.

    Raises:
        ConfigError: the plugins refuse their options, or `records`, `key` or `arithmetic` ask for
            more than they can do.
        PluginError: a plugin raised an exception, or breaks its contract.
    """
    plugins = loaded.plugins
    made = make_circuits(loaded) if made is None else made
    instructions, sampler = made.instructions, made.sampler
    _check_count(loaded, sampler.count)
    spec = plugins["sampler"].spec
    identity: dict[str, Any] = {
        "name": sampler.name,
        "version": sampler.version,
        "options": plugins["sampler"].options.model_dump(mode="json"),
    }
    if spec.sha256 is not None:
        identity["sha256"] = spec.sha256
    key = key_of(loaded, instructions, sampler)
    check_exact(loaded, instructions, sampler)
    recipe = Recipe(
        instructions=instructions,
        sampler=identity,
        seed=loaded.config.seed,
        dtype=loaded.config.dtype,
        fold=_fold(sampler, instructions),
        block=block_records(instructions, sampler.max_length),
        labels=tuple(name for name in LABEL_NAMES if name in loaded.config.labels),
        arithmetic=loaded.config.arithmetic,
        key=key,
    )
    about = {
        "qframe": __version__,
        "gate_set": plugins["gate_set"].spec.plugin,
        "sampler": spec.plugin,
    }
    products = not sampler.gives_unitaries
    schema = full_schema(recipe, sampler.max_length, sampler.columns, products=products)
    return Header(recipe, schema, loaded.config.records, about)


def _fold(sampler: Sampler[Any], instructions: InstructionSet) -> int:
    """Codes per word of the arithmetic: the sampler's choice, else the longest that is allowed."""
    longest = fold_for(len(instructions), instructions.qubits)
    if sampler.fold is None:
        return longest
    if not 1 <= sampler.fold <= longest:
        raise PluginError(f"sampler {sampler.name!r}: fold is {sampler.fold}, want 1 to {longest}")
    return sampler.fold


def _check_count(loaded: LoadedConfig, count: int | None) -> None:
    """Refuses to make more records than the sampler has; None: it has no end."""
    if count is not None and loaded.config.records > count:
        raise ConfigError(
            f"{loaded.document.where(('records',))}: records: got {loaded.config.records:,}, "
            f"the sampler {loaded.plugins['sampler'].spec.plugin!r} has {count:,} with these "
            "options",
            hint=f"set records: {count}, or widen the sampler's options",
        )


@contextmanager
def located(loaded: LoadedConfig, kind: str) -> Iterator[None]:
    """Adds the plugin, and its place in the config, to the errors that its code raises."""
    where, spec = f"{loaded.document.where((kind,))}: {kind}", loaded.plugins[kind].spec
    try:
        yield
    except ConfigError as cause:
        raise ConfigError(f"{where}: {cause.message}", hint=cause.hint) from cause
    except QframeError:
        raise
    except Exception as cause:
        raise PluginError(
            f"{where}: plugin {origin(spec)} raised {in_one_line(spec, cause)}",
            hint=f"reproduce with: qframe check {loaded.command_line}",
        ) from cause


def key_of(
    loaded: LoadedConfig, instructions: InstructionSet, sampler: Sampler[Any]
) -> dict[str, Any] | None:
    """The recipe's `key`: its bits, and how it is computed; None if the config asks for none.

    Keys are exact if the gates lie in a ring and their product is computed. Else they are computed
    from the rounded unitary, by tolerance.

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
    """Refuses `arithmetic: exact` if there are no exact products.

    Raises:
        ConfigError: the gates lie in no ring (with the gate sets whose gates do), or the sampler
            returns the unitaries itself.
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
