"""Unitaries from gates applied to the rows that they touch, many circuits at once, in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe import Circuits, InstructionSet
from qframe_plugins.engines._numpy.row_gates import RowGate, RowGates, SignedProduct
from qframe_plugins.engines._numpy.row_pool import TURN, Names, RowPool

POOL_FACTOR = 4
"""Capacity of the row pool, in multiples of the rows of all unitaries."""


class LocalGates:
    """Keeps the rows of all products in one pool; each circuit has the names of its own rows.

    A gate such as `x`, `s` or `cx` only changes names, without arithmetic: multiplying by i, -1 or
    -i is exact and commutes with every rounding. Any other gate adds new rows to the pool, in one
    step for all circuits whose next gate has the same matrix, on whatever qubits. When the pool is
    full, the rows that no circuit names are dropped.

    Args:
        instructions: the gates, placed on qubits.
    """

    def __init__(self, instructions: InstructionSet) -> None:
        self.dim = instructions.dim
        self._table = RowGates(instructions)
        self._pool = RowPool(self.dim, 0)
        self._work = np.empty(0)

    def multiply(self, circuits: Circuits, out: NDArray[Any]) -> None:
        """Writes the unitaries of `circuits` into `out` `(n, dim, dim)`."""
        n, lengths, parents = len(circuits), circuits.lengths, circuits.parents
        if self._pool.capacity < POOL_FACTOR * max(n, 1) * self.dim:
            self._pool = RowPool(self.dim, POOL_FACTOR * max(n, 1) * self.dim)
        names = self._pool.identities(n)
        shared = np.zeros(n, dtype=np.bool_) if parents is None else parents >= 0
        places = np.arange(n * self.dim).reshape(n, self.dim)
        nothing = len(self._table.kinds) - 1
        for position in range(int(lengths.max(initial=0))):
            # If a circuit extends its parent, only its last gate is left to apply.
            ends = lengths == position + 1
            acts = (lengths > position) & (~shared | ends)
            codes = np.where(acts, circuits.codes[:, position], nothing)
            if parents is not None:
                begin = np.flatnonzero(shared & ends)
                names[begin] = names[parents[begin]]
            source = self._table.moves.take(codes, axis=0)
            source += places
            names = names.take(source)
            names += self._table.turns.take(codes, axis=0)
            kinds = self._table.kinds.take(codes)
            order = np.argsort(kinds, kind="stable")
            sizes = np.bincount(kinds).tolist()
            start = sizes[0]
            for kind, size in enumerate(sizes[1:]):
                if size:
                    which = order[start : start + size]
                    self._apply(kind, codes.take(which), which, names)
                    start += size
        self._store(names, out)

    def _apply(self, kind: int, codes: NDArray[Any], which: NDArray[np.intp], names: Names) -> None:
        """Applies matrix `kind`, on the qubits that `codes` say, to the circuits `which`."""
        gate = self._table.gates[kind]
        at = self._table.rows[kind].take(codes, axis=2)  # (inputs, groups, circuits)
        at += which * self.dim
        size = at[0].size
        if self._pool.used + size * len(gate.changed) > self._pool.capacity:
            self._pool.keep(names)
        found = names.take(at).reshape(gate.inputs, size)
        turns = found & TURN
        products = self._products(gate, found, turns)
        made, rows = self._pool.add(size * len(gate.changed))
        rows = rows.reshape(2, len(gate.changed), size, self.dim)
        for k, (real, imaginary) in enumerate(gate.sums):
            _add(products, real, rows[0, k])
            _add(products, imaginary, rows[1, k])
        changed = made.reshape(len(gate.changed), size)
        changed |= turns[:1] if gate.mixes else turns
        names.reshape(-1)[at[list(gate.changed)]] = changed.reshape(-1, *at.shape[1:])

    def _products(self, gate: RowGate, found: Names, turns: Names) -> list[NDArray[np.float64]]:
        """The products that the sums consist of, each `(size, dim)`.

        Args:
            gate: whose products.
            found: `(inputs, size)` names of the rows that the gate reads.
            turns: the turns in these names.
        """
        size = found.shape[1]
        need = (2 * gate.inputs + gate.slots) * size * self.dim
        if len(self._work) < need:
            self._work = np.empty(need)
        work = self._work[:need].reshape(-1, size, self.dim)
        parts = work[: 2 * gate.inputs].reshape(-1, 2, size, self.dim)
        for i, names in enumerate(found):
            if gate.mixes and i > 0:
                # Turns relative to the first row: its own turn goes into the names of the sums.
                self._pool.turned(names - turns[0], parts[i])
            else:
                self._pool.unturned(names, parts[i])
        return [
            parts[i, part]
            if factor == 1
            else np.multiply(
                parts[i, part], factor, out=parts[i, part] if slot is None else work[slot]
            )
            for i, part, factor, slot in gate.products
        ]

    def _store(self, names: Names, out: NDArray[Any]) -> None:
        """Writes the rows `names` into `out`; adding zero makes negative zeros positive."""
        parts = np.empty((2, names.size, self.dim))
        self._pool.turned(names.reshape(-1), parts)
        np.add(parts[0].reshape(out.shape), 0.0, out=out.real, casting="same_kind")
        np.add(parts[1].reshape(out.shape), 0.0, out=out.imag, casting="same_kind")


def _add(
    products: list[NDArray[np.float64]], terms: Sequence[SignedProduct], out: NDArray[Any]
) -> None:
    """Writes the sum of the terms, in their order, into `out`."""
    (first, minus), *others = terms
    total = np.negative(products[first], out=out) if minus else products[first]
    for term, minus in others:
        total = (np.subtract if minus else np.add)(total, products[term], out=out)
    if total is not out:
        out[:] = total
