"""How fast unitaries of many small circuits are made: qframe's engines against what is usual.

The same circuits by Qiskit's `Operator`, Cirq's `unitary`, and a loop over the gates with one
`np.matmul` for the whole batch; one thread, sampling left out for all. Qiskit's and Cirq's circuits
are built beforehand. All unitaries are compared first (1e-12). The ways take turns.
`generation.py` has the same circuits, and sampling too.

    python benchmarks/against_simulators.py --save      writes results/against_simulators.md, .svg
    python benchmarks/against_simulators.py --quick     prints only
"""

from __future__ import annotations

import argparse
import sys
import warnings
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numpy as np
from generation import Case, measure
from machine import describe, table

RESULT = Path(__file__).parent / "results" / "against_simulators.md"

WAYS = {
    "numba": "qframe, numba",
    "numpy": "qframe, numpy",
    "matmul": "np.matmul, a batch",
    "Cirq": "Cirq `unitary`",
    "Qiskit": "Qiskit `Operator`",
}
WHY = (
    "Why: `np.matmul` may fuse a product and a sum, and add in any order, so its last bits depend "
    "on the machine and on the library. qframe's law rounds each real product and each sum on its "
    "own, in a fixed order, and NumPy can do that only as separate passes over memory. The engine "
    "`numba` keeps to the same law in one pass."
)
REGISTERS = ((1, 32), (2, 8), (3, 2))
"""Qubits, and blocks of 4,096 circuits."""


def add_matmul(case: Case) -> None:
    """Gate after gate, all circuits at once, with the dense matrices of the instructions."""
    dense = case.instructions.matrices
    codes = case.circuits.codes

    def multiply() -> None:
        made = dense[codes[:, 0]]
        for k in range(1, codes.shape[1]):
            made = np.matmul(dense[codes[:, k]], made)
        case.out[...] = made

    case.out.fill(0)
    case.ways[1][1]()
    ours = case.out.copy()
    multiply()
    if not np.allclose(case.out, ours, atol=1e-12):
        raise SystemExit(f"np.matmul gives other unitaries ({case.name})")
    case.ways.append(("matmul", partial(multiply), len(codes)))


def report(measured: dict[str, dict[str, list[float]]]) -> str:
    """Nanoseconds a circuit, and how many times as long as the engines the others take."""
    times: list[tuple[str, ...]] = [("ns a circuit", *(f"{case} gates" for case in measured))]
    for way, name in WAYS.items():
        times.append((name, *(_cell(found[way]) for found in measured.values())))
    ratios: list[tuple[str, ...]] = [("times as long as", *(f"{case} gates" for case in measured))]
    for engine in ("numba", "numpy"):
        for way in ("matmul", "Cirq", "Qiskit"):
            cells = (
                f"{median(found[way]) / median(found[engine]):,.1f}x" for found in measured.values()
            )
            ratios.append((f"{WAYS[way]} / {WAYS[engine]}", *cells))
    slower = [
        f"- {case} gates: {WAYS[way]} is quicker than {WAYS[engine]}, "
        f"{median(found[engine]) / median(found[way]):.2f}x."
        for case, found in measured.items()
        for engine in ("numba", "numpy")
        for way in ("matmul", "Cirq", "Qiskit")
        if median(found[way]) < median(found[engine])
    ]
    beaten = "\n".join([*slower, "", WHY]) if slower else "Nowhere in this run."
    return (
        f"Median (min to max).\n\n{table(times)}\n\n{table(ratios)}\n\n"
        f"## Where something is quicker than qframe\n\n{beaten}"
    )


def _cell(values: list[float]) -> str:
    return f"{median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--compared", type=int, default=200, help="circuits for Qiskit and Cirq")
    parser.add_argument("--quick", action="store_true", help="two repeats of few circuits")
    parser.add_argument("--save", action="store_true", help=f"write {RESULT.name} and .svg too")
    given = parser.parse_args()
    if given.quick:
        given.repeats, given.compared = 2, 20

    warnings.simplefilter("ignore")
    about = describe(Path.cwd())
    about |= {name: version(name) for name in ("numba", "qiskit", "cirq-core")}
    measured = {}
    for qubits, blocks in REGISTERS:
        case = Case(qubits, "20", max(1, blocks // 4) if given.quick else blocks, given.compared)
        add_matmul(case)
        measured[f"{qubits} qubit{'s' if qubits > 1 else ''}, 20"] = measure(case, given.repeats)
        print(f"{case.name}: done", file=sys.stderr)
    text = (
        f"Clifford+T circuits of 20 gates on 1, 2 and 3 qubits, `complex128`, one thread, "
        f"{given.repeats} repeats in turns; Qiskit and Cirq on {given.compared} of the same "
        f"circuits.\n\n{report(measured)}"
    )
    facts = "\n".join(f"- {key}: {value}" for key, value in about.items() if "SQLite" not in key)
    print(f"{text}\n\n{facts}")
    if given.save:
        save(measured, text, facts, about)


def save(
    measured: dict[str, dict[str, list[float]]], text: str, facts: str, about: dict[str, str]
) -> None:
    from picture import draw

    RESULT.parent.mkdir(exist_ok=True)
    picture = RESULT.with_suffix(".svg")
    draw(
        picture,
        "Unitaries of many small circuits",
        f"nanoseconds a circuit of 20 Clifford+T gates, one thread, less is better; line: min to "
        f"max; orange: better than qframe's numba engine; {about['CPU']}; {about['date']}",
        [name.replace("`", "") for name in WAYS.values()],
        [name.startswith("qframe") for name in WAYS.values()],
        [(case, [found[way] for way in WAYS], False) for case, found in measured.items()],
    )
    RESULT.write_text(f"# Engines against simulators\n\n![]({picture.name})\n\n{text}\n\n{facts}\n")
    print(f"Saved: {RESULT}, {picture}")


if __name__ == "__main__":
    main()
