"""The group of a gate set: inverses, duplicates, orders of gates, relations, and its size.

Unitaries are compared up to a global phase and within a tolerance: their entries, with the phase
taken out, are rounded to cells of width `FINE_CELL`. Rounding errors (1e-15 per product) are far
smaller. Unitaries that differ by less count as equal, so gates that rotate by less than 1e-7 cannot
be told from the identity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from qframe.circuits.instructions import InstructionSet
from qframe.circuits.phase import FINE_CELL, Matrices, cells_without_phase, without_phase

CLOSE = 1e-10
"""Largest difference between the entries of two products that count as equal in a relation."""

MAX_ELEMENTS = 20_000
"""Number of elements above which a group counts as large."""

MAX_BYTES = 1 << 26
"""Bytes of the elements of a group. On many qubits they end the count before `MAX_ELEMENTS`."""

MAX_PAIRED = 200
"""Number of instructions of which all pairs are tested for relations."""


def phase_free_keys(unitaries: Matrices) -> list[bytes]:
    """A key of each unitary of `(n, d, d)`. If two are equal up to phase, their keys are equal."""
    return [row.tobytes() for row in cells_without_phase(unitaries, FINE_CELL)]


@dataclass(frozen=True)
class Growth:
    """Numbers of distinct products of gates, up to phase.

    Attributes:
        by_length: number of elements whose shortest word has length 0, 1, 2, ...
        complete: True if these are all elements: `sum(by_length)` is then the order of the group.
    """

    by_length: tuple[int, ...]
    complete: bool

    @property
    def elements(self) -> int:
        """Number of elements that were found."""
        return sum(self.by_length)


def growth(
    gates: Matrices, max_length: int | None = None, max_elements: int = MAX_ELEMENTS
) -> Growth:
    """Counts distinct products of the `(n, d, d)` gates, up to phase, by length of shortest word.

    It stops at `max_length`, or with the last full length before there are more than `max_elements`
    elements, or more than `MAX_BYTES`. Inverses are not needed: in a finite group the inverse of a
    gate is a power of it.
    """
    dim = gates.shape[-1]
    max_elements = min(max_elements, MAX_BYTES // (16 * dim * dim))
    chunk = max(1, (1 << 24) // (16 * dim * dim * len(gates)))
    layer: Matrices = np.eye(dim, dtype=np.complex128)[None]
    known = set(phase_free_keys(layer))
    counts = [1]
    while max_length is None or len(counts) <= max_length:
        new: list[Matrices] = []
        for start in range(0, len(layer), chunk):
            part = (gates[None] @ layer[start : start + chunk, None]).reshape(-1, dim, dim)
            kept = []
            for place, key in enumerate(phase_free_keys(part)):
                if key not in known:
                    known.add(key)
                    kept.append(place)
            new.append(part[kept])
            if len(known) > max_elements:
                return Growth(tuple(counts), complete=False)
        layer = np.concatenate(new)
        if not len(layer):
            return Growth(tuple(counts), complete=True)
        counts.append(len(layer))
    return Growth(tuple(counts), complete=False)


def order(unitary: Matrices, largest: int = MAX_ELEMENTS) -> int | None:
    """The least m >= 1 with `unitary**m` = 1 up to phase; None if there is none up to `largest`."""
    turns = np.angle(np.linalg.eigvals(unitary)) / (2 * np.pi)
    away = np.outer(np.arange(1, largest + 1), turns - turns[0])
    closed = np.abs(away - np.round(away)).max(axis=1) < CLOSE
    return int(closed.argmax()) + 1 if closed.any() else None


@dataclass(frozen=True)
class Analysis:
    """The analysis of a gate set. Instructions are given by their codes.

    Equalities hold up to phase, but for `commuting` and `anticommuting`.

    Attributes:
        inverses: for each code the first code that is its inverse, or None.
        duplicates: groups of two or more instructions that are equal.
        identities: instructions that are the identity.
        orders: for each code its order, or None if it is larger than `MAX_ELEMENTS`.
        growth: number of distinct elements by length of their shortest word.
        commuting: pairs with AB = BA that share a qubit. (Pairs that share none always commute.)
        anticommuting: pairs with AB = -BA, which commute up to phase.
        braids: pairs with ABA = BAB that do not commute.
        all_pairs: False if there are too many instructions to test all pairs. The three fields
            above are then about the first `MAX_PAIRED` codes.
    """

    inverses: tuple[int | None, ...]
    duplicates: tuple[tuple[int, ...], ...]
    identities: tuple[int, ...]
    orders: tuple[int | None, ...]
    growth: Growth
    commuting: tuple[tuple[int, int], ...]
    anticommuting: tuple[tuple[int, int], ...]
    braids: tuple[tuple[int, int], ...]
    all_pairs: bool

    @property
    def lacking_inverse(self) -> tuple[int, ...]:
        """Codes whose inverse is not an instruction."""
        return tuple(code for code, inverse in enumerate(self.inverses) if inverse is None)

    @property
    def group_order(self) -> int | None:
        """Order of the group up to phase; None if the group is infinite or large."""
        return self.growth.elements if self.growth.complete else None

    def to_data(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "inverse_closed": not self.lacking_inverse,
            "inverses": list(self.inverses),
            "duplicates": [list(codes) for codes in self.duplicates],
            "identities": list(self.identities),
            "orders": list(self.orders),
            "group_order": self.group_order,
            "elements_by_length": list(self.growth.by_length),
            "commuting": [list(pair) for pair in self.commuting],
            "anticommuting": [list(pair) for pair in self.anticommuting],
            "braids": [list(pair) for pair in self.braids],
            "all_pairs_tried": self.all_pairs,
        }


def analyse(instructions: InstructionSet) -> Analysis:
    """Finds inverses, duplicates, orders, relations of pairs, and the order of a small group."""
    gates = instructions.matrices
    keys = phase_free_keys(gates)
    classes: dict[bytes, list[int]] = {}
    for code, key in enumerate(keys):
        classes.setdefault(key, []).append(code)
    inverse_keys = phase_free_keys(np.ascontiguousarray(gates.conj().swapaxes(1, 2)))
    identity = phase_free_keys(np.eye(instructions.dim, dtype=np.complex128)[None])[0]
    orders = {gate.name: order(gate.matrix) for gate in instructions.gates}
    relations = list(_relations(instructions))
    return Analysis(
        inverses=tuple(classes[key][0] if key in classes else None for key in inverse_keys),
        duplicates=tuple(tuple(codes) for codes in classes.values() if len(codes) > 1),
        identities=tuple(classes.get(identity, ())),
        orders=tuple(orders[placed.gate] for placed in instructions.instructions),
        growth=growth(gates),
        commuting=tuple(pair for what, pair in relations if what == "commute"),
        anticommuting=tuple(pair for what, pair in relations if what == "anticommute"),
        braids=tuple(pair for what, pair in relations if what == "braid"),
        all_pairs=len(instructions) <= MAX_PAIRED,
    )


def _relations(instructions: InstructionSet) -> Iterator[tuple[str, tuple[int, int]]]:
    """Each relation that holds, with its pair of codes: `commute`, `anticommute` or `braid`."""
    gates = instructions.matrices[:MAX_PAIRED]
    for one, two in combinations(range(len(gates)), 2):
        if set(instructions.instructions[one].qubits).isdisjoint(
            instructions.instructions[two].qubits
        ):
            continue
        a, b = gates[one], gates[two]
        ab, ba = a @ b, b @ a
        if np.abs(ab - ba).max() < CLOSE:
            yield "commute", (one, two)
        elif np.abs(ab + ba).max() < CLOSE:
            yield "anticommute", (one, two)
        else:
            aba, bab = without_phase(np.stack([ab @ a, ba @ b]))
            if np.abs(aba - bab).max() < CLOSE:
                yield "braid", (one, two)
