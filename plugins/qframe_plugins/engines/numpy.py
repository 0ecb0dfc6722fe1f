"""The engine that needs nothing but NumPy."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from qframe import Circuits, Engine, InstructionSet, PluginOptions, hookimpl
from qframe_plugins.engines.local_gates import LocalGates
from qframe_plugins.engines.word_table import MAX_TABLE_QUBITS, WordTable

TABLE_CHUNK = 8192
"""One-qubit circuits at once with a table: measured a seventh faster than 4,096, whose calls cost
more, and of two-qubit ones, whose planes are four times as many, half of that."""

LOCAL_CHUNK_BYTES = 1 << 23
"""Unitaries at once without: enough circuits for a group of each instruction to be worth a call."""


class NumpyEngine(Engine[PluginOptions]):
    """Products of words looked up in a table, or, from three qubits on, gates applied to rows.

    YAML that selects it::

        engine: numpy

    Real and imaginary parts are separate arrays throughout, so that every product and sum is
    rounded on its own: the law's arithmetic on any CPU.
    """

    name = "numpy"

    def __init__(self, options: PluginOptions, instructions: InstructionSet, fold: int) -> None:
        super().__init__(options, instructions, fold)
        self._kernel: WordTable | LocalGates = (
            WordTable(instructions, fold)
            if instructions.qubits <= MAX_TABLE_QUBITS
            else LocalGates(instructions)
        )
        self._chunk = (
            TABLE_CHUNK // instructions.qubits
            if instructions.qubits <= MAX_TABLE_QUBITS
            else max(16, LOCAL_CHUNK_BYTES // (16 * instructions.dim**2))
        )

    def multiply(self, circuits: Circuits, out: NDArray[Any]) -> None:
        """Chunk by chunk; see `Engine.multiply`."""
        for start in range(0, len(circuits), self._chunk):
            part = slice(start, start + self._chunk)
            self._kernel.multiply(circuits.codes[part], circuits.lengths[part], out[part])


@hookimpl
def qframe_engines() -> list[type[Engine[Any]]]:
    return [NumpyEngine]
