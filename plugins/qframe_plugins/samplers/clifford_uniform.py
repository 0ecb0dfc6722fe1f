"""Sampler `clifford_uniform`: uniform elements of the Clifford group."""

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
    """Uniform elements of the Clifford group, up to global phase, each with a word of gates.

    YAML that selects it::

        sampler: clifford_uniform

    On 1 and 2 qubits one table holds all 24 or 11,520 elements, each with a shortest word over the
    gate set's Clifford gates. On 3 and 4 qubits an element is a product `a h`: `h` is uniform on
    all qubits but one, and `a` represents the images of X and Z of that qubit (8,064 or 130,560
    pairs of anticommuting signed Paulis, each with a shortest word). This is the subgroup algorithm
    of Koenig and Smolin (arXiv:1406.2170); each element is such a product in exactly one way. Words
    on 3 and 4 qubits are not the shortest. On 3 qubits the group has 92,897,280 elements.

    The unitary's global phase is the phase of its word. Records are drawn independently, so they
    may repeat. Gates that are no Clifford gates are left out.

    Attributes:
        order: number of elements of the group, up to phase.
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
        """The element of table k is drawn from stream k, one raw word each, to within 2**-32."""
        parts = []
        for stream, part in enumerate(self._parts):
            index, _ = scaled(draws.words(draws.size, stream), np.uint64(len(part.lengths)))
            parts.append((part, index.astype(np.intp)))
        return join(parts, self.max_length, self.instructions.code_dtype)


def pair_count(qubits: int) -> int:
    """Number of pairs of anticommuting signed Paulis: `2 (4**n - 1) 4**n`."""
    paulis = 1 << 2 * qubits
    return 2 * (paulis - 1) * paulis


def _chain(instructions: InstructionSet) -> list[tuple[frozenset[int], list[int]]]:
    """The tables that sampling needs, in the order in which their words act.

    Returns:
        For each table the qubits that its gates act on, and the qubits whose images of X and Z it
        lists. A qubit is split off only if the others stay connected.
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
    """Whether the instructions on the qubits `on` connect them all."""
    edges = [set(placed.qubits) for placed in instructions.instructions]
    reached = {min(on)}
    for _ in on:
        for edge in edges:
            if edge <= on and edge & reached:
                reached |= edge
    return reached == on


def _table(instructions: InstructionSet, on: frozenset[int], covering: list[int]) -> Words:
    """Words of Clifford gates on the qubits `on`: one for each image of X and Z of `covering`.

    Raises:
        ConfigError: the gates do not generate the Clifford group on these qubits.
    """
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
    return Words.table(words, instructions.code_dtype)


@hookimpl
def qframe_samplers() -> list[type[Sampler[Any]]]:
    return [CliffordUniform]
