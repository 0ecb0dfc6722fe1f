"""How fast a core makes records, against Qiskit and Cirq on the same circuits.

Sampling and multiplying alone: nothing is stored, one thread. The ways take turns, so that what
else the machine does meets all of them alike; the ratio is that of the medians.

    python benchmarks/generation.py --save
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import cirq
import numpy as np
from machine import describe, table
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator
from report import Result, Row, Table, arguments, finish

from qframe import Circuits, Draws, GateSetOptions, InstructionSet, PluginOptions, fold_for
from qframe_plugins.engines.numba import NumbaEngine
from qframe_plugins.engines.numpy import NumpyEngine
from qframe_plugins.gate_sets.clifford_t import CliffordT
from qframe_plugins.samplers.uniform import Uniform

BLOCK = 4096

TURN_S = 0.1
"""Seconds that a way works in its turn, at least: a single call would be one with cold caches."""

ENGINES = {"numpy": NumpyEngine, "numba": NumbaEngine}
LENGTHS: dict[str, Any] = {"20": 20, "5 to 30": {"min": 5, "max": 30}}

TASK_BLOCKS = {(1, "20"): 18, (1, "5 to 30"): 16, (2, "20"): 5, (3, "20"): 1}
"""Qubits and lengths; blocks that are made together, as many as in a task of `qframe run`."""

CIRQ_GATES = {
    "h": cirq.H,
    "s": cirq.S,
    "sdg": cirq.S**-1,
    "t": cirq.T,
    "tdg": cirq.T**-1,
    "x": cirq.X,
    "y": cirq.Y,
    "z": cirq.Z,
    "cx": cirq.CNOT,
    "cz": cirq.CZ,
    "swap": cirq.SWAP,
}


class Case:
    """Circuits of one register and length, and every way to multiply them out.

    Attributes:
        ways: what to time: name, function, records that a call makes.
    """

    def __init__(self, qubits: int, lengths: str, blocks: int, compared: int) -> None:
        gate_set = CliffordT(GateSetOptions.model_validate({"qubits": qubits}))
        self.instructions: InstructionSet = gate_set.instructions()
        self.name = f"{qubits}, {lengths}"
        options = Uniform.Options.model_validate({"length": LENGTHS[lengths]})
        sampler = Uniform(options, self.instructions)
        parts = [sampler.sample(Draws(1, block, BLOCK)) for block in range(blocks)]
        codes = np.concatenate([part.codes for part in parts])
        self.circuits = Circuits(codes, np.concatenate([part.lengths for part in parts]))
        dim = self.instructions.dim
        self.out: NDArray[np.complex128] = np.empty((len(codes), dim, dim), dtype=np.complex128)
        self.compared = compared
        self.ways: list[tuple[str, Callable[[], object], int]] = [
            (
                "sampling",
                lambda: [sampler.sample(Draws(1, b, BLOCK)) for b in range(blocks)],
                len(codes),
            )
        ]
        fold = fold_for(len(self.instructions), qubits)
        for name, engine in ENGINES.items():
            made = engine(PluginOptions(), self.instructions, fold)
            self.ways.append((name, partial(made.multiply, self.circuits, self.out), len(codes)))
        placed = [self._instructions_of(i) for i in range(compared)]
        for name, build, unitary in (
            ("Qiskit", self._qiskit, lambda circuit: Operator(circuit).data),
            ("Cirq", self._cirq, cirq.unitary),
        ):
            built = [build(circuit) for circuit in placed]
            self._check(name, [unitary(circuit) for circuit in built])
            self.ways.append((name, partial(_each, unitary, built), compared))

    def _instructions_of(self, record: int) -> tuple[Any, ...]:
        length = int(self.circuits.lengths[record])
        return self.instructions.circuit(self.circuits.codes[record, :length].tolist())

    def _qiskit(self, circuit: tuple[Any, ...]) -> QuantumCircuit:
        built = QuantumCircuit(self.instructions.qubits)
        for gate, qubits in circuit:
            getattr(built, gate)(*qubits)
        return built

    def _cirq(self, circuit: tuple[Any, ...]) -> Any:
        # Cirq's first qubit is the most significant one.
        line = cirq.LineQubit.range(self.instructions.qubits)[::-1]
        identity = [cirq.I(qubit) for qubit in line]  # so that no qubit is left out
        moments = [CIRQ_GATES[gate](*(line[q] for q in qubits)) for gate, qubits in circuit]
        return cirq.Circuit(identity, moments)

    def _check(self, name: str, unitaries: list[Any]) -> None:
        """The others' unitaries are ours (to rounding), or the comparison would mean nothing."""
        for _, way, _ in self.ways[1:3]:
            self.out.fill(np.nan)
            way()
            if not np.allclose(self.out[: len(unitaries)], unitaries, atol=1e-12):
                raise SystemExit(f"{name} gives other unitaries ({self.name})")


def _each(unitary: Callable[[Any], Any], circuits: list[Any]) -> list[Any]:
    return [unitary(circuit) for circuit in circuits]


def measure(case: Case, repeats: int) -> dict[str, list[float]]:
    """Nanoseconds a record: one figure a repeat for each way, and for the engines with sampling."""
    times: dict[str, list[float]] = {name: [] for name, _, _ in case.ways}
    calls = {name: math.ceil(TURN_S / _seconds(way)) for name, way, _ in case.ways}
    for _ in range(repeats):
        for name, way, records in case.ways:
            seconds = _seconds(way, calls[name])
            times[name].append(seconds / calls[name] / records * 1e9)
    for engine in ENGINES:
        pairs = zip(times["sampling"], times[engine], strict=True)
        times[f"sampling + {engine}"] = [a + b for a, b in pairs]
    return times


def _seconds(way: Callable[[], object], calls: int = 1) -> float:
    """Wall time of some calls, after one that is not counted."""
    way()
    start = perf_counter()
    for _ in range(calls):
        way()
    return perf_counter() - start


ROWS = ("sampling", "numpy", "numba", "sampling + numpy", "sampling + numba", "Qiskit", "Cirq")

Times = dict[str, list[float]]


def report(measured: dict[str, Times], intro: str, about: dict[str, str]) -> Result:
    """Nanoseconds a record, and ratios to Qiskit and Cirq."""
    tables = []
    for case, times in measured.items():
        qubits, length = case.split(", ")
        unit = f"nanoseconds a record, {qubits} qubit{'s' * (qubits != '1')}, length {length}"
        tables.append(Table(unit, [Row(row, times[row]) for row in ROWS]))
    ratios = [("qubits, length", "engine, with sampling", "Qiskit", "Cirq")]
    held = {}
    for case, times in measured.items():
        for engine in ENGINES:
            ours = median(times[f"sampling + {engine}"])
            others = [median(times[other]) / ours for other in ("Qiskit", "Cirq")]
            ratios.append((case, engine, f"{others[0]:,.0f}x", f"{others[1]:,.0f}x"))
            if case == "1, 20":
                held[f"generation_{engine}"] = ours
            elif case in ("2, 20", "3, 20"):
                held[f"{engine}_{case[0]}"] = min(others)
    return Result(
        name="generation",
        title="Generation alone",
        intro=intro,
        tables=tables,
        measured=held,
        about=about,
        remarks=["Qiskit and Cirq over qframe:", table([*ratios])],
    )


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--compared", type=int, default=200, help="circuits for Qiskit and Cirq")
    given = parser.parse_args()
    if given.quick:
        given.repeats, given.compared = 2, 20

    warnings.simplefilter("ignore")
    about = describe(Path.cwd())
    about |= {name: version(name) for name in ("numba", "qiskit", "cirq-core")}
    measured = {}
    for (qubits, lengths), blocks in TASK_BLOCKS.items():
        case = Case(qubits, lengths, blocks, given.compared)
        measured[case.name] = measure(case, given.repeats)
        print(f"{case.name}: done", file=sys.stderr)
    intro = (
        f"Clifford+T, `complex128`, one core, {given.repeats} repeats of each in turns; Qiskit's "
        f"`Operator` and Cirq's `unitary` on {given.compared} of the same circuits, built "
        "beforehand."
    )
    about = {key: value for key, value in about.items() if "SQLite" not in key}
    finish(report(measured, intro, about), given)


if __name__ == "__main__":
    main()
