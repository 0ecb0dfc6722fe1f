"""What exact arithmetic and keys cost: microseconds a circuit of 20 gates, on one core.

python benchmarks/exact_speed.py
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from qframe import Circuits, GateSet, PluginOptions, circuit_keys, fold_for, unitary_keys
from qframe.circuits.exact.engine import ExactEngine
from qframe_plugins.engines.numpy import NumpyEngine
from qframe_plugins.gate_sets.clifford_t import CliffordT
from qframe_plugins.gate_sets.fibonacci import Fibonacci
from qframe_plugins.gate_sets.hrc import Hrc

LENGTH = 20
REPEATS = 5
CASES: list[tuple[type[GateSet[Any]], int, int]] = [
    (CliffordT, 1, 16_384),
    (Hrc, 1, 16_384),
    (Fibonacci, 1, 16_384),
    (CliffordT, 2, 4_096),
    (CliffordT, 3, 1_024),
    (CliffordT, 4, 256),
]


def best(work: Callable[[], object], circuits: int) -> float:
    """Microseconds a circuit: the best of some tries."""
    times = []
    for _ in range(REPEATS):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return 1e6 * min(times) / circuits


def main() -> None:
    print(
        f"{'gate set':<14}{'qubits':>7}{'float':>11}{'exact':>11}{'exact key':>11}{'close key':>11}"
    )
    for cls, qubits, count in CASES:
        gate_set = cls(cls.Options.model_validate({"qubits": qubits}))
        gates = gate_set.instructions()
        codes = np.random.default_rng(0).integers(len(gates), size=(count, LENGTH))
        circuits = Circuits(codes.astype(gates.code_dtype), np.full(count, LENGTH, dtype=np.uint8))
        unitaries = np.empty((count, gates.dim, gates.dim), dtype=np.complex128)
        plain = NumpyEngine(PluginOptions(), gates, fold_for(len(gates), qubits))
        exact = ExactEngine(gates)
        row = (
            best(partial(plain.multiply, circuits, unitaries), count),
            best(partial(exact.multiply, circuits, unitaries), count),
            best(partial(circuit_keys, gates, circuits), count),
            best(partial(unitary_keys, unitaries), count),
        )
        print(f"{gate_set.name:<14}{qubits:>7}" + "".join(f"{value:>11.2f}" for value in row))


if __name__ == "__main__":
    main()
