"""Matsumoto and Amano's normal forms: every one-qubit Clifford+T unitary once."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from qframe import Circuits, ConfigError, Draws, InstructionSet, PluginOptions, Sampler, hookimpl
from qframe_plugins.samplers._words.clifford import (
    clifford_codes,
    generators,
    pauli_action,
    shortest_words,
)
from qframe_plugins.samplers._words.join import Words, join

HEADS, SYLLABLES = 0, 1
"""Streams of the block's randomness."""

GROUP = 8
"""Syllables HT or SHT in a row that are looked up at once."""

CLIFFORDS = 24


class MatsumotoAmanoOptions(PluginOptions):
    """Options of `matsumoto_amano`."""

    t_count: int = Field(ge=0, le=4096, description="T gates: at most (rank) or exactly (uniform)")
    mode: Literal["rank", "uniform"] = Field(
        "rank",
        description="rank: record i is the i-th unitary, fewer T first; uniform: drawn at random",
    )


class MatsumotoAmano(Sampler[MatsumotoAmanoOptions]):
    """One-qubit Clifford+T unitaries in normal form `(T|1) (HT|SHT)* C` (as a matrix product).

    YAML that selects it::

        sampler: {plugin: matsumoto_amano, t_count: 10, mode: rank}

    Each unitary has one normal form, up to global phase, and that with the fewest T gates
    (Matsumoto and Amano, arXiv:0806.3834; Giles and Selinger, arXiv:1312.6584), so that there are
    `24 (3 * 2**t - 2)` of T-count at most t. `mode: rank` has each of them once, with fewer T
    first; `mode: uniform` draws exactly uniformly among the `72 * 2**(t - 1)` of T-count t (24 for
    t = 0). C is a shortest word over the gate set's Clifford gates. Needs h, s and t, on one
    qubit; the T gates are all t, never tdg.
    """

    name = "matsumoto_amano"
    Options = MatsumotoAmanoOptions

    def __init__(self, options: MatsumotoAmanoOptions, instructions: InstructionSet) -> None:
        super().__init__(options, instructions)
        h, s, t = _codes(instructions)
        actions = {code: pauli_action(instructions, code) for code in clifford_codes(instructions)}
        _, words = shortest_words(actions, generators(0))
        dtype = instructions.code_dtype
        self._cliffords = Words.of(words, dtype)
        self._first = Words.of([(), (t,)], dtype)
        # Groups of n = 0 .. GROUP syllables stand at 2**n - 1 + bits, bit k for syllable k (in
        # circuit order: a product read from its right end).
        self._groups = Words.of(
            (
                reduce(add, ((t, h, s) if bits >> k & 1 else (t, h) for k in range(n)), ())
                for n in range(GROUP + 1)
                for bits in range(1 << n)
            ),
            dtype,
        )
        self.max_length = self._cliffords.longest + max(1, 3 * options.t_count)
        if options.mode == "rank":
            if options.t_count > 56:
                raise ConfigError(
                    f"sampler.t_count: got {options.t_count} with mode rank, want at most 56: "
                    "records are numbered with 63 bits",
                    hint="take mode: uniform",
                )
            self.count = unitary_count(options.t_count)

    def sample(self, draws: Draws) -> Circuits:
        """By rank, without randomness; or from stream 0 the Clifford and whether T stands first
        (as a matrix), from stream 1 the syllables.
        """
        return self._ranked(draws) if self.options.mode == "rank" else self._drawn(draws)

    def _ranked(self, draws: Draws) -> Circuits:
        """Rank = 24 m + c. The m-th core: 0 is empty, then `3 * 2**(n-1)` for each T-count n, of
        which `2**(n-1)` begin with T (n - 1 syllables), `2**n` do not (n syllables).
        """
        last = unitary_count(self.options.t_count) - 1
        rank = np.minimum(np.arange(draws.size) + min(draws.first, last), last)
        core, clifford = np.divmod(rank, CLIFFORDS)
        n = np.zeros(draws.size, dtype=np.int64)
        for t in range(1, self.options.t_count + 1):
            n += core >= 3 * 2 ** (t - 1) - 2
        half = np.int64(1) << np.maximum(n - 1, 0)
        within = core - np.where(n > 0, 3 * half - 2, 0)
        leads = (n > 0) & (within < half)
        bits = np.where(leads | (n == 0), within, within - half).astype(np.uint64)
        return self._joined(clifford, leads, n - leads, lambda k: bits >> np.uint64(GROUP * k))

    def _drawn(self, draws: Draws) -> Circuits:
        t = self.options.t_count
        heads = draws.integers(3 * CLIFFORDS, draws.size, HEADS)
        leads = (heads < CLIFFORDS) & (t > 0)
        groups = -(-t // GROUP)
        raw = draws.words(-(-draws.size * groups // 8), SYLLABLES).astype("<u8").view(np.uint8)
        raw = raw[: draws.size * groups].reshape(groups, draws.size)
        return self._joined(heads % CLIFFORDS, leads, t - leads.astype(np.int64), raw.__getitem__)

    def _joined(
        self, clifford: NDArray[Any], leads: NDArray[np.bool_], syllables: NDArray[Any], bits: Any
    ) -> Circuits:
        """Circuit order: the Clifford, the syllables of group 0, 1, ... (`bits(k)`, one bit a
        syllable), and T where it leads the matrix product.
        """
        parts = [(self._cliffords, clifford)]
        for k in range(-(-self.options.t_count // GROUP)):
            size = np.clip(syllables - GROUP * k, 0, GROUP)
            mask = (1 << size) - 1
            parts.append((self._groups, mask + (bits(k).astype(np.int64) & mask)))
        parts.append((self._first, leads.astype(np.intp)))
        return join(parts, self.max_length, self.instructions.code_dtype)


def unitary_count(t_count: int) -> int:
    """Unitaries up to phase of T-count at most `t_count`: `24 (3 * 2**t - 2)`."""
    return CLIFFORDS * ((3 << t_count) - 2)


def _codes(instructions: InstructionSet) -> tuple[int, int, int]:
    """The codes of h, s and t."""
    names = [placed.gate for placed in instructions.instructions]
    lacking = [name for name in ("h", "s", "t") if name not in names]
    if instructions.qubits != 1 or lacking:
        raise ConfigError(
            f"the gate set has {', '.join(dict.fromkeys(names))} on {instructions.qubits} qubits, "
            "matsumoto_amano wants h, s and t on one"
        )
    return names.index("h"), names.index("s"), names.index("t")


@hookimpl
def qframe_samplers() -> list[type[Sampler[Any]]]:
    return [MatsumotoAmano]
