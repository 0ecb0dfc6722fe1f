"""Costs of circuits, which `labels` adds as columns: T-count, CX-count, depths.

A cost counts the instructions as they stand in the circuit. Nothing is simplified first, so it is
an upper bound on what the unitary needs. Gates are recognised by their matrices, up to a global
phase, and never by their names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.instructions import InstructionSet
from qframe.circuits.operations import EQUAL_TOLERANCE

Codes = NDArray[Any]
"""Codes of circuits, `(n, max_length)`; 0 beyond a circuit's length."""

Lengths = NDArray[Any]
"""Numbers of gates of circuits, `(n,)`."""

Label = Callable[[InstructionSet, Codes, Lengths], NDArray[Any]]
"""A function from circuits to one number per circuit: `(n,)`, in the dtype of the lengths."""


def t_count(instructions: InstructionSet, codes: Codes, lengths: Lengths) -> NDArray[Any]:
    """Number of gates in each circuit that are T or its inverse, up to a global phase.

    No other gate counts, whatever its own cost in T gates is (`ccx`, `ccz`, `cs`, rotations).
    """
    return _count(_t_gates(instructions), codes, lengths)


def cx_count(instructions: InstructionSet, codes: Codes, lengths: Lengths) -> NDArray[Any]:
    """Number of CX gates in each circuit, up to a global phase; `cz` and `swap` are none."""
    return _count(_cx_gates(instructions), codes, lengths)


def two_qubit_count(instructions: InstructionSet, codes: Codes, lengths: Lengths) -> NDArray[Any]:
    """Number of gates on exactly two qubits in each circuit, by whatever name; `swap` is one."""
    return _count(_two_qubit_gates(instructions), codes, lengths)


def depth(instructions: InstructionSet, codes: Codes, lengths: Lengths) -> NDArray[Any]:
    """Number of layers of each circuit.

    Each gate stands in the first layer after all earlier gates on its qubits. So the depth is
    the length of the longest chain of gates of which each shares a qubit with the next (Qiskit's
    `QuantumCircuit.depth`). Every gate counts 1.
    """
    return _depth(instructions, np.ones(len(instructions), dtype=np.bool_), codes, lengths)


def hardware_depth(instructions: InstructionSet, codes: Codes, lengths: Lengths) -> NDArray[Any]:
    """`depth` without diagonal gates on one qubit, which cost no time on many processors.

    A rotation about z is there a change of the frame of later pulses (McKay, Wood, Sheldon, Chow
    and Gambetta, arXiv:1612.00858). All other gates count 1.
    """
    return _depth(instructions, ~_virtual_gates(instructions), codes, lengths)


def two_qubit_depth(instructions: InstructionSet, codes: Codes, lengths: Lengths) -> NDArray[Any]:
    """Largest number of gates on exactly two qubits in a chain of gates that share qubits.

    Other gates count 0. They still order the gates on their qubits.
    """
    return _depth(instructions, _two_qubit_gates(instructions), codes, lengths)


def t_depth(instructions: InstructionSet, codes: Codes, lengths: Lengths) -> NDArray[Any]:
    """Largest number of gates that `t_count` counts, in a chain of gates that share qubits.

    Other gates count 0. They still order the gates on their qubits.
    """
    return _depth(instructions, _t_gates(instructions), codes, lengths)


Counted = NDArray[np.bool_]
"""For each code whether a label counts it, `(len(instructions),)`."""


def _t_gates(instructions: InstructionSet) -> Counted:
    return instructions.acting_as("t") | instructions.acting_as("tdg")


def _cx_gates(instructions: InstructionSet) -> Counted:
    return instructions.acting_as("cx")


def _two_qubit_gates(instructions: InstructionSet) -> Counted:
    return np.array([len(placed.qubits) == 2 for placed in instructions.instructions])


def _virtual_gates(instructions: InstructionSet) -> Counted:
    """Gates on one qubit whose matrix is diagonal."""
    virtual = {
        gate.name: gate.qubits == 1
        and bool(np.abs(gate.matrix - np.diag(gate.matrix.diagonal())).max() <= EQUAL_TOLERANCE)
        for gate in instructions.gates
    }
    return np.array([virtual[placed.gate] for placed in instructions.instructions])


def _count(counted: Counted, codes: Codes, lengths: Lengths) -> NDArray[Any]:
    """Number of instructions of each circuit that are counted."""
    # A sum along the first axis adds whole rows, which is quick.
    total: NDArray[Any] = counted.astype(np.uint8).take(codes.T).sum(axis=0, dtype=lengths.dtype)
    if counted[0]:  # the padding beyond a circuit's length reads as code 0
        total -= (codes.shape[1] - lengths).astype(lengths.dtype)
    return total


def _depth(
    instructions: InstructionSet, counted: Counted, codes: Codes, lengths: Lengths
) -> NDArray[Any]:
    """Largest number of counted instructions in a chain of instructions that share qubits."""
    if instructions.qubits == 1:
        return _count(counted, codes, lengths)
    # One more code, which acts on no qubit, stands where a circuit has ended.
    touches = np.zeros((instructions.qubits, len(instructions) + 1), dtype=lengths.dtype)
    for code, placed in enumerate(instructions.instructions):
        touches[list(placed.qubits), code] = np.iinfo(lengths.dtype).max
    cost = np.append(counted, False).astype(lengths.dtype)
    layers = np.zeros((instructions.qubits, len(codes)), dtype=lengths.dtype)
    for position, code_of in enumerate(codes.T):
        acting = np.where(lengths > position, code_of.astype(np.intp), len(instructions))
        mask = touches.take(acting, axis=1)  # all bits set on the gate's qubits, none elsewhere
        reached: NDArray[Any] = (layers & mask).max(axis=0) + cost.take(acting)
        np.maximum(layers, reached & mask, out=layers)
    depths: NDArray[Any] = layers.max(axis=0)
    return depths


LABELS: dict[str, Label] = {
    "t_count": t_count,
    "cx_count": cx_count,
    "two_qubit_count": two_qubit_count,
    "depth": depth,
    "hardware_depth": hardware_depth,
    "two_qubit_depth": two_qubit_depth,
    "t_depth": t_depth,
}
"""All labels by name, in the order of their columns. The length has a column in any case."""

LABEL_NAMES = tuple(LABELS)
"""The names of all labels, in the order of their columns."""

_COUNTED: dict[str, tuple[Callable[[InstructionSet], Counted], str]] = {
    "t_count": (_t_gates, "no gate is T or its inverse up to a global phase"),
    "t_depth": (_t_gates, "no gate is T or its inverse up to a global phase"),
    "cx_count": (_cx_gates, "no gate is CX up to a global phase"),
    "two_qubit_count": (_two_qubit_gates, "no gate acts on two qubits"),
    "two_qubit_depth": (_two_qubit_gates, "no gate acts on two qubits"),
    "hardware_depth": (
        lambda instructions: ~_virtual_gates(instructions),
        "all gates are diagonal gates on one qubit",
    ),
}
"""What labels count that need not count any gate, and what it means if they count none."""


def can_only_be_zero(label: str, instructions: InstructionSet) -> str | None:
    """Why a label is 0 for every circuit of these instructions; None if it may be another."""
    if label not in _COUNTED:
        return None
    counted, why = _COUNTED[label]
    return None if counted(instructions).any() else why
