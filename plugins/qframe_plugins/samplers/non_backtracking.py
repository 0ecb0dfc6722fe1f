"""Reduced words: no instruction right after its inverse."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from qframe import Circuits, Draws, InstructionSet, Sampler, hookimpl
from qframe_plugins.samplers._draws.lengths import LengthOptions
from qframe_plugins.samplers._words.automaton import WordAutomaton
from qframe_plugins.samplers._words.uniform_words import UniformWords

WORDS, LENGTHS = 0, 1
"""Streams of the block's randomness."""


class NonBacktrackingOptions(LengthOptions):
    """Options of `non_backtracking`."""

    canonical_order: bool = Field(
        True, description="of orders that swap neighbours on disjoint qubits, keep one"
    )


class NonBacktracking(Sampler[NonBacktrackingOptions]):
    """Uniform among the reduced words of a length; length fixed or uniform in a range.

    YAML that selects it::

        sampler: {plugin: non_backtracking, length: 20}

    A reduced word never has an instruction right after its inverse (found by multiplying the
    matrices, to 1e-12, global phase included). On several qubits neighbours on disjoint qubits
    commute, and of the orders they can stand in one is kept, so that an instruction does not come
    after its inverse behind gates on other qubits either; `canonical_order: false` leaves all
    orders in. As in Zhang et al. (arXiv:2004.04743) and Chen et al. (arXiv:2204.06904).

    Uniform also where codes have unequal numbers of successors (a gate that is its own inverse
    beside one that has none): each step is weighted by the exact number of completions, to
    within 2**-32.
    """

    name = "non_backtracking"
    Options = NonBacktrackingOptions

    def __init__(self, options: NonBacktrackingOptions, instructions: InstructionSet) -> None:
        super().__init__(options, instructions)
        self.max_length = options.longest
        self._words = UniformWords(
            WordAutomaton.reduced(instructions, options.canonical_order),
            range(options.shortest, options.longest + 1),
            instructions.code_dtype,
        )

    def sample(self, draws: Draws) -> Circuits:
        """Words from stream 0, one raw word a step, and lengths from stream 1."""
        lengths = self.options.draw_lengths(draws, LENGTHS)
        words = draws.words(self._words.steps * draws.size, WORDS)
        codes = self._words.codes(words.reshape(self._words.steps, -1), lengths)
        return Circuits(codes, lengths)


@hookimpl
def qframe_samplers() -> list[type[Sampler[Any]]]:
    return [NonBacktracking]
