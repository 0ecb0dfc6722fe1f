"""The engine that needs nothing but NumPy."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from qframe import Circuits, Engine, InstructionSet, PluginOptions, hookimpl
from qframe_plugins.engines._numpy.local_gates import LocalGates
from qframe_plugins.engines._numpy.shared_prefixes import SharedPrefixes
from qframe_plugins.engines._numpy.word_table import MAX_TABLE_QUBITS, WordTable

TABLE_CHUNK = 8192
"""Circuits at once with a table: 4,096 take a fifth longer on one and on two qubits, whose calls
cost more, and twice as many are no quicker (measured)."""

LOCAL_CHUNK_BYTES = 1 << 21
"""Unitaries at once without: with fewer the calls of NumPy cost more, with more the memory does."""


class NumpyEngine(Engine[PluginOptions]):
    """Products of words looked up in a table, or, from three qubits on, gates applied to rows.
    Where circuits are prefixes of each other (`Circuits.parents`), one gate each.

    YAML that selects it::

        engine: numpy

    Real and imaginary parts are separate arrays throughout, so that every product and sum is
    rounded on its own: the law's arithmetic on any CPU.
    """

    name = "numpy"

    def __init__(self, options: PluginOptions, instructions: InstructionSet, fold: int) -> None:
        super().__init__(options, instructions, fold)
        small = instructions.qubits <= MAX_TABLE_QUBITS
        self._words = WordTable(instructions, fold) if small else None
        self._prefixes = SharedPrefixes(instructions) if small else None
        self._gates = LocalGates(instructions)
        self._chunk = (
            TABLE_CHUNK if small else max(4, LOCAL_CHUNK_BYTES // (16 * instructions.dim**2))
        )

    def multiply(self, circuits: Circuits, out: NDArray[Any]) -> None:
        """Chunk by chunk, or length by length; see `Engine.multiply`."""
        if circuits.parents is not None and self._prefixes is not None:
            self._prefixes.multiply(circuits, circuits.parents, out)
            return
        for start in range(0, len(circuits), self._chunk):
            part = slice(start, start + self._chunk)
            if self._words is not None:
                self._words.multiply(circuits.codes[part], circuits.lengths[part], out[part])
            else:
                self._gates.multiply(circuits.part(part), out[part])


@hookimpl
def qframe_engines() -> list[type[Engine[Any]]]:
    return [NumpyEngine]
