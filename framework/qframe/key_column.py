"""The column `key` of a recipe that has one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.circuits import Circuits
from qframe.columns import Column, Schema
from qframe.keys import ExactKeys, unitary_keys
from qframe.recipe import Recipe

KEY = "key"
"""The column's name."""


def key_columns(recipe: Recipe) -> Schema:
    """The column, if the recipe has one: `bits // 64` words a record."""
    return () if recipe.key is None else (Column(KEY, "<u8", (recipe.key["bits"] // 64,)),)


class KeyColumn:
    """Fills the column; does nothing for a recipe without one.

    Attributes:
        needs_doubles: whether it wants unitaries before they are rounded to single precision.
    """

    def __init__(self, recipe: Recipe) -> None:
        key: Mapping[str, Any] = recipe.key or {}
        self._bits = key.get("bits")
        exact = key.get("by") == "exact"
        self._exact = ExactKeys(recipe.instructions, key["bits"]) if exact else None
        self.needs_doubles = key.get("by") == "tolerance"

    def fill(
        self,
        circuits: Circuits,
        unitaries: NDArray[np.complex128],
        arrays: Mapping[str, NDArray[Any]],
    ) -> None:
        """Writes the key of each circuit, whose unitaries `(n, dim, dim)` are, into `arrays`."""
        if self._exact is not None:
            arrays[KEY][:] = self._exact.of(circuits)
        elif self._bits is not None:
            arrays[KEY][:] = unitary_keys(unitaries, self._bits)
