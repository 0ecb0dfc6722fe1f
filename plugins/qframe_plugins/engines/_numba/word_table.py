"""Unitaries from a table of the products of all words, in one compiled loop: one or two qubits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe import Circuits, InstructionSet
from qframe_plugins.engines._numba.extensions import extends_previous
from qframe_plugins.engines._numba.one_qubit import multiply as one_qubit
from qframe_plugins.engines._numba.two_qubits import multiply as two_qubits
from qframe_plugins.engines._numpy.word_table import WordTable


class WordKernel:
    """The products of `WordTable`, the entries of each side by side, and the compiled loop.

    For one and two qubits; from three on, applying gate by gate costs less.

    Attributes:
        table: `(words, 2, dim, dim)`: real parts and imaginary parts.
        offsets: `(fold + 1,)`: index of the first word of each length.
        size: number of instructions.
    """

    def __init__(self, instructions: InstructionSet, fold: int) -> None:
        table = WordTable(instructions, fold)
        entries = np.stack([table.re, table.im])  # (2, dim, dim, words)
        self.table = np.ascontiguousarray(np.moveaxis(entries, -1, 0))
        self.offsets = table.offsets.astype(np.uintp)
        self.size = np.uintp(len(instructions))
        self._loop = one_qubit if instructions.qubits == 1 else two_qubits

    def multiply(self, circuits: Circuits, out: NDArray[Any]) -> None:
        """Writes the unitaries of `circuits` into `out` `(n, 2 * dim * dim)`, real."""
        codes, lengths, extends = circuits.codes, circuits.lengths, extends_previous(circuits)
        self._loop(codes, lengths, extends, self.size, self.offsets, self.table, out)
