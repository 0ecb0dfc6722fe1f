"""Gate set `matrices`: the user's own gates, as matrices in the YAML or in files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    AfterValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from qframe import ConfigError, Gate, GateSet, GateSetOptions, hookimpl
from qframe_plugins.gate_sets._gates.expression import evaluate
from qframe_plugins.gate_sets._gates.matrix_files import GATE_NAME, read_folder


def _readable(entry: float | str) -> float | str:
    """Refuses an expression without a value, so that the error names its place in the YAML."""
    _number(entry)
    return entry


def _number(entry: float | str) -> complex:
    return evaluate(entry) if isinstance(entry, str) else complex(entry)


def _identifier(name: str) -> str:
    if not re.fullmatch(GATE_NAME, name):
        raise ConfigError(
            f"{name!r} is not a gate name, want letters, digits and _, at most 60, no digit first"
        )
    return name


Name = Annotated[
    str,
    AfterValidator(_identifier),
    WithJsonSchema({"type": "string", "pattern": f"^{GATE_NAME}$"}),
]
Entry = Annotated[float | str, AfterValidator(_readable)]
MatrixRows = Annotated[list[list[Entry]], Field(min_length=2)]


class MatricesOptions(GateSetOptions):
    """Options of `matrices`: either `gates` holds the matrices, or `folder` holds files of them."""

    folder: str | None = Field(
        None,
        min_length=1,
        description="directory of NAME.txt (np.savetxt of a complex matrix) or NAME.npy files, "
        "relative to the directory of the YAML",
    )
    files: list[Name] | None = Field(
        None,
        min_length=1,
        description="names of gates of the folder, in the order of the codes; all if left out",
    )
    # The base's `gates` is a list of names; iterating a mapping gives such a list, too.
    gates: dict[Name, MatrixRows] | None = Field(  # type: ignore[assignment]
        None,
        min_length=1,
        description="name: matrix, in the order of the codes; rows of numbers or expressions "
        "like 1/sqrt(2)",
    )

    qubit_order: Literal["little", "big"] = Field(
        "little",
        description="which qubit of a gate is the least significant bit of its matrix: little: the "
        "first (Qiskit); big: the last (textbooks, Cirq, PennyLane)",
    )

    @field_validator("folder")
    @classmethod
    def _from_the_yaml(cls, folder: str | None, info: ValidationInfo) -> str | None:
        """Makes the path absolute, and reads the files, so that an error names this option."""
        if folder is None:
            return None
        path = Path((info.context or {}).get("base", "."), folder).absolute()
        read_folder(path)
        return str(path)

    @field_validator("gates")
    @classmethod
    def _unitary(cls, gates: dict[str, Any] | None) -> dict[str, Any] | None:
        """Makes each gate once, so that an error names its place in the YAML."""
        for name, rows in (gates or {}).items():
            _gate(name, rows)
        return gates

    @model_validator(mode="after")
    def _one_source(self) -> MatricesOptions:
        if (self.folder is None) == (self.gates is None):
            raise ConfigError(
                "want either `gates` or `folder`",
                hint="write `gates: {NAME: [[...], ...]}`, or `folder: DIRECTORY` of matrix files",
            )
        if self.files is not None and self.folder is None:
            raise ConfigError("`files` names gates of a `folder`, and there is none")
        return self


class Matrices(GateSet[MatricesOptions]):
    """Gates given as matrices in the YAML or in files, checked to be unitary.

    YAML that selects it::

        gate_set:
          plugin: matrices
          qubits: 1
          gates:
            v3: [["(1+2*i)/sqrt(5)", 0], [0, "(1-2*i)/sqrt(5)"]]
            t: [[1, 0], [0, "exp(i*pi/4)"]]

    or, with files `my_gates/v3.txt` and `my_gates/t.npy` beside the YAML::

        gate_set: {plugin: matrices, folder: my_gates, files: [v3, t]}

    Codes follow the order in which the gates are written; the gates of a folder are sorted by name,
    unless `files` gives their order. A gate's first qubit is the least significant bit of its
    matrix's indices, as in Qiskit. With `qubit_order: big` it is the most significant one, as in
    textbooks, Cirq and PennyLane, where the control of cx is the first qubit of
    `[[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]`. The recipe holds the matrices in
    qframe's order, so both ways to write a gate give the same dataset.

    Expressions consist of numbers, `+ - * / **`, `i`, `pi`, `tau`, `e`, `sqrt`, `exp`, `cos` and
    `sin`. Prefer `(1+i)/sqrt(2)` to `exp(i*pi/4)`: the last bit of `exp`, `cos` and `sin` may
    differ between machines, and then the recipe id does, too.

    Files are NAME.txt, as `np.savetxt` writes a complex matrix, or NAME.npy. Hidden files and
    `*.md` are ignored; any other file is an error.
    """

    name = "matrices"
    Options = MatricesOptions

    def gates(self) -> Sequence[Gate]:
        gates = self._as_written()
        return gates if self.options.qubit_order == "little" else [*map(_reversed, gates)]

    def _as_written(self) -> Sequence[Gate]:
        """The gates with the matrices that the YAML or the files hold."""
        if self.options.folder is not None:
            return self._from_files(Path(self.options.folder))
        matrices: dict[str, Any] = dict(self.options.gates or {})
        return [_gate(name, rows) for name, rows in matrices.items()]

    def _from_files(self, folder: Path) -> Sequence[Gate]:
        offered = {gate.name: gate for gate in read_folder(folder)}
        for name in self.options.files or ():
            if name not in offered:
                raise ConfigError(
                    f"folder {folder} has no gate {name!r}, it has {', '.join(offered)}"
                )
        return [offered[name] for name in self.options.files or offered]


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


def _reversed(gate: Gate) -> Gate:
    """The gate whose matrix has the qubits of this one in reversed order: bits are reversed."""
    digits = [f"{index:0{gate.qubits}b}" for index in range(1 << gate.qubits)]
    place = [int(binary[::-1], 2) for binary in digits]
    return Gate(gate.name, gate.matrix[np.ix_(place, place)])


def _entry(name: str, row: int, column: int, entry: float | str) -> complex:
    try:
        return _number(entry)
    except ConfigError as cause:
        where = f"gate {name!r}, row {row}, column {column}"
        raise ConfigError(f"{where}: {cause.message}", hint=cause.hint) from None


@hookimpl
def qframe_gate_sets() -> list[type[GateSet[Any]]]:
    return [Matrices]
