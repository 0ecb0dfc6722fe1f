"""Costs of circuits, which `labels` adds as columns: T-count, CX-count, two-qubit count, depth.

A cost counts the instructions as they stand in the circuit. Nothing is simplified first, so it is
an upper bound on what the unitary needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.instructions import Instruction, InstructionSet

Codes = NDArray[Any]
"""Codes of circuits, `(n, max_length)`; 0 beyond a circuit's length."""

Lengths = NDArray[Any]
"""Numbers of gates of circuits, `(n,)`."""

Label = Callable[[InstructionSet, Codes, Lengths], NDArray[Any]]
"""A function from circuits to one number per circuit: `(n,)`, in the dtype of the lengths."""


def t_count(instructions: InstructionSet, codes: Codes, lengths: Lengths) -> NDArray[Any]:
    """Number of gates named `t` or `tdg` in each circuit.

    No other gate counts, whatever its own cost in T gates is (`ccx`, `ccz`, `cs`, rotations).
    """
    return _count(instructions, codes, lengths, lambda placed: placed.gate in ("t", "tdg"))


def cx_count(instructions: InstructionSet, codes: Codes, lengths: Lengths) -> NDArray[Any]:
    """Number of gates named `cx` in each circuit; `two_qubit_count` counts `cz`, `swap` too."""
    return _count(instructions, codes, lengths, lambda placed: placed.gate == "cx")


def two_qubit_count(instructions: InstructionSet, codes: Codes, lengths: Lengths) -> NDArray[Any]:
    """Number of gates on exactly two qubits in each circuit, by whatever name; `swap` is one."""
    return _count(instructions, codes, lengths, lambda placed: len(placed.qubits) == 2)


def depth(instructions: InstructionSet, codes: Codes, lengths: Lengths) -> NDArray[Any]:
    """Number of layers of each circuit.

    Each gate stands in the first layer after all earlier gates on its qubits. So the depth is
    the length of the longest chain of gates of which each shares a qubit with the next (Qiskit's
    `QuantumCircuit.depth`). Every gate counts 1.
    """
    if instructions.qubits == 1:
        return lengths.copy()
    # One more code, which acts on no qubit, stands where a circuit has ended.
    touches = np.zeros((instructions.qubits, len(instructions) + 1), dtype=lengths.dtype)
    for code, placed in enumerate(instructions.instructions):
        touches[list(placed.qubits), code] = np.iinfo(lengths.dtype).max
    layers = np.zeros((instructions.qubits, len(codes)), dtype=lengths.dtype)
    for position, code_of in enumerate(codes.T):
        acting = np.where(lengths > position, code_of.astype(np.intp), len(instructions))
        mask = touches.take(acting, axis=1)  # all bits set on the gate's qubits, none elsewhere
        reached: NDArray[Any] = (layers & mask).max(axis=0) + lengths.dtype.type(1)
        np.maximum(layers, reached & mask, out=layers)
    depths: NDArray[Any] = layers.max(axis=0)
    return depths


def _count(
    instructions: InstructionSet,
    codes: Codes,
    lengths: Lengths,
    counts: Callable[[Instruction], bool],
) -> NDArray[Any]:
    """Number of instructions of each circuit for which `counts` is true."""
    counted = np.array([counts(placed) for placed in instructions.instructions], dtype=np.uint8)
    # A sum along the first axis adds whole rows, which is quick.
    total: NDArray[Any] = counted.take(codes.T).sum(axis=0, dtype=lengths.dtype)
    if counted[0]:  # the padding beyond a circuit's length reads as code 0
        total -= (codes.shape[1] - lengths).astype(lengths.dtype)
    return total


LABELS: dict[str, Label] = {
    "t_count": t_count,
    "cx_count": cx_count,
    "two_qubit_count": two_qubit_count,
    "depth": depth,
}
"""All labels by name, in the order of their columns. The length has a column in any case."""

LABEL_NAMES = tuple(LABELS)
"""The names of all labels, in the order of their columns."""
