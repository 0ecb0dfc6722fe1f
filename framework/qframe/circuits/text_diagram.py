"""Text diagrams: a circuit as wires, and a matrix as aligned numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from qframe.circuits.instructions import Instruction

DiagramColumn = tuple[str, ...]
"""One column of a diagram: a text for each wire, all of the same width."""

Controls = Mapping[str, Sequence[bool]]
"""For each gate, by name, which of its qubits are controls."""


def draw_circuit(
    circuit: Sequence[Instruction], qubits: int, width: int = 100, controls: Controls | None = None
) -> str:
    """The circuit as wires from left to right, one line per qubit, wrapped at `width` characters.

    Gates that act on different qubits share a column. A gate on several qubits shows its name on
    its last qubit. Its other qubits show a mark; if there are several, the mark says their order.

    Args:
        circuit: the instructions, in circuit order.
        qubits: number of qubits of the register.
        width: largest number of characters in a line.
        controls: which qubits of each gate are controls; their mark is another.
    """
    columns = [_column(layer, qubits, controls or {}) for layer in _layers(circuit, qubits)]
    lines: list[str] = []
    part: list[str] = _wires(qubits)
    for cells in columns:
        if len(part[0]) + len(cells[0]) > width and len(part[0]) > len(_wires(qubits)[0]):
            lines += [*part, ""]
            part = _wires(qubits)
        part = [wire + cell for wire, cell in zip(part, cells, strict=True)]
    return "\n".join([*lines, *(wire + "─" for wire in part)])


def _wires(qubits: int) -> list[str]:
    return [f"q{qubit}: ─" for qubit in range(qubits)]


def _layers(circuit: Sequence[Instruction], qubits: int) -> list[list[Instruction]]:
    """The gates in layers, each as early as its wires and the wires that it crosses allow."""
    free = [0] * qubits
    layers: list[list[Instruction]] = []
    for instruction in circuit:
        span = range(min(instruction.qubits), max(instruction.qubits) + 1)
        layer = max(free[q] for q in span)
        if layer == len(layers):
            layers.append([])
        layers[layer].append(instruction)
        for q in span:
            free[q] = layer + 1
    return layers


def _column(layer: Sequence[Instruction], qubits: int, controls: Controls) -> DiagramColumn:
    texts = ["─"] * qubits
    for gate, on in layer:
        for q in range(min(on), max(on) + 1):
            texts[q] = "│"
        for order, q in enumerate(on):
            is_control = bool(controls.get(gate, [False] * len(on))[order])
            last = order == len(on) - 1
            texts[q] = f"[{gate}]" if last else _first_mark(is_control, order, len(on))
    widest = max(len(text) for text in texts)
    return tuple(text.center(widest, "─") + "─" for text in texts)


def _first_mark(is_control: bool, order: int, count: int) -> str:
    """`●` for a control, else `○`, or the place among the gate's qubits if it has more than two."""
    if is_control:
        return "●"
    return f"({order})" if count > 2 else "○"


def draw_matrix(matrix: NDArray[Any]) -> str:
    """A complex matrix as text: aligned columns, six decimals, a dot for zero."""
    rows = [[_number(complex(entry)) for entry in row] for row in matrix]
    width = max(len(text) for row in rows for text in row)
    return "\n".join("  " + "  ".join(text.rjust(width) for text in row) for row in rows)


def _number(value: complex) -> str:
    re, im = (0.0 if abs(part) < 5e-7 else part for part in (value.real, value.imag))
    if not re and not im:
        return "·"
    if not im:
        return f"{re:.6f}"
    if not re:
        return f"{im:.6f}i"
    return f"{re:.6f}{im:+.6f}i"
