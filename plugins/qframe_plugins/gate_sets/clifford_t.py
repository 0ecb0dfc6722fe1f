"""Gate set `clifford_t`: Clifford+T, the universal gate set of fault-tolerant computing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qframe import Gate, GateSet, GateSetOptions, hookimpl
from qframe_plugins.gate_sets._gates.standard_gates import standard


class CliffordT(GateSet[GateSetOptions]):
    """Clifford+T on 1 to 6 qubits: h, s, sdg, t, tdg, x and, on several qubits, cx.

    YAML that selects it::

        gate_set: {plugin: clifford_t, qubits: 2, gates: [h, s, t, cx], coupling: all}

    The option `gates` may also name `y`, `z` and `cz`. Normal forms on one qubit: Matsumoto and
    Amano (arXiv:0806.3834); Giles and Selinger (arXiv:1312.6584). Exact synthesis on several
    qubits: Giles and Selinger (arXiv:1212.0506).
    """

    name = "clifford_t"
    default = ("h", "s", "sdg", "t", "tdg", "x", "cx")

    def gates(self) -> Sequence[Gate]:
        return standard("h", "s", "sdg", "t", "tdg", "x", "y", "z", "cx", "cz")


@hookimpl
def qframe_gate_sets() -> list[type[GateSet[Any]]]:
    return [CliffordT]
