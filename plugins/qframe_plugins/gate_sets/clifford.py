"""Gate set `clifford`: generators of the Clifford group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qframe import Gate, GateSet, GateSetOptions, hookimpl
from qframe_plugins.gate_sets._gates.standard_gates import standard


class Clifford(GateSet[GateSetOptions]):
    """Clifford circuits on 1 to 6 qubits: h, s, sdg and, on several qubits, cx.

    YAML that selects it::

        gate_set: {plugin: clifford, qubits: 2, gates: [h, s, cz], coupling: line}

    The option `gates` may also name `x`, `y`, `z`, `sx`, `cz` and `swap`. Up to phase the group has
    24 elements on one qubit and 11,520 on two.
    """

    name = "clifford"
    default = ("h", "s", "sdg", "cx")

    def gates(self) -> Sequence[Gate]:
        return standard("h", "s", "sdg", "x", "y", "z", "sx", "cx", "cz", "swap")


@hookimpl
def qframe_gate_sets() -> list[type[GateSet[Any]]]:
    return [Clifford]
