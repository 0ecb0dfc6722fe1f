"""The user's own gates, as data in the YAML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema, field_validator

from qframe import ConfigError, Gate, GateSet, GateSetOptions, hookimpl
from qframe_plugins.gate_sets.expression import evaluate


def _readable(entry: float | str) -> float | str:
    """Refuses an expression that has no value, where it stands in the YAML."""
    _number(entry)
    return entry


def _number(entry: float | str) -> complex:
    return evaluate(entry) if isinstance(entry, str) else complex(entry)


def _identifier(name: str) -> str:
    if not re.fullmatch(_NAME, name):
        raise ConfigError(
            f"{name!r} is not a gate name, want letters, digits and _, at most 60, no digit first"
        )
    return name


_NAME = "[A-Za-z_][A-Za-z0-9_]{0,59}"

Name = Annotated[
    str,
    AfterValidator(_identifier),
    WithJsonSchema({"type": "string", "pattern": f"^{_NAME}$"}),
]
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
    matrix's indices. Expressions hold numbers, `+ - * / **`, `i`, `pi`, `tau`, `e`, `sqrt`, `exp`,
    `cos` and `sin`. Prefer `(1+i)/sqrt(2)` to `exp(i*pi/4)`: the last bit of `exp`, `cos` and `sin`
    may differ between machines, and then so does the recipe id.
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
