"""GateSet: the contract of plugins that define gates, and the placement of gates on qubits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar, TypeVar

from pydantic import Field, ValidationInfo, field_validator

from qframe.circuits.gates import Gate, check_names
from qframe.circuits.instructions import MAX_QUBITS, Instruction, InstructionSet, check_gates
from qframe.circuits.operations import OperationTable
from qframe.contracts.coupling import COUPLING, Coupling, CouplingMap, Grid
from qframe.contracts.plugin import Plugin, PluginOptions
from qframe.errors import ConfigError


class GateSetOptions(PluginOptions):
    """Options of a gate set that has no `Options` of its own."""

    qubits: int = Field(1, ge=1, le=MAX_QUBITS, description="qubits of the register")
    gates: list[str] | None = Field(
        None,
        min_length=1,
        description="names of the gates to use, in code order; the gate set's choice if left out",
    )
    coupling: Coupling = Field("all", description=COUPLING)

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

        The order is that of the gates, then the lexicographic order of the tuples. A placement
        that does what an earlier one does (`cz 1 0` after `cz 0 1`) is left out. Matrices are
        compared within 1e-12.

        Raises:
            ConfigError: a gate does on all its placements what other gates do; names both.
        """
        qubits = self.options.qubits
        chosen = self.chosen()
        check_gates(chosen)
        coupled = CouplingMap.of(self.options.coupling, qubits)
        known: OperationTable[Instruction] = OperationTable()
        placed: list[Instruction] = []
        for gate in chosen:
            placed += sorted(_new_placements(gate, coupled.placements(gate, qubits), known))
        return InstructionSet(qubits, chosen, tuple(placed))

    def chosen(self) -> tuple[Gate, ...]:
        """The gates in use, in code order: those that the YAML names, or the default.

        Raises:
            ConfigError: the gate set has no gate of that name or two of them, or the register is
                too small for it.
        """
        gates = self.gates()
        check_names(gates)
        offered = {gate.name: gate for gate in gates}
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


def _new_placements(
    gate: Gate, placements: Iterator[tuple[int, ...]], known: OperationTable[Instruction]
) -> list[Instruction]:
    """The placements of a gate that do what no instruction in `known` does; they are added to it.

    Raises:
        ConfigError: there are placements, and other gates do what each of them does.
    """
    new: list[Instruction] = []
    repeated: tuple[Instruction, Instruction] | None = None
    for on in placements:
        placed = Instruction(gate.name, on)
        first = known.first(gate.matrix, on, placed)
        if first is None:
            new.append(placed)
        elif repeated is None:
            repeated = (placed, first)
    if repeated is not None and not new:
        placed, first = repeated
        raise ConfigError(
            f"gates {first.gate!r} and {gate.name!r} are one gate: {placed} does what {first} does",
            hint="leave one of them out",
        )
    return new
