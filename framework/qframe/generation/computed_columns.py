"""Columns that follow from a record's circuit and unitary."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from qframe.circuits.circuits import Circuits
from qframe.recipe.columns import Schema
from qframe.recipe.recipe import Recipe


class ComputedColumns(ABC):
    """Columns that the host computes itself, once lengths, codes and unitaries are there.

    Attributes:
        columns: what `fill` writes.
        needs_doubles: whether it wants unitaries before they are rounded to single precision.
    """

    columns: Schema
    needs_doubles: bool = False

    @abstractmethod
    def fill(self, circuits: Circuits, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Writes the columns of `circuits`.

        Args:
            circuits: codes and lengths.
            arrays: all columns of the records; `unitaries` are there, the own ones to be written.
        """


def computed_columns(recipe: Recipe, max_length: int) -> tuple[ComputedColumns, ...]:
    """The columns of this kind that a recipe asks for, in the order in which they are stored."""
    from qframe.circuits.costs import Labels
    from qframe.key_column import KeyColumn

    return (
        *([KeyColumn(recipe)] if recipe.key is not None else []),
        *([Labels(recipe, max_length)] if recipe.labels else []),
    )
