"""`qframe gates`: prints the gates of a config and analyses them as a group."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qframe.cli.local_code import load
from qframe.cli.notes import show_notes
from qframe.cli.options import config_argument, json_option, local_option
from qframe.cli.output import echo_block, echo_json

if TYPE_CHECKING:
    from qframe.analysis.gate_group import Analysis
    from qframe.circuits.instructions import InstructionSet

SHOWN = 24
"""Largest number of entries of a list that the text shows; JSON has all of them."""


@click.command()
@config_argument
@click.option("--set", "set_", multiple=True, metavar="KEY=VALUE", help="Set a key of the config.")
@local_option
@json_option
def gates(config: Path, set_: tuple[str, ...], local: bool, as_json: bool) -> None:
    """Print the gates of CONFIG: matrices, codes, inverses, orders and the size of the group.

    \b
    qframe gates configs/fibonacci.yaml
    qframe gates configs/clifford_line.yaml --set gate_set.qubits=2 --json

    Inverses, duplicates, orders and the group ignore a global phase and differences below 1e-8.
    """
    from qframe.analysis.gate_group import analyse
    from qframe.config.notes import notes_on_gates
    from qframe.config.to_recipe import make_gates

    loaded = load(config, list(set_), local)
    made = make_gates(loaded)
    instructions = made.instructions
    show_notes(notes_on_gates(loaded, made))
    found = analyse(instructions)
    if as_json:
        echo_json({**instructions.to_data(), **found.to_data()})
        return
    for line in [*_matrices(instructions), "", *_findings(instructions, found)]:
        echo_block(line)


def _matrices(instructions: InstructionSet) -> list[str]:
    from qframe.circuits.text_diagram import draw_matrix

    count, qubits = len(instructions), instructions.qubits
    lines = [f"{count} instructions on {qubits} qubit{'s' * (qubits > 1)}"]
    for gate in instructions.gates:
        placed = [
            f"{code}: {instruction}"
            for code, instruction in enumerate(instructions.instructions)
            if instruction.gate == gate.name
        ]
        lines += ["", f"{gate.name}   (code: gate qubits) {_listed(placed)}"]
        lines.append(draw_matrix(gate.matrix))
    return lines


def _findings(instructions: InstructionSet, found: Analysis) -> list[str]:
    names = [str(placed) for placed in instructions.instructions]
    facts: dict[str, Any] = {
        "inverses": _inverses(names, found),
        "duplicates": _listed([" = ".join(names[c] for c in s) for s in found.duplicates])
        or "none",
        "identity": _listed([names[code] for code in found.identities]),
        "orders": _orders(instructions, found),
        "group": _group(found),
        "ring": _ring(instructions),
        "commute": _pairs(names, found.commuting) or "no two that share a qubit",
        "anticommute": _pairs(names, found.anticommuting),
        "ABA = BAB": _pairs(names, found.braids),
    }
    if not found.all_pairs:
        facts["pairs"] = "too many instructions: only the first were tried"
    return [f"{name:<12} {value}" for name, value in facts.items() if value]


def _ring(instructions: InstructionSet) -> str:
    """The ring in which products are exact (`arithmetic: exact`)."""
    exact = instructions.exact
    return "none: keys by tolerance" if exact is None else exact[0].ring.name


def _inverses(names: Sequence[str], found: Analysis) -> str:
    if not found.lacking_inverse:
        return "all in the set, up to phase"
    return f"missing for {_listed([names[code] for code in found.lacking_inverse])}"


def _orders(instructions: InstructionSet, found: Analysis) -> str:
    of_gate = {
        placed.gate: order
        for placed, order in zip(instructions.instructions, found.orders, strict=True)
    }
    return _listed([f"{gate} {order or 'infinite or large'}" for gate, order in of_gate.items()])


def _group(found: Analysis) -> str:
    growth = found.growth
    if growth.complete:
        longest = len(growth.by_length) - 1
        return f"finite: {growth.elements:,} elements up to phase, words to length {longest}"
    return (
        f"infinite or large: {growth.elements:,} elements up to phase "
        f"by words to length {len(growth.by_length) - 1}"
    )


def _pairs(names: Sequence[str], pairs: Sequence[tuple[int, int]]) -> str:
    return _listed([f"({names[one]}, {names[two]})" for one, two in pairs])


def _listed(items: Sequence[str]) -> str:
    more = f", ... {len(items) - SHOWN:,} more (--json has all)" if len(items) > SHOWN else ""
    return ", ".join(items[:SHOWN]) + more
