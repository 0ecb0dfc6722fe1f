"""The engine contract."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeVar

from numpy.typing import NDArray

from qframe.circuits.circuits import Circuits
from qframe.circuits.instructions import InstructionSet
from qframe.contracts.plugin import Plugin, PluginOptions

O_co = TypeVar("O_co", bound=PluginOptions, covariant=True)


class Engine(Plugin[O_co], ABC):
    """Multiplies circuits out.

    YAML that selects it::

        engine: NAME

    Every engine gives the same bits: the arithmetic of `qframe.circuits.arithmetic`. It is not in
    the recipe, so a dataset may be continued with another one. `qframe.testing.EngineContract`
    checks an engine against the plain reference.
    """

    def __init__(self, options: O_co, instructions: InstructionSet, fold: int) -> None:
        self.options = options
        self.instructions = instructions
        self.fold = fold

    @abstractmethod
    def multiply(self, circuits: Circuits, out: NDArray[Any]) -> None:
        """Writes the unitary of each circuit into `out`.

        Args:
            circuits: any number of circuits, usually those of many blocks. Where they have
                `parents` (only with fold 1), products may be shared; they need not be.
            out: `(n, dim, dim)`, `complex128` or `complex64`, C order. For `complex64` the double
                result is rounded once, at the end.
        """
