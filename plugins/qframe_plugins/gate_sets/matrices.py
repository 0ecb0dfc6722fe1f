"""The user's own gates, as data in the YAML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator

from qframe import ConfigError, Gate, GateSet, GateSetOptions, hookimpl
from qframe_plugins.gate_sets.expression import evaluate


def _readable(entry: float | str) -> float | str:
    """Refuses an expression that has no value, where it stands in the YAML."""
    _number(entry)
    return entry


def _number(entry: float | str) -> complex:
    return evaluate(entry) if isinstance(entry, str) else complex(entry)


Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=60)]
Entry = Annotated[float | str, AfterValidator(_readable)]
Matrix = Annotated[list[list[Entry]], Field(min_length=2)]


class MatricesOptions(GateSetOptions):
    """Options of `matrices`: here `gates` holds the gates themselves."""

    # The base's `gates` is a list of names; a mapping is one too where it is only iterated.
    gates: dict[Name, Matrix] = Field(  # type: ignore[assignment]
        min_length=1,
        description="name: matrix, in code order; rows of numbers or expressions like 1/sqrt(2)",
    )

    @field_validator("gates")
    @classmethod
    def _unitary(cls, gates: dict[str, Any]) -> dict[str, Any]:
        """Makes each gate once, so that a mistake is reported with its place in the file."""
        for name, rows in gates.items():
            _gate(name, rows)
        return gates


class Matrices(GateSet[MatricesOptions]):
    """Gates given as matrices of numbers or expressions, checked to be unitary.

    YAML that selects it::

        gate_set:
          plugin: matrices
          qubits: 1
          gates:
            v3: [["(1+2*i)/sqrt(5)", 0], [0, "(1-2*i)/sqrt(5)"]]
            t: [[1, 0], [0, "exp(i*pi/4)"]]

    Codes follow the order of the names. A gate's first qubit is the least significant bit of its
    matrix's indices. What expressions may hold, and why `sqrt` is better than `exp` across
    machines: `qframe_plugins.gate_sets.expression`.
    """

    name = "matrices"
    Options = MatricesOptions

    def gates(self) -> Sequence[Gate]:
        matrices: dict[str, Any] = dict(self.options.gates)
        return [_gate(name, rows) for name, rows in matrices.items()]


def _gate(name: str, rows: Sequence[Sequence[float | str]]) -> Gate:
    values: list[list[complex]] = []
    for r, row in enumerate(rows, 1):
        if len(row) != len(rows):
            raise ConfigError(
                f"gate {name!r}: row {r} has {len(row)} entries, want {len(rows)}: "
                "as many as there are rows"
            )
        values.append([_entry(name, r, c, entry) for c, entry in enumerate(row, 1)])
    return Gate(name, values)


def _entry(name: str, row: int, column: int, entry: float | str) -> complex:
    try:
        return _number(entry)
    except ConfigError as cause:
        where = f"gate {name!r}, row {row}, column {column}"
        raise ConfigError(f"{where}: {cause.message}", hint=cause.hint) from None


@hookimpl
def qframe_gate_sets() -> list[type[GateSet[Any]]]:
    return [Matrices]
