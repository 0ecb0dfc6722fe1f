"""Engine `numpy`: needs nothing but NumPy."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from qframe import Circuits, Engine, InstructionSet, PluginOptions, hookimpl
from qframe_plugins.engines._numpy.local_gates import LocalGates
from qframe_plugins.engines._numpy.shared_prefixes import SharedPrefixes
from qframe_plugins.engines._numpy.word_table import MAX_TABLE_QUBITS, WordTable

TABLE_CHUNK = 8192
"""Circuits per chunk with a word table.

Chunks of 4,096 take a fifth longer on one and on two qubits, because NumPy's calls then cost more;
chunks twice as large are no quicker (measured).
"""

LOCAL_CHUNK_BYTES = 1 << 21
"""Bytes of unitaries per chunk without a table: NumPy's calls cost more with smaller chunks, memory
with larger ones."""


class NumpyEngine(Engine[PluginOptions]):
    """Products of words from a table, or, from three qubits on, gates applied to rows.

    YAML that selects it::

        engine: numpy

    If circuits extend each other (`Circuits.parents`), each costs one product.

    Real and imaginary parts are separate arrays throughout. So every product and every sum is
    rounded on its own, as `qframe.circuits.arithmetic` demands, on any CPU.
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
        """See `Engine.multiply`. Works chunk by chunk, or with parents length by length."""
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
