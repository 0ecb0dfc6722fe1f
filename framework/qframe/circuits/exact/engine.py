"""What multiplies circuits out where the recipe says `arithmetic: exact`."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from qframe.circuits.circuits import Circuits
from qframe.circuits.exact.products import ExactProducts
from qframe.circuits.instructions import InstructionSet
from qframe.rings.rounding import nearest_doubles


class ExactEngine:
    """Products in the gates' ring, each entry then rounded once to the nearest double.

    Takes an engine's place. There is one, whatever the config's `engine`: exact numbers depend on
    no order of products.
    """

    def __init__(self, instructions: InstructionSet) -> None:
        self._products = ExactProducts(instructions)

    def multiply(self, circuits: Circuits, out: NDArray[Any]) -> None:
        """See `Engine.multiply`.

        Raises:
            ConfigError: before any integer could overflow.
        """
        for part, matrices in self._products.chunks(circuits):
            # Rounded once more if the dataset's type is complex64.
            out[part] = nearest_doubles(matrices.ring, matrices.numbers, matrices.exponents)
