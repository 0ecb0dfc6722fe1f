"""Sampler `walk`: random walks, of which every prefix is a record."""

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
from qframe_plugins.samplers._words.automaton import Phase, WordAutomaton
from qframe_plugins.samplers._words.uniform_words import UniformWords

STEPS_STREAM = 0
"""Stream of the block's randomness."""


class WalkOptions(PluginOptions):
    """Options of `walk`."""

    length: Annotated[int, Field(ge=1, le=65_535)] = Field(
        description="steps per walk, and so records per walk"
    )
    non_backtracking: bool = Field(
        False, description="never step back: no instruction right after its inverse"
    )
    phase: Phase = Field(
        "ignored",
        description="with non_backtracking: whether gates whose product is 1 only up to a global "
        "phase are inverse (ignored) or not (exact)",
    )
    weights: dict[str, float] | None = Field(
        None, description="by gate name: what its odds are multiplied by; 1 where left out"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> WalkOptions:
        if self.non_backtracking and self.weights:
            raise ValueError("weights do not go with non_backtracking: leave one of them out")
        return self


class Walk(Sampler[WalkOptions]):
    """Random walks of `length` steps; each prefix of a walk is a record.

    YAML that selects it::

        sampler: {plugin: walk, length: 20, non_backtracking: true}

    Two columns make each record a transition of reinforcement learning (Zhang et al.,
    arXiv:2004.04743; Chen et al., arXiv:2204.06904). `parent` is the index of the record with the
    same circuit without its last gate (-1: the identity). `gate` is the code of that last gate. The
    state is `unitaries[parent]`, the action `gate`, and the next state the record's own unitary:
    `U = G U_parent`.

    Steps are independent: uniform, or by `weights`. With `non_backtracking` a walk is instead
    uniform among the words of its length that have no instruction right after its inverse.

    The records of a walk follow each other within one block. If `length` does not divide the
    block, its last walk is cut, so that short prefixes are a little more frequent (with 20 steps
    and 4,096 records the first 16 lengths have 205 records, the others 204).

    Engines may compute each record from its parent with one product (`fold` 1).
    """

    name = "walk"
    Options = WalkOptions
    fold = 1

    def __init__(self, options: WalkOptions, instructions: InstructionSet) -> None:
        super().__init__(options, instructions)
        self.max_length = options.length
        self.columns = (Column("parent", "<i8"), Column("gate", instructions.code_dtype.str))
        self._free = WeightedCodes(instructions, options.weights)
        self._reduced = _reduced(instructions, options) if options.non_backtracking else None

    def sample(self, draws: Draws) -> Circuits:
        """Walks are drawn from stream 0.

        Raises:
            ConfigError: a block has fewer records than a walk has steps.
        """
        size, steps = draws.size, self.max_length
        if size < steps:
            raise ConfigError(
                f"sampler.length: got {steps:,}, but a walk has to fit in a block, and a block of "
                f"such long circuits has {size:,} records",
                hint="take shorter walks",
            )
        pattern = _prefix_pattern(size, steps)
        taken = self._steps(draws, -(-size // steps))
        # One row per record: the whole walk, set to 0 after the record's last step.
        codes = taken.repeat(steps, axis=0)[:size]
        codes *= pattern.taken
        parent = pattern.parents + draws.first
        parent[::steps] = -1
        return Circuits(
            codes=codes,
            lengths=pattern.lengths,
            extra={"parent": parent, "gate": taken.reshape(-1)[:size]},
            parents=pattern.parents,
        )

    def _steps(self, draws: Draws, walks: int) -> NDArray[Any]:
        """The codes of whole walks: `(walks, length)`."""
        if self._reduced is None:
            return self._free.draw(draws, walks * self.max_length, STEPS_STREAM).reshape(walks, -1)
        words = draws.words(self._reduced.steps * walks, STEPS_STREAM).reshape(-1, walks)
        return self._reduced.codes(words, np.full(walks, self.max_length))


class PrefixPattern(NamedTuple):
    """Arrays that are the same in all blocks of one size; read-only.

    Attributes:
        taken: `(size, steps)` `uint8`: 1 for the steps of the walk that belong to the record.
        lengths, parents: as in `Circuits`.
    """

    taken: NDArray[np.uint8]
    lengths: NDArray[Any]
    parents: NDArray[np.int64]


@lru_cache(maxsize=4)
def _prefix_pattern(size: int, steps: int) -> PrefixPattern:
    """The pattern of a block of `size` records with walks of `steps` steps."""
    walks = -(-size // steps)
    parents = np.arange(-1, size - 1)
    parents[::steps] = -1
    made = PrefixPattern(
        taken=np.tile(np.tri(steps, dtype=np.uint8), (walks, 1))[:size],
        lengths=np.tile(np.arange(1, steps + 1, dtype=length_dtype(steps)), walks)[:size],
        parents=parents,
    )
    for array in made:
        array.flags.writeable = False
    return made


def _reduced(instructions: InstructionSet, options: WalkOptions) -> UniformWords:
    """Words without an instruction right after its inverse; gates that commute in any order."""
    automaton = WordAutomaton.reduced(instructions, canonical_order=False, phase=options.phase)
    lengths = range(options.length, options.length + 1)
    return UniformWords(automaton, lengths, instructions.code_dtype)


@hookimpl
def qframe_samplers() -> list[type[Sampler[Any]]]:
    return [Walk]
