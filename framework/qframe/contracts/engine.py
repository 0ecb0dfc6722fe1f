"""Engine: the contract of plugins that multiply circuits out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeVar

from numpy.typing import NDArray

from qframe.circuits.circuits import Circuits
from qframe.circuits.instructions import InstructionSet
from qframe.contracts.plugin import Plugin, PluginOptions

O_co = TypeVar("O_co", bound=PluginOptions, covariant=True)


class Engine(Plugin[O_co], ABC):
    """Base of engines. An engine multiplies circuits out: it computes their unitaries.

    YAML that selects it::

        engine: NAME

    All engines give the same bits, by the arithmetic of `qframe.circuits.arithmetic`. So the engine
    is not in the recipe, and a dataset may be continued with another one.
    `qframe.testing.EngineContract` checks an engine against the plain reference.

    Args:
        options: the options of the YAML.
        instructions: the instructions that codes stand for.
        fold: codes per word of the arithmetic.
    """

    def __init__(self, options: O_co, instructions: InstructionSet, fold: int) -> None:
        self.options = options
        self.instructions = instructions
        self.fold = fold

    @abstractmethod
    def multiply(self, circuits: Circuits, out: NDArray[Any]) -> None:
        """Writes the unitary of each circuit into `out`.

        Args:
            circuits: any number of circuits, usually those of many blocks. If they have `parents`
                (only with fold 1), the engine may multiply each parent's product by one gate.
            out: array `(n, dim, dim)`, `complex128` or `complex64`, C order. For `complex64` the
                double result is rounded once, at the end.
        """
