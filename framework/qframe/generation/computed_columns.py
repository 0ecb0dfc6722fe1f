"""Computed columns: `key` and the labels, which follow from circuit and unitary."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from qframe.circuits.circuits import Circuits
from qframe.circuits.costs import LABELS
from qframe.circuits.keys import ExactKeys, unitary_keys
from qframe.recipe.columns import KEY
from qframe.recipe.recipe import Recipe


class ComputedColumns(ABC):
    """Columns that follow from lengths, codes and unitaries.

    Attributes:
        needs_doubles: whether `fill` needs the unitaries in double precision, before they are
            rounded to single precision.
    """

    needs_doubles: bool = False

    @abstractmethod
    def fill(self, circuits: Circuits, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Computes the columns for some circuits.

        Args:
            circuits: codes and lengths.
            arrays: all columns of the records by name. The method reads `unitaries` and writes
                its own columns.
        """


def computed_columns(recipe: Recipe) -> tuple[ComputedColumns, ...]:
    """The computed columns that a recipe asks for, in the order in which they are stored."""
    return (
        *([KeyColumn(recipe.key, recipe)] if recipe.key is not None else []),
        *([LabelColumns(recipe)] if recipe.labels else []),
    )


class KeyColumn(ComputedColumns):
    """The column `key`: the key of each record's unitary, in words of 64 bits."""

    def __init__(self, key: Mapping[str, Any], recipe: Recipe) -> None:
        self._bits = key["bits"]
        exact = key["by"] == "exact"
        self._exact = ExactKeys(recipe.instructions, self._bits) if exact else None
        self.needs_doubles = not exact

    def fill(self, circuits: Circuits, arrays: Mapping[str, NDArray[Any]]) -> None:
        """See `ComputedColumns.fill`."""
        if self._exact is not None:
            arrays[KEY][:] = self._exact.of(circuits)
        else:
            arrays[KEY][:] = unitary_keys(arrays["unitaries"], self._bits)


class LabelColumns(ComputedColumns):
    """The columns of a recipe's labels: one unsigned integer per circuit and label."""

    def __init__(self, recipe: Recipe) -> None:
        self._instructions = recipe.instructions
        self._labels = recipe.labels

    def fill(self, circuits: Circuits, arrays: Mapping[str, NDArray[Any]]) -> None:
        """See `ComputedColumns.fill`."""
        for name in self._labels:
            label = LABELS[name]
            arrays[name][:] = label(self._instructions, circuits.codes, circuits.lengths)
