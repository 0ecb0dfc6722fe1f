"""Sampler `matsumoto_amano`: normal forms of one-qubit Clifford+T unitaries, each unitary once."""

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
from qframe_plugins.samplers._words.standard_codes import code_of, lacking

HEADS_STREAM, SYLLABLES_STREAM = 0, 1
"""Streams of the block's randomness."""

GROUP_SYLLABLES = 8
"""Consecutive syllables HT or SHT that are looked up at once."""

CLIFFORD_COUNT = 24
"""One-qubit Clifford elements, up to phase."""


class MatsumotoAmanoOptions(PluginOptions):
    """Options of `matsumoto_amano`."""

    t_count: int = Field(
        ge=0, le=4096, description="number of T gates: at most (rank) or exactly (uniform)"
    )
    mode: Literal["rank", "uniform"] = Field(
        "rank",
        description="rank: record i is the i-th unitary, by number of T; uniform: drawn at random",
    )


class MatsumotoAmano(Sampler[MatsumotoAmanoOptions]):
    """One-qubit Clifford+T unitaries in normal form `(T|1) (HT|SHT)* C` (as a matrix product).

    YAML that selects it::

        sampler: {plugin: matsumoto_amano, t_count: 10, mode: rank}

    Up to global phase each unitary has exactly one normal form, and no word for it has fewer T
    gates (Matsumoto and Amano, arXiv:0806.3834; Giles and Selinger, arXiv:1312.6584). So there are
    `24 (3 * 2**t - 2)` unitaries of T-count at most t. `mode: rank` lists each of them once, fewer
    T gates first. `mode: uniform` draws uniformly among the `72 * 2**(t - 1)` unitaries of T-count
    t (24 for t = 0).

    C is a shortest word over the gate set's Clifford gates. The gate set must have h, s and t on
    one qubit; their matrices count, up to a global phase, and not their names. All T gates are t,
    never tdg.
    """

    name = "matsumoto_amano"
    Options = MatsumotoAmanoOptions

    def __init__(self, options: MatsumotoAmanoOptions, instructions: InstructionSet) -> None:
        super().__init__(options, instructions)
        h, s, t = _codes(instructions)
        actions = {code: pauli_action(instructions, code) for code in clifford_codes(instructions)}
        _, words = shortest_words(actions, generators(0))
        dtype = instructions.code_dtype
        self._cliffords = Words.table(words, dtype)
        self._first = Words.table([(), (t,)], dtype)
        # The group of n = 0 .. GROUP_SYLLABLES syllables has index 2**n - 1 + bits; bit k stands
        # for syllable k in circuit order, which is the matrix product read from its right end.
        self._groups = Words.table(
            (
                reduce(add, ((t, h, s) if bits >> k & 1 else (t, h) for k in range(n)), ())
                for n in range(GROUP_SYLLABLES + 1)
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
        """By rank, where nothing is random, or drawn.

        Stream 0 gives the Clifford element and whether the matrix product begins with T, stream 1
        the syllables.
        """
        return self._ranked(draws) if self.options.mode == "rank" else self._drawn(draws)

    def _ranked(self, draws: Draws) -> Circuits:
        """Rank 24 m + c has the c-th Clifford element and the m-th core.

        Core 0 is empty. Then come `3 * 2**(n-1)` cores for each T-count n: `2**(n-1)` that begin
        with T and have n - 1 syllables, and `2**n` that do not and have n.
        """
        last = unitary_count(self.options.t_count) - 1
        rank = np.minimum(np.arange(draws.size) + min(draws.first, last), last)
        core, clifford = np.divmod(rank, CLIFFORD_COUNT)
        n = np.zeros(draws.size, dtype=np.int64)
        for t in range(1, self.options.t_count + 1):
            n += core >= 3 * 2 ** (t - 1) - 2
        half = np.int64(1) << np.maximum(n - 1, 0)
        within = core - np.where(n > 0, 3 * half - 2, 0)
        leads = (n > 0) & (within < half)
        bits = np.where(leads | (n == 0), within, within - half).astype(np.uint64)
        return self._joined(
            clifford, leads, n - leads, lambda k: bits >> np.uint64(GROUP_SYLLABLES * k)
        )

    def _drawn(self, draws: Draws) -> Circuits:
        t = self.options.t_count
        heads = draws.integers(3 * CLIFFORD_COUNT, draws.size, HEADS_STREAM)
        leads = (heads < CLIFFORD_COUNT) & (t > 0)
        groups = -(-t // GROUP_SYLLABLES)
        raw = (
            draws.words(-(-draws.size * groups // 8), SYLLABLES_STREAM).astype("<u8").view(np.uint8)
        )
        raw = raw[: draws.size * groups].reshape(groups, draws.size)
        return self._joined(
            heads % CLIFFORD_COUNT, leads, t - leads.astype(np.int64), raw.__getitem__
        )

    def _joined(
        self, clifford: NDArray[Any], leads: NDArray[np.bool_], syllables: NDArray[Any], bits: Any
    ) -> Circuits:
        """Circuits from the Clifford element, the syllables, and T where it leads the product.

        Args:
            clifford: indices of the Clifford elements.
            leads: whether the matrix product begins with T.
            syllables: how many syllables.
            bits: `bits(k)` are those of group k, one bit per syllable.
        """
        parts = [(self._cliffords, clifford)]
        for k in range(-(-self.options.t_count // GROUP_SYLLABLES)):
            size = np.clip(syllables - GROUP_SYLLABLES * k, 0, GROUP_SYLLABLES)
            mask = (1 << size) - 1
            parts.append((self._groups, mask + (bits(k).astype(np.int64) & mask)))
        parts.append((self._first, leads.astype(np.intp)))
        return join(parts, self.max_length, self.instructions.code_dtype)


def unitary_count(t_count: int) -> int:
    """Number of unitaries, up to phase, of T-count at most `t_count`: `24 (3 * 2**t - 2)`."""
    return CLIFFORD_COUNT * ((3 << t_count) - 2)


def _codes(instructions: InstructionSet) -> list[int]:
    """The codes of h, s and t, which are recognised by their matrices up to a global phase.

    Raises:
        ConfigError: there are several qubits, or a gate is lacking. It names a gate that has the
            name of one and is another.
    """
    if instructions.qubits != 1:
        raise ConfigError(
            f"matsumoto_amano wants h, s and t on one qubit, the gate set has "
            f"{instructions.qubits} qubits"
        )
    found = {name: code_of(instructions, name) for name in ("h", "s", "t")}
    missing = [name for name, code in found.items() if code is None]
    if missing:
        what = f"matsumoto_amano wants h, s and t on one qubit, and lacks {', '.join(missing)}"
        raise lacking(instructions, what, missing)
    return [code for code in found.values() if code is not None]


@hookimpl
def qframe_samplers() -> list[type[Sampler[Any]]]:
    return [MatsumotoAmano]
