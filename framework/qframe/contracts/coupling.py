"""Coupling: the pairs of qubits on which a gate set's gates on several qubits may act."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from qframe.circuits.gates import Gate
from qframe.circuits.instructions import MAX_QUBITS
from qframe.circuits.operations import equal
from qframe.circuits.placement import widen
from qframe.contracts.plugin import PluginOptions
from qframe.errors import ConfigError

Edge = Annotated[list[int], Field(min_length=2, max_length=2)]
"""A pair of qubits that are coupled."""


class Grid(PluginOptions):
    """A rectangle of qubits in which neighbours are coupled.

    Qubit `row * columns + column` is at (row, column).
    """

    rows: int = Field(ge=1, le=MAX_QUBITS, description="rows of the grid")
    columns: int = Field(ge=1, le=MAX_QUBITS, description="columns of the grid")


class Edges(PluginOptions):
    """Coupled pairs of qubits, and whether their order is the direction of a gate."""

    edges: list[Edge] = Field(description="pairs of qubits [first, second]")
    directed: bool = Field(
        description="true: a gate whose qubits may not be exchanged acts only on pairs in the "
        "order in which they are listed; false: in both orders"
    )


Coupling = Literal["all", "line", "ring"] | Grid | Edges | list[Edge]
"""The type of the option `coupling`. A plain list of edges has no directions."""

COUPLING = (
    "where gates on several qubits may act: all, line, ring, a grid {rows: R, columns: C} "
    "(numbered row by row), a list of edges [[0, 1], ...] without directions, or "
    "{edges: [[0, 1], ...], directed: true}, where the control of cx is the first of a pair"
)
"""The description of the option `coupling`."""


@dataclass(frozen=True)
class CouplingMap:
    """The coupled pairs of a register.

    Attributes:
        pairs: ordered pairs of qubits; if `directed` is False, both orders of each.
        directed: whether gates act along the pairs only.
    """

    pairs: frozenset[tuple[int, int]]
    directed: bool = False

    @classmethod
    def of(cls, coupling: Coupling, qubits: int) -> CouplingMap:
        """The map that the option `coupling` describes, on a register of `qubits` qubits.

        Raises:
            ConfigError: for an edge that is no pair of different qubits of the register.
        """
        pairs = set(_pairs(coupling, qubits))
        directed = isinstance(coupling, Edges) and coupling.directed
        if not directed:
            pairs |= {(b, a) for a, b in pairs}
        return cls(frozenset(pairs), directed)

    def placements(self, gate: Gate, qubits: int) -> Iterator[tuple[int, ...]]:
        """The tuples of qubits on which a gate may act.

        The qubits are connected by coupled pairs. With directions, two coupled qubits of the gate
        stand in the order of a listed pair, unless exchanging the two does not change the gate.

        The order is lexicographic. With directions, tuples with fewer pairs against them come
        first, so that of equal placements the one along them is found first.
        """
        connected = (on for on in permutations(range(qubits), gate.qubits) if self.connects(on))
        if not self.directed:
            return connected
        bound = _bound_pairs(gate)
        allowed = (on for on in connected if all(self._allows(on[i], on[j]) for i, j in bound))
        return iter(sorted(allowed, key=self._against))

    def connects(self, on: tuple[int, ...]) -> bool:
        """Whether coupled pairs, in whatever direction, join all qubits of `on`."""
        reached, frontier = {on[0]}, [on[0]]
        while frontier:
            qubit = frontier.pop()
            new = [q for q in on if q not in reached and self._couples(qubit, q)]
            reached.update(new)
            frontier += new
        return len(reached) == len(on)

    def _couples(self, a: int, b: int) -> bool:
        return (a, b) in self.pairs or (b, a) in self.pairs

    def _allows(self, a: int, b: int) -> bool:
        """Whether `a` may stand before `b`: along a listed pair, or because none couples them."""
        return (a, b) in self.pairs or (b, a) not in self.pairs

    def _against(self, on: tuple[int, ...]) -> int:
        """Number of coupled pairs of qubits in `on` that stand against the listed direction."""
        return sum(not self._allows(a, b) for a, b in combinations(on, 2))


def _pairs(coupling: Coupling, qubits: int) -> Iterator[tuple[int, int]]:
    """The pairs that `coupling` names, each in the order in which it names it."""
    if coupling == "all":
        yield from combinations(range(qubits), 2)
    elif isinstance(coupling, str):
        yield from ((q, q + 1) for q in range(qubits - 1))
        if coupling == "ring" and qubits > 2:
            yield (qubits - 1, 0)
    elif isinstance(coupling, Grid):
        yield from ((q, q + 1) for q in range(qubits) if (q + 1) % coupling.columns)
        yield from ((q, q + coupling.columns) for q in range(qubits - coupling.columns))
    else:
        for a, b in coupling.edges if isinstance(coupling, Edges) else coupling:
            if a == b or not (0 <= a < qubits and 0 <= b < qubits):
                raise ConfigError(
                    f"coupling edge [{a}, {b}]: want two different qubits of 0..{qubits - 1}"
                )
            yield a, b


def _bound_pairs(gate: Gate) -> list[tuple[int, int]]:
    """The pairs `i < j` of a gate's qubits that may not be exchanged."""
    return [
        (i, j)
        for i, j in combinations(range(gate.qubits), 2)
        if not equal(gate.matrix, _exchanged(gate, i, j))
    ]


def _exchanged(gate: Gate, i: int, j: int) -> NDArray[np.complex128]:
    on = list(range(gate.qubits))
    on[i], on[j] = j, i
    return widen(gate.matrix, on, gate.qubits)


def coupling_notes(coupling: Coupling, gates: Sequence[Gate]) -> Iterator[str]:
    """A note on a plain list with one direction of a pair, if a gate differs in the other one.

    A plain list has no directions. Who lists one order only may have meant it.
    """
    if not isinstance(coupling, list):
        return
    one_way = [edge for edge in coupling if edge[::-1] not in coupling]
    bound = [gate.name for gate in gates if gate.qubits == 2 and _bound_pairs(gate)]
    if one_way and bound:
        yield (
            f"a list of edges has no directions, so {', '.join(bound[:3])} acts both "
            f"ways on {one_way[0]}, which is listed one way only; write "
            "`coupling: {edges: [...], directed: true}` if that way is meant, else `directed: "
            "false`"
        )
