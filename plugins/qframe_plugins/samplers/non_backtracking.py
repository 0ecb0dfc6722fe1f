"""Sampler `non_backtracking`: reduced words, with no instruction right after its inverse."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from qframe import Circuits, Draws, InstructionSet, Sampler, hookimpl
from qframe_plugins.samplers._draws.lengths import LengthOptions
from qframe_plugins.samplers._words.automaton import Phase, WordAutomaton
from qframe_plugins.samplers._words.uniform_words import UniformWords

WORDS_STREAM, LENGTHS_STREAM = 0, 1
"""Streams of the block's randomness."""


class NonBacktrackingOptions(LengthOptions):
    """Options of `non_backtracking`."""

    canonical_order: bool = Field(True, description="keep one order of gates on disjoint qubits")
    phase: Phase = Field(
        "ignored",
        description="whether gates whose product is 1 only up to a global phase are inverse "
        "(ignored) or not (exact)",
    )


class NonBacktracking(Sampler[NonBacktrackingOptions]):
    """Uniform reduced words; their length is fixed, or uniform in a range.

    YAML that selects it::

        sampler: {plugin: non_backtracking, length: 20}

    A reduced word never has an instruction right after its inverse. Two instructions are inverse if
    their matrices multiply to 1 up to a global phase, to within 1e-12: `rz(3 pi/4)` is the inverse
    of `rz(5 pi/4)`. With `phase: exact` the phase counts. Gates on disjoint qubits
    commute; one of the orders in which they can stand is kept, so that an instruction does not
    follow its inverse with only gates on other qubits between either. `canonical_order: false`
    keeps all orders. As in Zhang et al. (arXiv:2004.04743) and Chen et al. (arXiv:2204.06904).

    Words are uniform even if codes have unequal numbers of successors (one gate is its own inverse,
    another has none): each step is weighted by the exact number of completions, to within 2**-32.
    """

    name = "non_backtracking"
    Options = NonBacktrackingOptions

    def __init__(self, options: NonBacktrackingOptions, instructions: InstructionSet) -> None:
        super().__init__(options, instructions)
        self.max_length = options.longest
        self._words = UniformWords(
            WordAutomaton.reduced(instructions, options.canonical_order, options.phase),
            range(options.shortest, options.longest + 1),
            instructions.code_dtype,
        )

    def sample(self, draws: Draws) -> Circuits:
        """Codes are drawn from stream 0, one raw word per step, and lengths from stream 1."""
        lengths = self.options.draw_lengths(draws, LENGTHS_STREAM)
        words = draws.words(self._words.steps * draws.size, WORDS_STREAM)
        codes = self._words.codes(words.reshape(self._words.steps, -1), lengths)
        return Circuits(codes, lengths)


@hookimpl
def qframe_samplers() -> list[type[Sampler[Any]]]:
    return [NonBacktracking]
