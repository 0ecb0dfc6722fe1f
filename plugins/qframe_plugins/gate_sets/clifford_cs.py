"""Gate set `clifford_cs`: Clifford gates and the controlled S gate, on two qubits or more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from qframe import Gate, GateSet, GateSetOptions, hookimpl
from qframe_plugins.gate_sets._gates.standard_gates import standard


class CliffordCsOptions(GateSetOptions):
    """Options of `clifford_cs`."""

    qubits: int = Field(2, ge=2, le=6, description="qubits of the register")


class CliffordCs(GateSet[CliffordCsOptions]):
    """Clifford gates and cs = diag(1, 1, 1, i) with its inverse, on 2 to 6 qubits.

    YAML that selects it::

        gate_set: {plugin: clifford_cs, qubits: 2, gates: [h, s, sdg, cx, cs, csdg]}

    The option `gates` may also name `x`, `y`, `z`, `cz` and `swap`. Glaudell, Ross and Taylor
    (arXiv:2001.05997).
    """

    name = "clifford_cs"
    Options = CliffordCsOptions
    default = ("h", "s", "sdg", "cx", "cs", "csdg")

    def gates(self) -> Sequence[Gate]:
        return standard("h", "s", "sdg", "x", "y", "z", "cx", "cz", "swap", "cs", "csdg")


@hookimpl
def qframe_gate_sets() -> list[type[GateSet[Any]]]:
    return [CliffordCs]
