"""ExactEngine: multiplies circuits for a recipe with `arithmetic: exact`."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from qframe.circuits.circuits import Circuits
from qframe.circuits.exact.products import ExactProducts
from qframe.circuits.instructions import InstructionSet
from qframe.rings.rounding import nearest_doubles


class ExactEngine:
    """Multiplies circuits in the ring of their gates, and rounds each entry once.

    It takes the place of the config's engine. There is only one exact engine, because exact
    products do not depend on the order in which they are made.

    Args:
        instructions: what the codes stand for.

    Raises:
        ConfigError: if the gates have no ring.
    """

    def __init__(self, instructions: InstructionSet) -> None:
        self._products = ExactProducts(instructions)

    def multiply(self, circuits: Circuits, out: NDArray[Any]) -> None:
        """Writes the unitaries of `circuits` into `out`: see `Engine.multiply`."""
        for rows, matrices in self._products.parts(circuits):
            # If `out` is complex64, this assignment rounds the doubles once more.
            out[rows] = nearest_doubles(matrices.ring, matrices.numbers, matrices.exponents)
