"""The column `key` of a recipe that has one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from qframe.circuits.circuits import Circuits
from qframe.circuits.keys import ExactKeys, unitary_keys
from qframe.generation.computed_columns import ComputedColumns
from qframe.recipe.columns import Column
from qframe.recipe.recipe import Recipe

KEY = "key"
"""The column's name."""


class KeyColumn(ComputedColumns):
    """The key of each record's unitary: `bits // 64` words. For a recipe that has one."""

    def __init__(self, recipe: Recipe) -> None:
        key: Mapping[str, Any] = recipe.key or {}
        self._bits = key["bits"]
        exact = key["by"] == "exact"
        self._exact = ExactKeys(recipe.instructions, self._bits) if exact else None
        self.needs_doubles = not exact
        self.columns = (Column(KEY, "<u8", (self._bits // 64,)),)

    def fill(self, circuits: Circuits, arrays: Mapping[str, NDArray[Any]]) -> None:
        """See `ComputedColumns.fill`."""
        if self._exact is not None:
            arrays[KEY][:] = self._exact.of(circuits)
        else:
            arrays[KEY][:] = unitary_keys(arrays["unitaries"], self._bits)
