"""Generator: makes the blocks of a recipe with its sampler and an engine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
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
from qframe.recipe.schema import Schema, full_schema

Multiplier = Engine[Any] | ExactEngine
"""An engine of either kind: it multiplies circuits."""

Buffers = dict[str, NDArray[Any]]
"""One array per column by name; blocks are made in them, and later blocks overwrite them."""

PROOF_RECORDS = 256
"""Number of records that two processes make to see whether they make the same."""


class PluginRaised(WorkerError):  # noqa: N818 - reads as what it says
    """A sampler or an engine raised an exception, which is the `__cause__`.

    Attributes:
        kind: `sampler` or `engine`.
        block: number of the block that was to be made.
    """

    def __init__(self, kind: Literal["sampler", "engine"], block: int, cause: Exception) -> None:
        super().__init__(f"block {block}: the {kind} raised {type(cause).__name__}: {cause}")
        self.kind = kind
        self.block = block


class Generator:
    """Makes any block of a recipe. No block depends on another.

    Args:
        recipe: what decides the data.
        sampler: the recipe's sampler.
        engine: multiplies the circuits.

    Attributes:
        recipe: what decides the data.
        schema: columns of the blocks.
    """

    def __init__(self, recipe: Recipe, sampler: Sampler[Any], engine: Multiplier) -> None:
        self.recipe = recipe
        self.schema = full_schema(
            recipe, sampler.max_length, sampler.columns, products=not sampler.gives_unitaries
        )
        self._made = self.schema
        self._drawn = (*self.schema.base, *sampler.columns)
        self._computed = computed_columns(recipe)
        self._sampler = sampler
        self._engine = engine

    @classmethod
    def from_specs(cls, recipe: Recipe, sampler: PluginSpec, engine: PluginSpec) -> Generator:
        """The generator of a recipe, from descriptions of its plugins. It works in any process.

        With `arithmetic: exact` the config's engine is not used: there is only one exact engine.
        """
        return cls(recipe, build(sampler, recipe.instructions), engine_of(recipe, engine))

    def without_products(self) -> Generator:
        """This generator, but its blocks lack the column `unitaries`, and nothing is multiplied.

        The blocks have it all the same if the sampler draws it, or a key is computed from it.
        """
        if self._sampler.gives_unitaries or any(part.needs_doubles for part in self._computed):
            return self
        other = copy(self)
        other._made = Schema(tuple(c for c in self.schema if c.name != "unitaries"))
        return other

    @property
    def count(self) -> int | None:
        """Number of records that the sampler can make; None if it has no end."""
        return self._sampler.count

    def buffers(self, blocks: int) -> Buffers:
        """New arrays for `blocks` blocks; `Generator.blocks` can fill them again and again."""
        return {c.name: c.empty(self.recipe.block * blocks) for c in self._made}

    def blocks(
        self, first: int, counts: Sequence[int], buffers: Buffers | None = None
    ) -> list[Block]:
        """Consecutive blocks, of which the last may be cut.

        Blocks are drawn in full and then cut, so a record has the same bits whatever the counts.

        Args:
            first: number of the first block.
            counts: number of records of each block.
            buffers: arrays to make the blocks in. The blocks are then views of them, and valid
                until the buffers are used again. New arrays if None.

        Raises:
            PluginError: if the sampler returned something else than its contract says.
            PluginRaised: if the sampler or the engine raised an exception.
        """
        size = self.recipe.block
        buffers = self.buffers(len(counts)) if buffers is None else buffers
        arrays = {name: array[: size * len(counts)] for name, array in buffers.items()}
        stored = arrays.get("unitaries")
        if stored is not None and any(part.needs_doubles for part in self._computed):
            wide = stored.dtype == np.complex128
            arrays["unitaries"] = stored if wide else np.empty(stored.shape, dtype=np.complex128)
        parents = _joined(
            [
                self._sample(first + k, slice(k * size, (k + 1) * size), arrays, checked=k > 0)
                for k in range(len(counts))
            ]
        )
        rows = size * (len(counts) - 1) + counts[-1]  # nobody asked for those behind
        arrays = {name: a[:rows] for name, a in arrays.items()}
        stored = None if stored is None else stored[:rows]
        parents = None if parents is None else parents[:rows]
        circuits = Circuits(arrays["codes"], arrays["lengths"], parents=parents)
        self._check_range(circuits)
        self._compute(first, circuits, arrays)
        if stored is not None and stored is not arrays["unitaries"]:
            stored[:] = arrays["unitaries"]  # doubles are rounded to single precision
            arrays["unitaries"] = stored
        return [
            Block(
                first + k,
                records,
                {name: a[k * size : k * size + records] for name, a in arrays.items()},
            )
            for k, records in enumerate(counts)
        ]

    def proof(self, records: int) -> bytes:
        """SHA-256 over the first `PROOF_RECORDS` records, or all of them: equal code, equal proof.

        Args:
            records: number of records of the dataset.

        Raises:
            PluginError, PluginRaised: as `blocks`.
        """
        [block] = self.blocks(0, [min(PROOF_RECORDS, records, self.recipe.block)])
        digest = hashlib.sha256()
        for column in self.schema:
            digest.update(np.ascontiguousarray(block.arrays[column.name]).data)
        return digest.digest()

    def _compute(self, first: int, circuits: Circuits, arrays: Buffers) -> None:
        """Fills the columns that follow from the circuits."""
        if "unitaries" in arrays and not self._sampler.gives_unitaries:
            with _as_plugin_raised("engine", first):
                self._engine.multiply(circuits, arrays["unitaries"])
        for part in self._computed:
            part.fill(circuits, arrays)

    def _draws(self, block: int) -> Draws:
        recipe = self.recipe
        return Draws(recipe.seed, block, recipe.block, recipe.namespace)

    def _sample(
        self, block: int, part: slice, arrays: Buffers, checked: bool
    ) -> NDArray[np.int64] | None:
        """Draws a block into the rows `part` of the arrays, and checks it.

        Returns:
            the parents as rows of the arrays, or -1; None if the sampler gives none.
        """
        with _as_plugin_raised("sampler", block):
            drawn = self._sampler.sample(self._draws(block))
        columns = {"lengths": drawn.lengths, "codes": drawn.codes, **drawn.extra}
        for column in self._drawn:
            if column.name != "unitaries":
                self._check(column, columns.get(column.name))
                arrays[column.name][part] = columns[column.name]
            elif self._sampler.gives_unitaries:
                self._check(replace(column, dtype="<c16"), drawn.unitaries)
                # If the dataset's dtype is complex64, this assignment rounds the doubles once.
                arrays[column.name][part] = drawn.unitaries
        if drawn.parents is None:
            return None
        self._check(Column("parents", "<i8"), drawn.parents)
        if not checked:  # only the first block of a task: a check costs as much as drawing
            self._check_parents(drawn, drawn.parents)
        return np.where(drawn.parents < 0, -1, drawn.parents + part.start)

    def _check_parents(self, drawn: Circuits, parents: NDArray[np.int64]) -> None:
        """Checks that each parent is the circuit without its last gate; else engines would differ.

        Raises:
            PluginError: if one is not.
        """
        child = np.flatnonzero(parents >= 0)
        parent = parents[child]
        shorter = drawn.codes[child]
        shorter[np.arange(len(child)), drawn.lengths[child].astype(np.intp) - 1] = 0
        if (
            self.recipe.fold != 1
            or (parent >= child).any()
            or (drawn.lengths[parent].astype(np.intp) + 1 != drawn.lengths[child]).any()
            or (drawn.codes[parent] != shorter).any()
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
def _as_plugin_raised(kind: Literal["sampler", "engine"], block: int) -> Iterator[None]:
    """Turns an exception of a plugin into PluginRaised, and lets qframe's own errors through."""
    try:
        yield
    except QframeError:
        raise
    except Exception as cause:
        raise PluginRaised(kind, block, cause) from cause


def _joined(parents: Sequence[NDArray[np.int64] | None]) -> NDArray[np.int64] | None:
    """The parents of several blocks as one array; None if a block has none."""
    known = [part for part in parents if part is not None]
    return np.concatenate(known) if known and len(known) == len(parents) else None


def engine_of(recipe: Recipe, engine: PluginSpec) -> Multiplier:
    """The engine that multiplies a recipe's circuits: the exact one, or the one described."""
    if recipe.arithmetic == "exact":
        return ExactEngine(recipe.instructions)
    of_config: Engine[Any] = build(engine, recipe.instructions, recipe.fold)
    return of_config
