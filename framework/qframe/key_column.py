"""The column `key` of a recipe that has one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from qframe.circuits import Circuits
from qframe.columns import Column, Schema
from qframe.keys import ExactKeys, unitary_keys
from qframe.recipe import Recipe

KEY = "key"


class KeyColumn:
    """Makes the column, once lengths, codes and unitaries are there.

    Attributes:
        columns: the column, if the recipe has one: `bits // 64` words a record.
        needs_doubles: whether `fill` wants unitaries before they are rounded to single precision.
    """

    def __init__(self, recipe: Recipe) -> None:
        key: Mapping[str, Any] = recipe.key or {}
        self._bits = key.get("bits", 0)
        self.columns: Schema = (Column(KEY, "<u8", (self._bits // 64,)),) if key else ()
        self.needs_doubles = key.get("by") == "tolerance"
        exact = key.get("by") == "exact"
        self._exact = ExactKeys(recipe.instructions, key["bits"]) if exact else None

    def fill(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Writes the column into the arrays, for all records; does nothing if there is none."""
        if self._exact is not None:
            arrays[KEY][:] = self._exact.of(Circuits(arrays["codes"], arrays["lengths"]))
        elif self.columns:
            arrays[KEY][:] = unitary_keys(arrays["unitaries"], self._bits)
