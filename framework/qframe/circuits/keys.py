"""Keys of unitaries: 64 or 128 bits that are equal for unitaries that differ by a global phase.

*Exact* keys come from the circuit's product in a ring. The product is reduced and multiplied by
the power of the ring's root of unity that makes the first entry that is not zero least (its
coefficients compared from the front). So one unitary has one form, whatever its phase and its
circuit. The key is a hash of the integers of this form. Two circuits of one unitary always share
it. Two unitaries share it by chance alone: among n unitaries with a probability of about
n**2 / 2**(bits + 1).

*Tolerance* keys come from the doubles. The phase is removed by the first entry larger than
`0.37/sqrt(d)`, both parts of every entry are rounded to cells of width `FINE_CELL`, and the cells
are hashed. Two things can go wrong. Two circuits of one unitary get different keys if rounding
errors (e, some 1e-16 per gate) put a number on two sides of a cell's border: about
`4 d**2 e / FINE_CELL` of the pairs, a millionth for one qubit and 20 gates. And two unitaries that
are closer than `FINE_CELL` may share a key.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.circuits import Circuits
from qframe.circuits.exact.products import ExactMatrices, ExactProducts
from qframe.circuits.instructions import InstructionSet
from qframe.circuits.phase import FINE_CELL, cells_without_phase
from qframe.errors import ConfigError
from qframe.rings.ring import Integers, Ring

Keys = NDArray[np.uint64]
"""Keys, `(n, bits // 64)`: one or two words per unitary."""

Bits = Literal[64, 128]


def circuit_keys(instructions: InstructionSet, circuits: Circuits, bits: Bits = 128) -> Keys:
    """Exact keys of circuits whose gates have entries in a ring.

    Args:
        instructions: what the codes stand for.
        circuits: `n` circuits.
        bits: number of bits of a key.

    Returns:
        `(n, bits // 64)` `uint64`.

    Raises:
        ConfigError: if the gates have no ring.
    """
    return ExactKeys(instructions, bits).of(circuits)


def unitary_keys(unitaries: NDArray[np.complex128], bits: Bits = 128) -> Keys:
    """Tolerance keys of unitaries; the module's text says what can go wrong with them.

    Args:
        unitaries: `(n, d, d)` `complex128`. Rounding errors of single precision are as large as
            the cells.
        bits: number of bits of a key.

    Returns:
        `(n, bits // 64)` `uint64`.

    Raises:
        ConfigError: for another dtype.
    """
    if unitaries.dtype != np.complex128:
        raise ConfigError(f"unitaries are {unitaries.dtype}, keys need complex128")
    return hash_rows(cells_without_phase(unitaries, FINE_CELL), bits)


class ExactKeys:
    """A maker of exact keys for circuits over one set of instructions.

    Raises:
        ConfigError: if the gates have no ring.
    """

    def __init__(self, instructions: InstructionSet, bits: Bits = 128) -> None:
        self._products = ExactProducts(instructions)
        self._bits = bits

    def of(self, circuits: Circuits) -> Keys:
        """The keys of circuits: `(n, bits // 64)` `uint64`."""
        keys = np.empty((len(circuits), self._bits // 64), dtype=np.uint64)
        for rows, matrices in self._products.parts(circuits):
            forms = canonical_forms(matrices)
            hashes = hash_wide_rows if matrices.wide else hash_rows
            keys[rows] = hashes(forms, self._bits)
        return keys


def canonical_forms(matrices: ExactMatrices) -> Integers:
    """Integers that are equal for unitaries that differ by a phase, and for no others.

    Returns:
        `(n, 1 + d * d * degree)` `int64` (`object` if the matrices are wide): the exponent, then
        the entries of the matrix times the power of the ring's root of unity that makes the first
        entry that is not zero least.
    """
    ring, count = matrices.ring, len(matrices)
    entries = matrices.numbers.reshape(count, -1, ring.degree)
    first = entries.astype(np.bool_).any(axis=2).argmax(axis=1)
    turned = least = entries[np.arange(count), first]
    power = np.zeros(count, dtype=np.intp)
    for k in range(1, ring.roots):
        turned = ring.times_x(turned)
        less = _less(turned, least)
        power[less] = k
        least = np.where(less[:, None], turned, least)
    result = entries @ _powers(ring)[power]
    return np.concatenate([matrices.exponents[:, None], result.reshape(count, -1)], axis=1)


def _less(a: Integers, b: Integers) -> NDArray[np.bool_]:
    """Whether each row of `a` comes before that of `b`, compared from the front."""
    place = (a != b).argmax(axis=1)[:, None]
    less: NDArray[np.bool_] = np.take_along_axis(a, place, 1) < np.take_along_axis(b, place, 1)
    return less[:, 0]


def _powers(ring: Ring) -> Integers:
    """`(roots, degree, degree)`: a number, as a row, times the k-th of them is `x**k` times it."""
    powers = [np.eye(ring.degree, dtype=np.int64)]
    for _ in range(ring.roots - 1):
        powers.append(ring.times_x(powers[-1]))
    return np.stack(powers)


def hash_rows(words: Integers, bits: int) -> Keys:
    """A hash of each row of integers `(n, m)`: `(n, bits // 64)` `uint64`.

    Each of the `bits // 64` lanes starts from its own number and takes in one integer at a time
    with `splitmix64`, a bijection. It is no cryptographic hash: an adversary could make two rows
    agree.
    """
    columns: Any = np.ascontiguousarray(words.T).view(np.uint64)
    lanes = []
    for lane in range(bits // 64):
        start = np.uint64(0x9E3779B97F4A7C15 * (lane + 1) % 2**64)
        state = splitmix64(np.full(len(words), len(columns), dtype=np.uint64) ^ start)
        for column in columns:
            state = splitmix64(state ^ column)
        lanes.append(state)
    return np.stack(lanes, axis=1)


def hash_wide_rows(rows: NDArray[Any], bits: int) -> Keys:
    """`hash_rows` of rows `(n, m)` of Python's integers, of any size.

    Each integer of a row is written with as many words of 64 bits as its largest one needs, in
    two's complement, the lowest word first.
    """
    keys = np.empty((len(rows), bits // 64), dtype=np.uint64)
    sizes = np.array([max(x.bit_length() for x in row) // 64 + 1 for row in rows.tolist()])
    for size in np.unique(sizes).tolist():
        chosen = np.flatnonzero(sizes == size)
        text = b"".join(
            x.to_bytes(8 * size, "little", signed=True)
            for row in rows[chosen].tolist()
            for x in row
        )
        words = np.frombuffer(text, dtype="<i8").reshape(len(chosen), -1)
        keys[chosen] = hash_rows(words.astype(np.int64), bits)
    return keys


def splitmix64(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The next output of SplitMix64 from each state (Steele, Lea and Flood 2014)."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
