"""Random walks of which every prefix is a record."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from qframe import (
    Circuits,
    Column,
    ConfigError,
    Draws,
    InstructionSet,
    PluginOptions,
    Sampler,
    hookimpl,
)
from qframe_plugins.samplers._draws.lengths import length_dtype
from qframe_plugins.samplers._draws.weights import WeightedCodes
from qframe_plugins.samplers._words.automaton import WordAutomaton
from qframe_plugins.samplers._words.uniform_words import UniformWords

STEPS = 0
"""Stream of the block's randomness."""


class WalkOptions(PluginOptions):
    """Options of `walk`."""

    length: Annotated[int, Field(ge=1, le=65_535)] = Field(
        description="steps of a walk: it gives so many records"
    )
    non_backtracking: bool = Field(
        False, description="never step back: no instruction right after its inverse"
    )
    weights: dict[str, float] | None = Field(
        None, description="relative weight of each gate name; 1 where left out"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> WalkOptions:
        if self.non_backtracking and self.weights:
            raise ValueError("weights do not go with non_backtracking: leave one of them out")
        return self


class Walk(Sampler[WalkOptions]):
    """Walks of `length` steps; the first step, the first two, ... are a record each.

    YAML that selects it::

        sampler: {plugin: walk, length: 20, non_backtracking: true}

    Two columns make transitions of the records, as reinforcement learning wants them (Zhang et
    al., arXiv:2004.04743; Chen et al., arXiv:2204.06904): `parent`, the index of the record that
    is this one without its last gate (-1: the identity), and `gate`, the code of that last gate.
    State `unitaries[parent]`, action `gate`, next state `unitaries` of this record:
    `U = G U_parent`.

    Steps are independent (uniform, or by `weights`), or, with `non_backtracking`, a walk is
    uniform among the words of its length that have no instruction right after its inverse. The
    records of a walk follow each other within one block; where `length` does not divide a block,
    the last walk of the block ends with it, so that short prefixes are a little more frequent
    (20 steps, 4,096 records: the first 16 lengths have 205 records, the others 204).

    Each record is its parent times one gate (`fold` 1), and engines share that product.
    """

    name = "walk"
    Options = WalkOptions
    fold = 1

    def __init__(self, options: WalkOptions, instructions: InstructionSet) -> None:
        super().__init__(options, instructions)
        self.max_length = options.length
        self.columns = (Column("parent", "<i8"), Column("gate", instructions.code_dtype.str))
        self._free = WeightedCodes(instructions, options.weights)
        self._reduced = _reduced(instructions, options.length) if options.non_backtracking else None

    def sample(self, draws: Draws) -> Circuits:
        """Walks from stream 0."""
        size, steps = draws.size, self.max_length
        if size < steps:
            raise ConfigError(
                f"sampler.length: got {steps:,}, a walk lies within a block, and a block of such "
                f"long circuits has {size:,} records",
                hint="take shorter walks",
            )
        shape = _shape(size, steps)
        taken = self._steps(draws, -(-size // steps))
        # One row a record: all of its walk, then 0 beyond what it has come.
        codes = taken.repeat(steps, axis=0)[:size]
        codes *= shape.come
        parent = shape.parents + draws.first
        parent[::steps] = -1
        return Circuits(
            codes=codes,
            lengths=shape.lengths,
            extra={"parent": parent, "gate": taken.reshape(-1)[:size]},
            parents=shape.parents,
        )

    def _steps(self, draws: Draws, walks: int) -> NDArray[Any]:
        """The codes of whole walks: `(walks, length)`."""
        if self._reduced is None:
            return self._free.draw(draws, walks * self.max_length, STEPS).reshape(walks, -1)
        words = draws.words(self._reduced.steps * walks, STEPS).reshape(-1, walks)
        return self._reduced.codes(words, np.full(walks, self.max_length))


class Shape(NamedTuple):
    """What all blocks of a size have in common; read-only.

    Attributes:
        come: `(size, steps)` `uint8`: 1 for the steps that a record has come.
        lengths, parents: as in `Circuits`.
    """

    come: NDArray[np.uint8]
    lengths: NDArray[Any]
    parents: NDArray[np.int64]


@lru_cache(maxsize=4)
def _shape(size: int, steps: int) -> Shape:
    walks = -(-size // steps)
    parents = np.arange(-1, size - 1)
    parents[::steps] = -1
    made = Shape(
        come=np.tile(np.tri(steps, dtype=np.uint8), (walks, 1))[:size],
        lengths=np.tile(np.arange(1, steps + 1, dtype=length_dtype(steps)), walks)[:size],
        parents=parents,
    )
    for array in made:
        array.flags.writeable = False
    return made


def _reduced(instructions: InstructionSet, length: int) -> UniformWords:
    """Words without an instruction right after its inverse; what commutes stands in any order."""
    automaton = WordAutomaton.reduced(instructions, canonical_order=False)
    return UniformWords(automaton, range(length, length + 1), instructions.code_dtype)


@hookimpl
def qframe_samplers() -> list[type[Sampler[Any]]]:
    return [Walk]
