"""Columns that follow from a record's circuit and unitary."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from numpy.typing import NDArray

from qframe.columns import Schema
from qframe.recipe import Recipe


class ComputedColumns(ABC):
    """Columns that the host computes itself, once lengths, codes and unitaries are there.

    Attributes:
        columns: what `fill` writes.
    """

    columns: Schema

    @abstractmethod
    def fill(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Writes the columns, into arrays that are there, for all records; the rest is read."""


def computed_columns(recipe: Recipe, max_length: int) -> tuple[ComputedColumns, ...]:
    """The columns of this kind that a recipe asks for, in the order in which they are stored."""
    from qframe.labels import Labels

    return (Labels(recipe, max_length),) if recipe.labels else ()
