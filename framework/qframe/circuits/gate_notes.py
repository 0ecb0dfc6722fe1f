"""Notes about gates: what is allowed, and may still not be what was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qframe.circuits.gates import Gate
from qframe.circuits.instructions import Instruction, InstructionSet
from qframe.circuits.operations import (
    EqualMatrices,
    Matrix,
    OperationTable,
    distance_up_to_phase,
)
from qframe.circuits.phase import without_phase
from qframe.circuits.placement import widen
from qframe.circuits.standard_gates import (
    NAMED_TOLERANCE,
    STANDARD_MATRICES,
    controls_of,
    standard_matrix,
)

ALIASES = {"cnot": "cx", "toffoli": "ccx", "ccnot": "ccx", "fredkin": "cswap", "hadamard": "h"}
"""Other names of standard gates."""

CONTROLLED = re.compile(r"(c+)(r[xyz]|p|u[123]?|phase|x|z|s|t)(_\w*|dg)?")
"""Names of controlled gates; the leading letters `c` are controls, and they come first."""

REVERSED = (
    "has the qubits of that gate in reversed order, as textbooks and Cirq write it. In qframe the "
    "first qubit of a gate is the least significant bit of its matrix (Qiskit's order); the gate "
    "set `matrices` reads the other order with `qubit_order: big`"
)


def gate_notes(instructions: InstructionSet) -> Iterator[str]:
    """One line about each thing in a gate set that looks like a mistake, and may be none."""
    for gate in instructions.gates:
        yield from _about_name(gate)
    yield from _about_placements(instructions)
    yield from _about_phases(instructions.gates)


def _about_name(gate: Gate) -> Iterator[str]:
    """Whether a gate with a well-known name is that gate, or has its matrix in reversed order."""
    name = ALIASES.get(gate.name.lower(), gate.name.lower())
    last_first = widen(gate.matrix, range(gate.qubits)[::-1], gate.qubits)
    if name not in STANDARD_MATRICES:
        named = CONTROLLED.fullmatch(name)
        if named is not None and _is_reversed(controls_of(gate.matrix), len(named[1])):
            yield f"gate {gate.name!r}: its matrix {REVERSED}"
        return
    want = standard_matrix(name)
    if _near(gate.matrix, want):
        return
    if _near(last_first, want):
        yield f"gate {gate.name!r}: its matrix {REVERSED}"
    elif gate.matrix.shape != want.shape:
        yield f"gate {gate.name!r} is not the standard gate {name}: it has {gate.qubits} qubits"
    else:
        away = distance_up_to_phase(gate.matrix, want)
        yield (
            f"gate {gate.name!r} is not the standard gate {name}: up to a global phase, entries of "
            f"the matrices differ by {away:.3g}"
        )


def _is_reversed(controls: Sequence[bool], count: int) -> bool:
    """Whether the last `count` qubits of a gate are controls, and the first ones are not."""
    inside = 0 < count < len(controls)
    return inside and all(controls[-count:]) and not all(controls[:count])


def _near(matrix: Matrix, want: Matrix) -> bool:
    return matrix.shape == want.shape and distance_up_to_phase(matrix, want) <= NAMED_TOLERANCE


def _about_placements(instructions: InstructionSet) -> Iterator[str]:
    """Gates that are placed nowhere, and instructions that do the same."""
    used = {placed.gate for placed in instructions.instructions}
    for gate in instructions.gates:
        if gate.name not in used:
            yield f"gate {gate.name!r} acts nowhere: no coupled qubits are as it needs them"
    known: OperationTable[Instruction] = OperationTable()
    for code, placed in enumerate(instructions.instructions):
        first = known.first(instructions.matrix_of(code), placed.qubits, placed)
        if first is not None:
            yield f"instruction {placed} does what {first} does: it is drawn twice as often"


def _about_phases(gates: Sequence[Gate]) -> Iterator[str]:
    """Gates that are equal up to a global phase, in one line."""
    known: dict[int, EqualMatrices[str]] = {}
    pairs = []
    for gate in gates:
        [turned] = without_phase(gate.matrix[None])
        first = known.setdefault(gate.qubits, EqualMatrices()).first(turned, gate.name)
        if first is not None:
            pairs.append(f"{first!r} and {gate.name!r}")
    if pairs:
        more = f", and {len(pairs) - 3} more pairs" if len(pairs) > 3 else ""
        yield f"gates {', '.join(pairs[:3])}{more} are equal up to a global phase"
