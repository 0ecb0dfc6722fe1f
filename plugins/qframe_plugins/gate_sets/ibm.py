"""Gate set `ibm`: the native gates of IBM's superconducting processors."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Literal

from pydantic import Field

from qframe import Gate, GateSet, GateSetOptions, hookimpl
from qframe_plugins.gate_sets._gates.exact_angles import phase
from qframe_plugins.gate_sets._gates.standard_gates import standard


class IbmOptions(GateSetOptions):
    """Options of `ibm`."""

    steps: int = Field(8, ge=2, le=4096, description="rz_k rotates by 2 pi k/steps, for k < steps")
    entangler: Literal["cx", "ecr", "cz"] = Field("cx", description="the gate on two qubits")


class Ibm(GateSet[IbmOptions]):
    """sx, x, rz on a grid of angles and, on several qubits, cx, ecr or cz.

    YAML that selects it::

        gate_set: {plugin: ibm, qubits: 2, steps: 8, entangler: ecr, coupling: line}

    `rz_3` is rz(2 pi 3/steps), where rz(a) = diag(e^(-ia/2), e^(ia/2)); the gates are `rz_1` to
    `rz_<steps - 1>`, and `rz_k rz_<steps - k>` is -1. Falcon processors have `cx`, Eagle `ecr`,
    Heron `cz`: quantum.cloud.ibm.com/docs/guides/native-gates. `ecr` as in Qiskit's `ECRGate`.
    """

    name = "ibm"
    Options = IbmOptions

    def gates(self) -> Sequence[Gate]:
        return [
            *standard("sx", "x"),
            *(_rz(k, self.options.steps) for k in range(1, self.options.steps)),
            *standard(self.options.entangler),
        ]


def _rz(k: int, steps: int) -> Gate:
    half = Fraction(k, 2 * steps)
    return Gate(f"rz_{k}", [[phase(-half), 0], [0, phase(half)]])


@hookimpl
def qframe_gate_sets() -> list[type[GateSet[Any]]]:
    return [Ibm]
