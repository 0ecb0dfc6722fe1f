"""GateSet: the contract of plugins that define gates, and the placement of gates on qubits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import Field, ValidationInfo, field_validator

from qframe.circuits.gates import Gate
from qframe.circuits.instructions import MAX_QUBITS, Instruction, InstructionSet
from qframe.circuits.placement import widen
from qframe.contracts.plugin import Plugin, PluginOptions
from qframe.errors import ConfigError

Edge = Annotated[list[int], Field(min_length=2, max_length=2)]
"""A pair of qubits that are coupled."""


class Grid(PluginOptions):
    """A rectangle of qubits in which neighbours are coupled.

    Qubit `row * columns + column` is at (row, column).
    """

    rows: int = Field(ge=1, le=MAX_QUBITS)
    columns: int = Field(ge=1, le=MAX_QUBITS)


class GateSetOptions(PluginOptions):
    """Options of a gate set that has no `Options` of its own."""

    qubits: int = Field(1, ge=1, le=MAX_QUBITS, description="qubits of the register")
    gates: list[str] | None = Field(
        None,
        min_length=1,
        description="names of the gates to use, in code order; the gate set's choice if left out",
    )
    coupling: Literal["all", "line", "ring"] | Grid | list[Edge] = Field(
        "all",
        description="where gates on several qubits may act: all, line, ring, a grid "
        "{rows: R, columns: C} (numbered row by row), or a list of edges",
    )

    @field_validator("coupling")
    @classmethod
    def _fits(cls, coupling: object, info: ValidationInfo) -> object:
        qubits = info.data.get("qubits")  # missing where it is a mistake itself
        if isinstance(coupling, Grid) and qubits not in (None, coupling.rows * coupling.columns):
            raise ConfigError(
                f"a grid of {coupling.rows} x {coupling.columns} has "
                f"{coupling.rows * coupling.columns} qubits, the register has {qubits}",
                hint="rows times columns must be gate_set.qubits",
            )
        return coupling


O_co = TypeVar("O_co", bound=GateSetOptions, covariant=True)


class GateSet(Plugin[O_co], ABC):
    """Base of gate sets. A gate set defines gates; qframe places them on the qubits.

    YAML that selects it::

        gate_set: {plugin: NAME, qubits: 2, gates: [h, t, cx], coupling: line}

    A subclass writes `gates()`. The recipe identifies a gate set by the names and matrices of its
    gates, never by the name of the plugin.
    """

    Options: ClassVar[type[PluginOptions]] = GateSetOptions
    default: ClassVar[tuple[str, ...] | None] = None
    """Names of the gates that are used if the YAML names none; None: all.

    Gates on more qubits than the register has are then left out.
    """

    def __init__(self, options: O_co) -> None:
        self.options = options

    @abstractmethod
    def gates(self) -> Sequence[Gate]:
        """The gates that may be used, in code order.

        The matrix of a gate on k qubits is complex, `(2**k, 2**k)`; the gate's first qubit is the
        least significant bit of the index.
        """

    def instructions(self) -> InstructionSet:
        """The instructions, in code order: each chosen gate on every allowed tuple of qubits.

        The order is that of the gates, then the lexicographic order of the tuples. A placement with
        the same matrix as an earlier one of the same gate (`cz 1 0` after `cz 0 1`) is left out.
        """
        qubits = self.options.qubits
        chosen = self.chosen()
        placed = tuple(
            Instruction(gate.name, on) for gate in chosen for on in self._placements(gate, qubits)
        )
        return InstructionSet(qubits, chosen, placed)

    def chosen(self) -> tuple[Gate, ...]:
        """The gates in use, in code order: those that the YAML names, or the default.

        Raises:
            ConfigError: the gate set has no gate of that name, or the register is too small for it.
        """
        offered = {gate.name: gate for gate in self.gates()}
        if self.options.gates is None:
            names = self.default or tuple(offered)
            default = (offered[name] for name in names)
            return tuple(gate for gate in default if gate.qubits <= self.options.qubits)
        for name in self.options.gates:
            if name not in offered:
                raise ConfigError(
                    f"gate set {self.name!r} has no gate {name!r}, it has {', '.join(offered)}"
                )
            if offered[name].qubits > self.options.qubits:
                raise ConfigError(
                    f"gate {name!r} acts on {offered[name].qubits} qubits, the register has "
                    f"{self.options.qubits}",
                    hint="raise gate_set.qubits or leave the gate out",
                )
        return tuple(offered[name] for name in self.options.gates)

    def _placements(self, gate: Gate, qubits: int) -> Iterator[tuple[int, ...]]:
        """The tuples of coupled qubits on which the gate has different matrices."""
        edges = _edges(self.options.coupling, qubits)
        seen: set[bytes] = set()
        for on in permutations(range(qubits), gate.qubits):
            if not _connected(on, edges):
                continue
            matrix = widen(gate.matrix, on, qubits).tobytes()
            if matrix not in seen:
                seen.add(matrix)
                yield on


def _edges(coupling: str | Grid | list[Edge], qubits: int) -> set[frozenset[int]]:
    """The pairs of qubits that `coupling` couples."""
    if coupling == "all":
        return {frozenset((a, b)) for a in range(qubits) for b in range(a)}
    if isinstance(coupling, str):
        line = {frozenset((q, q + 1)) for q in range(qubits - 1)}
        return line | {frozenset((0, qubits - 1))} if coupling == "ring" else line
    if isinstance(coupling, Grid):
        across = {frozenset((q, q + 1)) for q in range(qubits) if (q + 1) % coupling.columns}
        down = range(qubits - coupling.columns)
        return across | {frozenset((q, q + coupling.columns)) for q in down}
    for a, b in coupling:
        if a == b or not (0 <= a < qubits and 0 <= b < qubits):
            raise ConfigError(
                f"coupling edge [{a}, {b}]: want two different qubits of 0..{qubits - 1}"
            )
    return {frozenset(edge) for edge in coupling}


def _connected(on: tuple[int, ...], edges: set[frozenset[int]]) -> bool:
    """Whether edges between the qubits `on` join all of them."""
    reached, frontier = {on[0]}, [on[0]]
    while frontier:
        qubit = frontier.pop()
        new = [q for q in on if q not in reached and frozenset((qubit, q)) in edges]
        reached.update(new)
        frontier += new
    return len(reached) == len(on)
