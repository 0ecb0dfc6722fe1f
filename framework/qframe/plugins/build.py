"""From a recipe to blocks: the sampler draws, the engine multiplies, the host checks both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.circuits import Circuits
from qframe.circuits.exact.engine import ExactEngine
from qframe.contracts.engine import Engine
from qframe.contracts.job import PluginSpec
from qframe.contracts.sampler import Sampler
from qframe.errors import PluginError
from qframe.generation.computed_columns import computed_columns
from qframe.plugins.resolve import find_class
from qframe.recipe.columns import Block, Column, Schema, schema_of
from qframe.recipe.randomness import Draws
from qframe.recipe.recipe import Recipe

Multiplies = Engine[Any] | ExactEngine
Room = dict[str, NDArray[Any]]


class Generator:
    """Makes any block of a recipe; keeps nothing from block to block.

    Attributes:
        recipe: what decides the data.
        schema: the columns of the blocks.
        at_work: `sampler` or `engine`: whose code ran last, to say whose fault an exception is.
        block: the one that was drawn last.
    """

    def __init__(self, recipe: Recipe, sampler: Sampler[Any], engine: Multiplies) -> None:
        self.recipe = recipe
        self.schema = full_schema(recipe, sampler)
        self._drawn = self.schema[: 3 + len(sampler.columns)]
        self._computed = computed_columns(recipe, sampler.max_length)
        self._sampler = sampler
        self._engine = engine
        self.at_work, self.block = "sampler", 0

    @classmethod
    def from_specs(cls, recipe: Recipe, sampler: PluginSpec, engine: PluginSpec) -> Generator:
        """Finds the two plugins, in whatever process this is.

        With `arithmetic: exact` the engine is not looked at: there is one, and no choice.
        """
        return cls(recipe, build(sampler, recipe.instructions), engine_of(recipe, engine))

    @property
    def count(self) -> int | None:
        """Records that the sampler has in all; None if it has no end."""
        return self._sampler.count

    def room(self, blocks: int) -> Room:
        """Arrays for so many blocks, to be filled again and again by `blocks`."""
        return {c.name: c.empty(self.recipe.block * blocks) for c in self.schema}

    def blocks(self, first: int, counts: Sequence[int], room: Room | None = None) -> list[Block]:
        """Blocks `first`, `first + 1`, ... with `counts[k]` records of each.

        Whatever the counts, a record has the same bits: blocks are drawn in full and then cut.
        With `room` the blocks are views of it, good until it is used again.
        """
        size = self.recipe.block
        room = self.room(len(counts)) if room is None else room
        arrays = {name: array[: size * len(counts)] for name, array in room.items()}
        stored = arrays["unitaries"]
        if any(part.needs_doubles for part in self._computed) and stored.dtype != np.complex128:
            arrays["unitaries"] = np.empty(stored.shape, dtype=np.complex128)
        parents = [
            self._sample(first + k, slice(k * size, (k + 1) * size), arrays, checked=k > 0)
            for k in range(len(counts))
        ]
        circuits = Circuits(arrays["codes"], arrays["lengths"], parents=_joined(parents))
        self._check_range(circuits)
        if not self._sampler.gives_unitaries:
            self.at_work = "engine"
            self._engine.multiply(circuits, arrays["unitaries"])
        for part in self._computed:
            part.fill(circuits, arrays)
        if arrays["unitaries"] is not stored:  # rounded once
            stored[:] = arrays["unitaries"]
            arrays["unitaries"] = stored
        return [
            Block(
                first + k,
                records,
                {name: a[k * size : k * size + records] for name, a in arrays.items()},
            )
            for k, records in enumerate(counts)
        ]

    def _sample(
        self, block: int, part: slice, arrays: Room, checked: bool
    ) -> NDArray[np.int64] | None:
        """Draws a block into `part`; its parents, as rows of the arrays."""
        self.at_work, self.block = "sampler", block
        drawn = self._sampler.sample(Draws(self.recipe.seed, block, self.recipe.block))
        given = {"lengths": drawn.lengths, "codes": drawn.codes, **drawn.extra}
        for column in self._drawn:
            if column.name != "unitaries":
                self._check(column, given.get(column.name))
                arrays[column.name][part] = given[column.name]
            elif self._sampler.gives_unitaries:
                self._check(replace(column, dtype="<c16"), drawn.unitaries)
                # Rounded once if the dataset's type is complex64.
                arrays[column.name][part] = drawn.unitaries
        if drawn.parents is None:
            return None
        self._check(Column("parents", "<i8"), drawn.parents)
        if not checked:  # once a task: it costs as much as drawing
            self._check_parents(drawn, drawn.parents)
        return np.where(drawn.parents < 0, -1, drawn.parents + part.start)

    def _check_parents(self, drawn: Circuits, parents: NDArray[np.int64]) -> None:
        """That each is the circuit without its last gate: engines would differ otherwise."""
        child = np.flatnonzero(parents >= 0)
        of = parents[child]
        shorter = drawn.codes[child]
        shorter[np.arange(len(child)), drawn.lengths[child].astype(np.intp) - 1] = 0
        if (
            self.recipe.fold != 1
            or (of >= child).any()
            or (drawn.lengths[of].astype(np.intp) + 1 != drawn.lengths[child]).any()
            or (drawn.codes[of] != shorter).any()
        ):
            raise PluginError(
                f"sampler {self._sampler.name!r}: sample() returned parents that are not the "
                "circuits above without their last gates, or its fold is not 1"
            )

    def _check(self, column: Column, got: Any) -> None:
        want = (self.recipe.block, *column.shape)
        if not isinstance(got, np.ndarray) or got.shape != want or got.dtype != column.dtype:
            what = f"{got.dtype} {got.shape}" if isinstance(got, np.ndarray) else repr(type(got))
            raise PluginError(
                f"sampler {self._sampler.name!r}: sample() returned {column.name} as {what}, "
                f"want {np.dtype(column.dtype)} {want}"
            )

    def _check_range(self, circuits: Circuits) -> None:
        top = len(self.recipe.instructions)
        if int(circuits.codes.max(initial=0)) >= top:
            raise PluginError(
                f"sampler {self._sampler.name!r}: sample() returned code {circuits.codes.max()}, "
                f"want 0 to {top - 1}"
            )
        if int(circuits.lengths.max(initial=0)) > self._sampler.max_length:
            raise PluginError(
                f"sampler {self._sampler.name!r}: sample() returned length "
                f"{circuits.lengths.max()}, want at most {self._sampler.max_length}"
            )


def full_schema(recipe: Recipe, sampler: Sampler[Any]) -> Schema:
    """All columns of a recipe's records: the usual three, the sampler's, those computed.

    Raises:
        PluginError: if the sampler has a column of a name that is taken.
    """
    computed = [c for part in computed_columns(recipe, sampler.max_length) for c in part.columns]
    extra = (*sampler.columns, *computed)
    schema = schema_of(recipe.instructions, sampler.max_length, recipe.dtype, extra)
    names = [column.name for column in schema]
    for column in sampler.columns:
        if names.count(column.name) > 1:
            raise PluginError(
                f"sampler {sampler.name!r}: its column {column.name!r} has the name of another one"
            )
    return schema


def _joined(parents: Sequence[NDArray[np.int64] | None]) -> NDArray[np.int64] | None:
    given = [part for part in parents if part is not None]
    return np.concatenate(given) if given and len(given) == len(parents) else None


def engine_of(recipe: Recipe, engine: PluginSpec) -> Multiplies:
    """What multiplies this recipe's circuits."""
    if recipe.arithmetic == "exact":
        return ExactEngine(recipe.instructions)
    made: Engine[Any] = build(engine, recipe.instructions, recipe.fold)
    return made


def build(spec: PluginSpec, *arguments: Any) -> Any:
    """The plugin object that `spec` describes, made with its options and `arguments`."""
    cls: Any = find_class(spec.kind, spec.plugin, Path(spec.base))
    context = {"base": Path(spec.base)}
    return cls(cls.Options.model_validate(dict(spec.options), context=context), *arguments)
