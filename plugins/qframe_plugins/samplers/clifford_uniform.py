"""Uniform elements of the Clifford group."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from qframe import Circuits, ConfigError, Draws, InstructionSet, PluginOptions, Sampler, hookimpl
from qframe_plugins.samplers._draws.scaling import scaled
from qframe_plugins.samplers._words.clifford import (
    clifford_codes,
    generators,
    pauli_action,
    shortest_words,
)
from qframe_plugins.samplers._words.join import Words, join

MAX_QUBITS = 4


class CliffordUniform(Sampler[PluginOptions]):
    """Exactly uniform among the Clifford group's elements up to phase, with a word for each.

    YAML that selects it::

        sampler: clifford_uniform

    On 1 and 2 qubits one table holds all 24 or 11,520 elements with shortest words over the gate
    set's Clifford gates. On 3 and 4 qubits an element is `a h`: `h` is uniform on all qubits but
    one, and `a` is a representative of what the element makes of X and Z on that one (8,064 or
    130,560 pairs of anticommuting signed Paulis, each with a shortest word). This is the subgroup
    algorithm of Koenig and Smolin (arXiv:1406.2170): each element is met in one way. Words are
    not the shortest there. The group has 92,897,280 elements on 3 qubits.

    The unitary's global phase is that of its word. Records repeat, as they are drawn
    independently. Gates that are no Clifford gates are left out.
    """

    name = "clifford_uniform"

    def __init__(self, options: PluginOptions, instructions: InstructionSet) -> None:
        super().__init__(options, instructions)
        if instructions.qubits > MAX_QUBITS:
            raise ConfigError(
                f"clifford_uniform: got {instructions.qubits} qubits, want at most {MAX_QUBITS}"
            )
        self._parts = [_table(instructions, on, fixing) for on, fixing in _chain(instructions)]
        self.order = prod(len(part.lengths) for part in self._parts)
        self.max_length = sum(part.longest for part in self._parts)

    def sample(self, draws: Draws) -> Circuits:
        """The element of table k from stream k, one raw word each, to within 2**-32."""
        parts = []
        for stream, part in enumerate(self._parts):
            index, _ = scaled(draws.words(draws.size, stream), np.uint64(len(part.lengths)))
            parts.append((part, index.astype(np.intp)))
        return join(parts, self.max_length, self.instructions.code_dtype)


def pair_count(qubits: int) -> int:
    """Pairs of anticommuting signed Paulis: `2 (4**n - 1) 4**n`."""
    paulis = 1 << 2 * qubits
    return 2 * (paulis - 1) * paulis


def _chain(instructions: InstructionSet) -> list[tuple[frozenset[int], list[int]]]:
    """Which qubits each table's gates act on, and the qubits whose X and Z it covers: first the
    table that acts first. A qubit is taken off only if the others stay connected.
    """
    on = frozenset(range(instructions.qubits))
    chain = []
    while len(on) > 2:
        last = next((q for q in sorted(on, reverse=True) if _connected(instructions, on - {q})), -1)
        if last < 0:
            break
        chain.append((on, [last]))
        on -= {last}
    return [(on, sorted(on)), *reversed(chain)]


def _connected(instructions: InstructionSet, on: frozenset[int]) -> bool:
    edges = [set(placed.qubits) for placed in instructions.instructions]
    reached = {min(on)}
    for _ in on:
        for edge in edges:
            if edge <= on and edge & reached:
                reached |= edge
    return reached == on


def _table(instructions: InstructionSet, on: frozenset[int], covering: list[int]) -> Words:
    """Words over the Clifford gates on `on`, one for each image of X and Z of `covering`."""
    codes = [
        code
        for code in clifford_codes(instructions)
        if on.issuperset(instructions.instructions[code].qubits)
    ]
    want = prod(pair_count(len(on) - k) for k in range(len(covering)))
    seeds = [pauli for qubit in covering for pauli in generators(qubit)]
    actions = {code: pauli_action(instructions, code) for code in codes}
    images, words = shortest_words(actions, seeds) if want <= 1 << 20 else (np.empty(0), [])
    if len(images) != want:
        qubits = ", ".join(map(str, sorted(on)))
        raise ConfigError(
            f"clifford_uniform: the gate set's Clifford gates on qubits {qubits} do not generate "
            f"the Clifford group there (got {len(images):,} cosets, want {want:,})",
            hint="h and s on each qubit, and cx or cz on pairs that connect all qubits, do",
        )
    return Words.of(words, instructions.code_dtype)


@hookimpl
def qframe_samplers() -> list[type[Sampler[Any]]]:
    return [CliffordUniform]
