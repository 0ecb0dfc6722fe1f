"""Labels: numbers that say what a circuit costs, as columns of the dataset.

A label counts the instructions as they stand in the circuit; nothing is simplified first, so it is
an upper bound on what the unitary needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.instructions import Instruction, InstructionSet

Codes = NDArray[Any]
"""`(n, max_length)`, 0 beyond a circuit's length."""

Lengths = NDArray[Any]
"""`(n,)`."""

Label = Callable[[InstructionSet, Codes, Lengths], NDArray[Any]]
"""From circuits to one number each: `(n,)`, of the dtype of the lengths."""


def t_count(instructions: InstructionSet, codes: Codes, lengths: Lengths) -> NDArray[Any]:
    """Gates named `t` or `tdg`.

    No other gate counts, whatever it would cost in T gates (`ccx`, `ccz`, `cs`, rotations).
    """
    return _count(instructions, codes, lengths, lambda placed: placed.gate in ("t", "tdg"))


def cx_count(instructions: InstructionSet, codes: Codes, lengths: Lengths) -> NDArray[Any]:
    """Gates named `cx`. Not `cz`, `swap` or other gates; `two_qubit_count` has them all."""
    return _count(instructions, codes, lengths, lambda placed: placed.gate == "cx")


def two_qubit_count(instructions: InstructionSet, codes: Codes, lengths: Lengths) -> NDArray[Any]:
    """Gates on exactly two qubits, whatever their name (`swap` is one gate)."""
    return _count(instructions, codes, lengths, lambda placed: len(placed.qubits) == 2)


def depth(instructions: InstructionSet, codes: Codes, lengths: Lengths) -> NDArray[Any]:
    """Layers, if each gate stands in the first layer after all earlier gates on its qubits.

    That is the longest chain of gates of which each shares a qubit with the next (Qiskit's
    `QuantumCircuit.depth`); every gate counts 1.
    """
    if instructions.qubits == 1:
        return lengths.copy()
    # One more code, which touches nothing, stands where a circuit has ended.
    touches = np.zeros((instructions.qubits, len(instructions) + 1), dtype=lengths.dtype)
    for code, placed in enumerate(instructions.instructions):
        touches[list(placed.qubits), code] = np.iinfo(lengths.dtype).max
    layers = np.zeros((instructions.qubits, len(codes)), dtype=lengths.dtype)
    for position, here in enumerate(codes.T):
        acting = np.where(lengths > position, here.astype(np.intp), len(instructions))
        on = touches.take(acting, axis=1)  # all bits set on the gate's qubits, none elsewhere
        reached: NDArray[Any] = (layers & on).max(axis=0) + lengths.dtype.type(1)
        np.maximum(layers, reached & on, out=layers)
    found: NDArray[Any] = layers.max(axis=0)
    return found


def _count(
    instructions: InstructionSet,
    codes: Codes,
    lengths: Lengths,
    counts: Callable[[Instruction], bool],
) -> NDArray[Any]:
    """How many instructions of each circuit count."""
    which = np.array([counts(placed) for placed in instructions.instructions], dtype=np.uint8)
    # Position by position: sums over long axes are quick.
    total: NDArray[Any] = which.take(codes.T).sum(axis=0, dtype=lengths.dtype)
    if which[0]:  # the padding beyond a circuit's length reads as code 0
        total -= (codes.shape[1] - lengths).astype(lengths.dtype)
    return total


LABELS: dict[str, Label] = {
    "t_count": t_count,
    "cx_count": cx_count,
    "two_qubit_count": two_qubit_count,
    "depth": depth,
}
"""All labels, in the order of their columns. The length is always there, as `lengths`."""

LABEL_NAMES = tuple(LABELS)
"""Names of all labels, in the order of their columns."""
