"""KINDS: the five kinds of plugin, with the key, the hook and the contract class of each."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from qframe.contracts.plugin import Plugin


@dataclass(frozen=True)
class Kind:
    """One kind of plugin.

    Attributes:
        name: its key in the YAML, and the first part of its entry points' names.
        hook: name of the hook that returns the classes of a module.
        module: name of the module that holds the contract class.
        contract: name of the contract class.
    """

    name: str
    hook: str
    module: str
    contract: str

    @property
    def base(self) -> type[Plugin[Any]]:
        """The contract class. It is imported only now, because importing it imports NumPy."""
        base: type[Plugin[Any]] = getattr(import_module(self.module), self.contract)
        return base


KINDS = {
    kind.name: kind
    for kind in (
        Kind("gate_set", "qframe_gate_sets", "qframe.contracts.gate_set", "GateSet"),
        Kind("sampler", "qframe_samplers", "qframe.contracts.sampler", "Sampler"),
        Kind("engine", "qframe_engines", "qframe.contracts.engine", "Engine"),
        Kind("storage", "qframe_storages", "qframe.contracts.storage", "Storage"),
        Kind("executor", "qframe_executors", "qframe.contracts.executor", "Executor"),
    )
}
"""The kinds by name. Each name is a key of the config whose value is a section."""
