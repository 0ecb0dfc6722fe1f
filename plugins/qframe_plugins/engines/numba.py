"""Engine `numba`: loops that Numba compiles."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from qframe import Circuits, Engine, InstructionSet, PluginOptions, hookimpl
from qframe_plugins.engines._numba.local_gates import LocalKernel
from qframe_plugins.engines._numba.word_table import WordKernel
from qframe_plugins.engines._numpy.word_table import MAX_TABLE_QUBITS


class NumbaEngine(Engine[PluginOptions]):
    """Products of words from a table, or gates applied to rows, each in one compiled loop.

    YAML that selects it::

        engine: numba

    Needs `pip install numba`. The loops are compiled on first use on a machine, and read from
    Numba's cache later. Without `fastmath` LLVM neither reorders sums nor fuses a product with a
    sum, so the bits are those of every other engine.
    """

    name = "numba"

    def __init__(self, options: PluginOptions, instructions: InstructionSet, fold: int) -> None:
        super().__init__(options, instructions, fold)
        self._kernel: WordKernel | LocalKernel = (
            WordKernel(instructions, fold)
            if instructions.qubits <= MAX_TABLE_QUBITS
            else LocalKernel(instructions)
        )

    def multiply(self, circuits: Circuits, out: NDArray[Any]) -> None:
        """See `Engine.multiply`."""
        # each matrix as real, imaginary, real, imaginary, ...
        entries = out.view(out.real.dtype).reshape(len(out), 2 * self.instructions.dim**2)
        self._kernel.multiply(circuits, entries)


@hookimpl
def qframe_engines() -> list[type[Engine[Any]]]:
    return [NumbaEngine]
