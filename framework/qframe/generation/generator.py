"""Generator: makes the blocks of a recipe. The sampler draws, the engine multiplies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.circuits import Circuits
from qframe.circuits.exact.engine import ExactEngine
from qframe.contracts.engine import Engine
from qframe.contracts.plugin import PluginSpec
from qframe.contracts.sampler import Sampler
from qframe.errors import PluginError, QframeError, WorkerError
from qframe.generation.computed_columns import computed_columns
from qframe.plugins.build import build
from qframe.recipe.blocks import Block
from qframe.recipe.columns import Column
from qframe.recipe.randomness import Draws
from qframe.recipe.recipe import Recipe
from qframe.recipe.schema import full_schema

Multiplier = Engine[Any] | ExactEngine
"""What multiplies circuits out."""

Buffers = dict[str, NDArray[Any]]
"""One array per column, which blocks are made in again and again."""


class PluginRaised(WorkerError):  # noqa: N818 - reads as what it says
    """An exception that a sampler or an engine let out; it is the `__cause__`.

    Attributes:
        kind: `sampler` or `engine`.
        block: number of the block that was made.
    """

    def __init__(self, kind: Literal["sampler", "engine"], block: int, cause: Exception) -> None:
        super().__init__(f"block {block}: the {kind} raised {type(cause).__name__}: {cause}")
        self.kind = kind
        self.block = block


class Generator:
    """Makes any block of a recipe. It keeps nothing from block to block.

    Attributes:
        recipe: what decides the data.
        schema: columns of the blocks.
    """

    def __init__(self, recipe: Recipe, sampler: Sampler[Any], engine: Multiplier) -> None:
        self.recipe = recipe
        self.schema = full_schema(recipe, sampler.max_length, sampler.columns)
        self._drawn = (*self.schema.base, *sampler.columns)
        self._computed = computed_columns(recipe)
        self._sampler = sampler
        self._engine = engine

    @classmethod
    def from_specs(cls, recipe: Recipe, sampler: PluginSpec, engine: PluginSpec) -> Generator:
        """Makes the generator from descriptions of its plugins, in any process.

        With `arithmetic: exact` the engine of the config does not matter: there is only one.
        """
        return cls(recipe, build(sampler, recipe.instructions), engine_of(recipe, engine))

    @property
    def count(self) -> int | None:
        """Number of records that the sampler can make; None if there is no end."""
        return self._sampler.count

    def buffers(self, blocks: int) -> Buffers:
        """Arrays for that many blocks, which `blocks` fills again and again."""
        return {c.name: c.empty(self.recipe.block * blocks) for c in self.schema}

    def blocks(
        self, first: int, counts: Sequence[int], buffers: Buffers | None = None
    ) -> list[Block]:
        """Blocks `first`, `first + 1`, ... with `counts[k]` records of each.

        Whatever the counts, a record has the same bits: blocks are drawn in full and then cut.
        With `buffers` the blocks are views of them, valid until they are used again.

        Raises:
            PluginError: the sampler returned something else than its contract says.
            PluginRaised: the sampler or the engine raised an exception.
        """
        size = self.recipe.block
        buffers = self.buffers(len(counts)) if buffers is None else buffers
        arrays = {name: array[: size * len(counts)] for name, array in buffers.items()}
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
            with _naming("engine", first):
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
        self, block: int, part: slice, arrays: Buffers, checked: bool
    ) -> NDArray[np.int64] | None:
        """Draws a block into `part`; its parents, as rows of the arrays."""
        with _naming("sampler", block):
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


@contextmanager
def _naming(kind: Literal["sampler", "engine"], block: int) -> Iterator[None]:
    try:
        yield
    except QframeError:
        raise
    except Exception as cause:
        raise PluginRaised(kind, block, cause) from cause


def _joined(parents: Sequence[NDArray[np.int64] | None]) -> NDArray[np.int64] | None:
    given = [part for part in parents if part is not None]
    return np.concatenate(given) if given and len(given) == len(parents) else None


def engine_of(recipe: Recipe, engine: PluginSpec) -> Multiplier:
    """The engine that multiplies this recipe's circuits out."""
    if recipe.arithmetic == "exact":
        return ExactEngine(recipe.instructions)
    made: Engine[Any] = build(engine, recipe.instructions, recipe.fold)
    return made
