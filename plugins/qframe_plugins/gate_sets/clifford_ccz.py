"""Gate set `clifford_ccz`: Clifford gates and ccz, or ccx (the Toffoli gate)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from qframe import Gate, GateSet, GateSetOptions, hookimpl
from qframe_plugins.gate_sets._gates.standard_gates import standard


class CliffordCczOptions(GateSetOptions):
    """Options of `clifford_ccz`."""

    qubits: int = Field(3, ge=3, le=6, description="qubits of the register")
    third: Literal["ccz", "ccx"] = Field("ccz", description="the gate on three qubits")


class CliffordCcz(GateSet[CliffordCczOptions]):
    """Clifford gates and ccz (or ccx, the Toffoli gate) on 3 to 6 qubits.

    YAML that selects it::

        gate_set: {plugin: clifford_ccz, qubits: 3, third: ccx, gates: [h, s, cx, ccx]}

    The option `gates` may also name `x`, `y`, `z`, `cz` and `swap`. The last qubit of `ccx` is the
    target. The gate is placed on three qubits if the coupling connects them. Nielsen and Chuang,
    section 4.3. The set is universal: the Toffoli gate and any real one-qubit gate that does not
    preserve the computational basis, such as h, suffice (Shi, arXiv:quant-ph/0205115).
    """

    name = "clifford_ccz"
    Options = CliffordCczOptions

    def gates(self) -> Sequence[Gate]:
        clifford = ("h", "s", "sdg", "cx", self.options.third)
        return standard(*clifford, *(("x", "y", "z", "cz", "swap") if self.options.gates else ()))


@hookimpl
def qframe_gate_sets() -> list[type[GateSet[Any]]]:
    return [CliffordCcz]
