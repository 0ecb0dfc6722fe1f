"""Whole circuits of Sycamore, the ion trap and others against Cirq, once qubits are reversed."""

from __future__ import annotations

import warnings
from fractions import Fraction
from math import pi
from typing import Any

import numpy as np
import pytest

import qframe

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    cirq = pytest.importorskip("cirq")

CASES: list[tuple[dict[str, Any], tuple[int, ...]]] = [
    ({"plugin": "sycamore"}, (1, 2, 3, 4)),
    ({"plugin": "ion_trap", "steps": 5, "ms_steps": 3, "theta_steps": 2}, (1, 2, 3, 4)),
    ({"plugin": "rotations", "k": [2, 7]}, (1, 2, 4)),
    ({"plugin": "clifford_cs", "gates": ["h", "s", "sdg", "cx", "cz", "swap", "cs"]}, (2, 4)),
    ({"plugin": "clifford_ccz", "gates": ["h", "s", "x", "cz", "ccz"]}, (3, 4)),
    ({"plugin": "ibm", "steps": 8, "entangler": "cz"}, (1, 2, 4)),
]

PLAIN: dict[str, Any] = {
    "h": cirq.H,
    "s": cirq.S,
    "sdg": cirq.S**-1,
    "x": cirq.X,
    "sx": cirq.X**0.5,
    "cx": cirq.CNOT,
    "cz": cirq.CZ,
    "swap": cirq.SWAP,
    "cs": cirq.CZ**0.5,
    "ccz": cirq.CCZ,
    "rx90": cirq.rx(pi / 2),
    "ry90": cirq.ry(pi / 2),
    # A turn by pi/2 about the axis (X + Y)/sqrt(2), which is X turned by pi/4 about Z.
    "rw90": cirq.PhasedXPowGate(phase_exponent=0.25, exponent=0.5, global_shift=-0.5),
    "fsim": cirq.FSimGate(pi / 2, pi / 6),
}


def operations(name: str, on: list[Any], options: dict[str, Any]) -> list[Any]:
    """Cirq's operations for one of our instructions, in the order in which they act."""
    if name in PLAIN:
        return [PLAIN[name](*on)]
    if "_pi" in name:
        axis, _, angle = name.partition("_pi")
        sign = -1 if angle.endswith("dg") else 1
        turn = sign * pi / int(angle.removesuffix("dg"))
        return [{"rx": cirq.rx, "ry": cirq.ry, "rz": cirq.rz}[axis](turn)(*on)]
    kind, *numbers = name.split("_")
    if kind == "rz":
        return [cirq.rz(2 * pi * int(numbers[0]) / options["steps"])(*on)]
    if kind in ("gpi", "gpi2"):
        p = float(Fraction(int(numbers[0]), options["steps"]))
        shape = {"exponent": 1.0} if kind == "gpi" else {"exponent": 0.5, "global_shift": -0.5}
        return [cirq.PhasedXPowGate(phase_exponent=2 * p, **shape)(*on)]
    # ms: X X turned about Z on each qubit.
    phases = [2 * pi * int(n) / options["ms_steps"] for n in numbers[:2]]
    turn = pi * int(numbers[2]) / (4 * options["theta_steps"])
    back = [cirq.rz(-phase)(q) for phase, q in zip(phases, on, strict=True)]
    return [*back, cirq.ms(turn)(*on), *(cirq.rz(p)(q) for p, q in zip(phases, on, strict=True))]


@pytest.mark.parametrize(
    ("options", "qubits"),
    [(options, qubits) for options, sizes in CASES for qubits in sizes],
    ids=lambda value: value["plugin"] if isinstance(value, dict) else str(value),
)
def test_circuits_equal_cirqs(options: dict[str, Any], qubits: int, config: Any) -> None:
    path = config(
        records=15,
        gate_set={**options, "qubits": qubits},
        sampler={"plugin": "uniform", "length": {"min": 10, "max": 40}},
    )
    line = cirq.LineQubit.range(qubits)
    seen = set()
    for record in qframe.open(path):
        circuit = cirq.Circuit()
        for name, on in record.circuit:
            circuit.append(operations(name, [line[q] for q in on], options))
            seen.add(name)
        want = circuit.unitary(qubit_order=line[::-1], qubits_that_should_be_present=line)
        assert np.abs(record.unitary - want).max() <= 1e-12
    assert len(seen) >= min(20, len(qframe.open(path).recipe.instructions.gates))
