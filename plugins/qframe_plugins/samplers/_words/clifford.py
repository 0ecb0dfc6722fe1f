"""Clifford elements, and shortest words of gates for them, found by breadth-first search.

Up to phase a Clifford unitary C is determined by its images of the Paulis: `C P C†` is again a
Pauli, with a sign. A signed Pauli on n qubits is a number below `2 * 4**n`: bit 0 is the sign, then
follow `x` and `z` of qubit 0, `x` and `z` of qubit 1, and so on; both bits set mean Y.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qframe import InstructionSet

CLIFFORD_TOLERANCE = 1e-9
"""Largest deviation of `G P G†` from a signed Pauli at which G counts as a Clifford gate."""

_SINGLE = np.array(
    [
        [[1, 0], [0, 1]],
        [[0, 1], [1, 0]],
        [[1, 0], [0, -1]],
        [[0, -1j], [1j, 0]],
    ],
    dtype=np.complex128,
)
"""I, X, Z and Y, at index `x + 2 z`."""


def clifford_codes(instructions: InstructionSet) -> list[int]:
    """Codes of the instructions that are Clifford gates, ascending."""
    verdict = {gate.name: _action(gate.matrix) is not None for gate in instructions.gates}
    return [c for c, placed in enumerate(instructions.instructions) if verdict[placed.gate]]


def pauli_action(instructions: InstructionSet, code: int) -> NDArray[np.int64]:
    """The images of all signed Paulis of the register under an instruction: `(2 * 4**n,)`.

    Raises:
        ValueError: the instruction is not a Clifford gate.
    """
    local = _action(instructions.matrix_of(code))
    if local is None:
        raise ValueError(f"{instructions.instructions[code]} is not a Clifford gate")
    return _widened(local, instructions.instructions[code].qubits, instructions.qubits)


def shortest_words(
    actions: dict[int, NDArray[np.int64]], seeds: list[int]
) -> tuple[NDArray[np.int64], list[tuple[int, ...]]]:
    """All images of the Paulis `seeds` under words of gates, with a shortest word for each.

    Args:
        actions: for each code the images of all signed Paulis (`pauli_action`).
        seeds: signed Paulis.

    Returns:
        The images `(m, len(seeds))`, ordered by the length of the word and then by its codes; and
        the words, in circuit order. The first image is `seeds` itself, with the empty word.
    """
    size = len(next(iter(actions.values()))) if actions else 2
    powers = size ** np.arange(len(seeds), dtype=np.int64)
    codes = list(actions)
    images = np.array([seeds], dtype=np.int64)
    known = images @ powers
    parents, last = np.array([-1]), np.array([-1])
    frontier = np.array([0])
    while len(frontier) and codes:
        made = np.stack([actions[code][images[frontier]] for code in codes], axis=1)
        made = made.reshape(-1, len(seeds))
        keys, first = np.unique(made @ powers, return_index=True)
        first = np.sort(first[~np.isin(keys, known)])
        parents = np.concatenate([parents, frontier[first // len(codes)]])
        last = np.concatenate([last, np.array(codes)[first % len(codes)]])
        frontier = np.arange(len(images), len(images) + len(first))
        images = np.concatenate([images, made[first]])
        known = np.concatenate([known, made[first] @ powers])
    words: list[tuple[int, ...]] = [()]
    for parent, code in zip(parents[1:].tolist(), last[1:].tolist(), strict=True):
        words.append((*words[parent], code))
    return images, words


def generators(qubit: int) -> list[int]:
    """X and Z of a qubit, as signed Paulis."""
    return [1 << (1 + 2 * qubit), 2 << (1 + 2 * qubit)]


def _action(matrix: NDArray[np.complex128]) -> NDArray[np.int64] | None:
    """The images `(2 * 4**k,)` under a gate on k qubits; None if it is not a Clifford gate."""
    qubits = len(matrix).bit_length() - 1
    paulis = np.stack([_pauli(index, qubits) for index in range(4**qubits)])
    turned = matrix @ paulis @ matrix.conj().T
    overlap = np.einsum("aij,bji->ab", turned, paulis) / len(matrix)
    best = np.abs(overlap).argmax(axis=1)
    sign = overlap[np.arange(len(best)), best]
    if (np.abs(np.abs(sign.real) - 1) > CLIFFORD_TOLERANCE).any():
        return None
    positive = 2 * best + (sign.real < 0)
    return np.stack([positive, positive ^ 1], axis=1).reshape(-1).astype(np.int64)


def _pauli(index: int, qubits: int) -> NDArray[np.complex128]:
    """The matrix of a Pauli without sign; the first qubit is the least significant bit."""
    made = np.ones((1, 1), dtype=np.complex128)
    for q in range(qubits):
        made = np.kron(_SINGLE[index >> 2 * q & 3], made).astype(np.complex128)
    return made


def _widened(local: NDArray[np.int64], on: tuple[int, ...], qubits: int) -> NDArray[np.int64]:
    """The images of the register's Paulis, from a gate's images on its own qubits."""
    every = np.arange(2 * 4**qubits, dtype=np.int64)
    inner: NDArray[np.int64] = every & 1
    for k, q in enumerate(on):
        inner |= (every >> (1 + 2 * q) & 3) << (1 + 2 * k)
    image = local[inner]
    out: NDArray[np.int64] = every & ~sum(3 << (1 + 2 * q) for q in on) & ~1 | image & 1
    for k, q in enumerate(on):
        out |= (image >> (1 + 2 * k) & 3) << (1 + 2 * q)
    return out
