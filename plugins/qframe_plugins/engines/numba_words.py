"""Unitaries from a table of the products of all words, in one compiled loop."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe import InstructionSet
from qframe_plugins.engines.numba_one_qubit import multiply as one_qubit
from qframe_plugins.engines.numba_two_qubits import multiply as two_qubits
from qframe_plugins.engines.word_table import WordTable


class WordKernel:
    """The table of `WordTable`, one word's entries side by side, and the loop over it.

    For one and two qubits: from three on, applying gate by gate costs less (`fold_for`).
    """

    def __init__(self, instructions: InstructionSet, fold: int) -> None:
        table = WordTable(instructions, fold)
        entries = np.stack([table.re, table.im])  # (2, dim, dim, words)
        self.table = np.ascontiguousarray(np.moveaxis(entries, -1, 0))
        self.offsets = table.offsets.astype(np.uintp)
        self.size = np.uintp(len(instructions))
        self._loop = one_qubit if instructions.qubits == 1 else two_qubits

    def multiply(self, codes: NDArray[Any], lengths: NDArray[Any], out: NDArray[Any]) -> None:
        """Writes the unitaries of `codes` `(n, width)` into `out` `(n, 2 * dim * dim)`, real."""
        self._loop(codes, lengths, self.size, self.offsets, self.table, out)
