"""`qframe show`: draws one circuit and prints its unitary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qframe.cli.local_code import open_data
from qframe.cli.options import DataPath, json_option, local_option, storage_option
from qframe.cli.output import echo, echo_block, echo_json

if TYPE_CHECKING:
    from qframe.dataset.records import Record


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("data", type=DataPath())
@click.argument("index", type=int)
@click.option("--set", "set_", multiple=True, metavar="KEY=VALUE", help="Set a key of the config.")
@storage_option
@local_option
@json_option
def show(
    data: Path, storage: str | None, local: bool, index: int, set_: tuple[str, ...], as_json: bool
) -> None:
    """Draw circuit INDEX of a dataset or config and print its unitary. -1 is the last record.

    \b
    qframe show data/clifford_t.db 0
    qframe show configs/clifford_t.yaml 123456789 --json
    """
    from qframe.circuits.standard_gates import controls_of
    from qframe.circuits.text_diagram import draw_circuit, draw_matrix

    with open_data(data, set_, local=local, storage=storage) as dataset:
        try:
            record = dataset[index]
        except IndexError:
            raise click.BadParameter(
                f"{index} is out of range: {data} has {len(dataset):,} records", param_hint="INDEX"
            ) from None
        instructions = dataset.recipe.instructions
    if as_json:
        echo_json(_data(record))
        return
    if record.has_circuit:
        gates = len(record.circuit)
        echo(f"record {record.index:,}: {gates} gates (the left one acts first)")
        echo()
        controls = {gate.name: controls_of(gate.matrix) for gate in instructions.gates}
        echo_block(draw_circuit(record.circuit, instructions.qubits, _width(), controls))
    else:
        echo(f"record {record.index:,}: circuits are not stored; `qframe show CONFIG` has it")
    echo_block("\nunitary (row and column: qubit 0 is the least significant bit)\n")
    echo_block(draw_matrix(record.unitary))
    for name, value in record.extra.items():
        echo(f"{name}: {value}")


def _width() -> int:
    import shutil

    return shutil.get_terminal_size((100, 24)).columns


def _data(record: Record) -> dict[str, object]:
    circuit = {
        "circuit": [[i.gate, *i.qubits] for i in record.circuit] if record.has_circuit else None,
        "codes": record.codes.tolist() if record.has_circuit else None,
    }
    return {
        "index": record.index,
        **circuit,
        "unitary": [[[z.real, z.imag] for z in row] for row in record.unitary.tolist()],
        **{name: value.tolist() for name, value in record.extra.items()},
    }
