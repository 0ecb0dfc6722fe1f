"""Unitaries from gates applied to the rows that they touch, in one compiled loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe import Circuits, InstructionSet
from qframe_plugins.engines._numba.compiled import compiled
from qframe_plugins.engines._numba.extensions import extends_previous
from qframe_plugins.engines._numba.gate_tables import MOVES, PAIRS, REAL_PAIRS, gates_of

ONE, TWO = np.uintp(1), np.uintp(2)


class LocalKernel:
    """The tables of a gate set, and the compiled loop over the circuits.

    For three qubits and more; on fewer a table of words costs less.
    """

    def __init__(self, instructions: InstructionSet) -> None:
        self.gates = gates_of(instructions)
        self.dim = np.uintp(instructions.dim)
        self._loop = loop(instructions.dim)

    def multiply(self, circuits: Circuits, out: NDArray[Any]) -> None:
        """Writes the unitaries of `circuits` into `out` `(n, 2 * dim * dim)`, real."""
        extends = extends_previous(circuits)
        self._loop(circuits.codes, circuits.lengths, extends, self.dim, self.gates, out)


@lru_cache(maxsize=16)
def loop(dim: int) -> Callable[..., None]:
    """The compiled loop for registers of dimension `dim`.

    A circuit that `extends` the circuit before it starts from that circuit's product.

    A row of the product is stored as its real parts, then its imaginary parts. If a gate makes a
    row from several rows, those are first copied behind the product, from index `scratch` on. Both
    lie in one array, so that LLVM knows the distances. The length of half a row is always `dim`,
    yet it is an argument: LLVM would unroll a loop of a known short length before it could
    vectorise it. Indices are unsigned: for signed ones Numba checks each time whether they count
    from the end.
    """
    size, width, scratch = np.uintp(dim), np.uintp(2 * dim), np.uintp(2 * dim * dim)

    @compiled()
    def multiply(codes: Any, lengths: Any, extends: Any, half: Any, gates: Any, out: Any) -> None:
        work = np.empty(scratch + scratch)
        for i in range(np.uintp(len(codes))):
            length = np.uintp(lengths[i])
            first = length - ONE
            if not extends[i]:
                first = np.uintp(0)
                for e in range(scratch):
                    work[e] = 0.0
                for r in range(size):
                    work[r * width + r] = 1.0
            for position in range(first, length):
                code = np.uintp(codes[i, position])
                kind = gates.kind[code]
                if kind == MOVES:
                    _move(work, scratch, width, half, gates.moves, code)
                elif kind == REAL_PAIRS:
                    _real_pairs(work, scratch, width, half, gates.pairs, code)
                elif kind == PAIRS:
                    _pairs(work, scratch, width, half, gates.pairs, code)
                else:
                    _mix(work, scratch, width, half, gates.mixes, code)
            for r in range(size):
                for c in range(size):
                    out[i, TWO * (r * size + c)] = work[r * width + c] + 0.0
                    out[i, TWO * (r * size + c) + ONE] = work[r * width + size + c] + 0.0

    return multiply


@compiled(inline="always")
def _move(work: Any, scratch: Any, width: Any, half: Any, moves: Any, code: Any) -> None:
    """Rows become multiples of rows.

    A product with 1 is exact. The zero part of a factor adds zeros, which can change nothing but
    the sign of a zero.
    """
    for k in range(moves.changes[code]):
        source = moves.source[code, k] * width
        for e in range(half + half):
            work[scratch + k * width + e] = work[source + e]
    for k in range(moves.changes[code]):
        x, y = moves.factor[code, k, 0], moves.factor[code, k, 1]
        to, re = moves.to[code, k] * width, scratch + k * width
        im = re + (width >> ONE)
        for e in range(half):
            work[to + e] = x * work[re + e] - y * work[im + e]
            work[to + (width >> ONE) + e] = x * work[im + e] + y * work[re + e]


@compiled(inline="always")
def _real_pairs(work: Any, scratch: Any, width: Any, half: Any, pairs: Any, code: Any) -> None:
    """A gate on one qubit with real entries."""
    x00, x01 = pairs.entries[code, 0], pairs.entries[code, 2]
    x10, x11 = pairs.entries[code, 4], pairs.entries[code, 6]
    apart = pairs.apart[code] * width
    for start in range(np.uintp(0), scratch, apart + apart):
        for a in range(start, start + apart, width):
            b = a + apart
            for e in range(half + half):
                upper, lower = work[a + e], work[b + e]
                work[a + e] = x00 * upper + x01 * lower
                work[b + e] = x10 * upper + x11 * lower


@compiled(inline="always")
def _pairs(work: Any, scratch: Any, width: Any, half: Any, pairs: Any, code: Any) -> None:
    """A gate on one qubit."""
    x00, y00, x01, y01 = pairs.entries[code, :4]
    x10, y10, x11, y11 = pairs.entries[code, 4:]
    apart, imag = pairs.apart[code] * width, width >> ONE
    for start in range(np.uintp(0), scratch, apart + apart):
        for a in range(start, start + apart, width):
            b = a + apart
            for e in range(half):
                a_re, a_im = work[a + e], work[a + imag + e]
                b_re, b_im = work[b + e], work[b + imag + e]
                work[a + e] = ((x00 * a_re - y00 * a_im) + x01 * b_re) - y01 * b_im
                work[a + imag + e] = ((x00 * a_im + y00 * a_re) + x01 * b_im) + y01 * b_re
                work[b + e] = ((x10 * a_re - y10 * a_im) + x11 * b_re) - y11 * b_im
                work[b + imag + e] = ((x10 * a_im + y10 * a_re) + x11 * b_im) + y11 * b_re


@compiled(inline="always")
def _mix(work: Any, scratch: Any, width: Any, half: Any, mixes: Any, code: Any) -> None:
    """A gate of any size."""
    imag = width >> ONE
    for group in range(mixes.groups[code]):
        for local in range(mixes.local[code]):
            source = mixes.rows[code, group, local] * width
            for e in range(half + half):
                work[scratch + local * width + e] = work[source + e]
        for local in range(mixes.local[code]):
            to = mixes.rows[code, group, local] * width
            for e in range(half + half):
                work[to + e] = 0.0
            for t in range(mixes.terms[code, local]):
                x, y = mixes.entries[code, local, t, 0], mixes.entries[code, local, t, 1]
                re = scratch + mixes.columns[code, local, t] * width
                im = re + imag
                for e in range(half):
                    work[to + e] = (work[to + e] + x * work[re + e]) - y * work[im + e]
                    work[to + imag + e] = (work[to + imag + e] + x * work[im + e]) + (
                        y * work[re + e]
                    )
