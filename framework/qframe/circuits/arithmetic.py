"""The arithmetic of the law: which bits the unitary of a circuit has.

Codes are grouped from the front into words of `fold` codes. A word is the left fold of its gates,
a circuit the left fold of its words. Every entry of a product is a sum, in index order, of
separately rounded real products, never fused:

    re = (((a0.re*b0.re - a0.im*b0.im) + a1.re*b1.re) - a1.im*b1.im) + ...
    im = (((a0.re*b0.im + a0.im*b0.re) + a1.re*b1.im) + a1.im*b1.re) + ...

At the end `-0.0` becomes `0.0`. To add a product with a zero
changes nothing but the sign of a zero. So an engine may skip the zeros of a gate, and a gate that
is applied to the rows it acts on gives the same bits as the dense product.

`circuit_unitary` is the plain reference that every engine is tested against.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from qframe.circuits.instructions import InstructionSet

WORD_TABLE_BYTES = 1 << 20
"""Largest size of the products of all words of `fold` codes, so that they stay in a core's L2.

Measured on two-qubit Clifford+T (14 instructions, length 20) with 1 MiB of L2: words of 3 codes
(0.7 MB) are 1.4 times as fast as words of 2 codes, which half of this size would allow.
"""

Matrix = list[list[complex]]


def fold_for(instructions: int, qubits: int) -> int:
    """Number of codes of a word. It follows from the two numbers alone, and the recipe holds it.

    It is the length of the longest words whose products fit `WORD_TABLE_BYTES`. From three qubits
    on it is 1, because a gate that is applied to the rows it acts on costs less than a dense
    product.

    Args:
        instructions: number of instructions.
        qubits: number of qubits of the register.
    """
    if qubits > 2:
        return 1
    entry = 16 * 4**qubits
    fold = 1
    while fold < 16 and instructions ** (fold + 1) * entry <= WORD_TABLE_BYTES:
        fold += 1
    return fold


def multiply(a: Matrix, b: Matrix) -> Matrix:
    """The product `a @ b` by the law, in Python floats: CPython rounds each operation."""
    size = range(len(a))
    return [[_entry(a[r], [b[k][c] for k in size]) for c in size] for r in size]


def _entry(row: Sequence[complex], column: Sequence[complex]) -> complex:
    re = row[0].real * column[0].real - row[0].imag * column[0].imag
    im = row[0].real * column[0].imag + row[0].imag * column[0].real
    for x, y in zip(row[1:], column[1:], strict=True):
        re = re + x.real * y.real
        re = re - x.imag * y.imag
        im = im + x.real * y.imag
        im = im + x.imag * y.real
    return complex(re, im)


def circuit_unitary(
    instructions: InstructionSet, codes: Sequence[int], fold: int
) -> NDArray[np.complex128]:
    """The unitary of one circuit by the law: the reference for engines. It is slow.

    Args:
        instructions: what the codes stand for.
        codes: the codes in circuit order; none for the identity.
        fold: number of codes of a word.

    Returns:
        `(dim, dim)`.
    """
    gates = [instructions.matrices[int(code)].tolist() for code in codes]
    words = [
        reduce(lambda product, gate: multiply(gate, product), gates[i : i + fold])
        for i in range(0, len(gates), fold)
    ]
    if not words:
        return np.eye(instructions.dim, dtype=np.complex128)
    unitary = reduce(lambda product, word: multiply(word, product), words)
    return np.array(unitary, dtype=np.complex128) + 0.0
