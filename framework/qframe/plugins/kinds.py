"""The kinds of plugin: their words in the YAML, their hooks and their contracts."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from qframe.contracts.plugin import Plugin


@dataclass(frozen=True)
class Kind:
    """One kind: `name` in the YAML and in entry points, its hook, and where its contract is."""

    name: str
    hook: str
    module: str
    contract: str

    @property
    def base(self) -> type[Plugin[Any]]:
        """The contract class."""
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
