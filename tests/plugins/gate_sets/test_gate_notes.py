"""What qframe says about gates that are allowed and may not be what was meant."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

import qframe
from qframe.config.load import load_config
from qframe.runs.plan import plan

Config = Callable[..., Path]
Cli = Callable[..., Any]
Matrix = NDArray[Any]

ONE, X = np.eye(2), np.array([[0, 1], [1, 0]])
Y, Z = np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])
H = (X + Z) / np.sqrt(2)
P0, P1 = np.diag([1, 0]), np.diag([0, 1])
SX = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
RZ = np.diag([np.exp(-0.3j), np.exp(0.3j)])


def textbook(*factors: Matrix) -> Matrix:
    """The Kronecker product as it is written: the first qubit is the most significant bit."""
    return reduce(np.kron, factors)


def controlled(gate: Matrix) -> Matrix:
    """The textbook's: the first qubit is the control."""
    return textbook(P0, ONE) + textbook(P1, gate)


SWAP: Matrix = np.sum([textbook(p, p) for p in (ONE, X, Y, Z)], axis=0) / 2
CCX = textbook(P0, ONE, ONE) + textbook(P1, controlled(X))
CSWAP = textbook(P0, ONE, ONE) + textbook(P1, SWAP)
ECR = textbook(X, ONE) - textbook(Y, X)  # Qiskit: (IX - XY)/sqrt(2), first qubit on the right

TEXTBOOK: dict[str, Matrix] = {
    "cx": controlled(X),
    "CNOT": controlled(X),
    "cy": controlled(Y),
    "ch": controlled(H),
    "csx": controlled(SX),
    "ccx": CCX,
    "toffoli": CCX,
    "cswap": CSWAP,
    "Fredkin": CSWAP,
    "ecr": ECR / np.sqrt(2),
    "crz_1": controlled(RZ),
    "crx": controlled(H @ RZ @ H),
    "cccx": textbook(P0, *[ONE] * 3) + textbook(P1, CCX),
}
SYMMETRIC: dict[str, Matrix] = {
    "cz": controlled(Z),
    "cs": controlled(np.diag([1, 1j])),
    "swap": SWAP,
}


def qiskit_order(matrix: Matrix) -> Matrix:
    """The matrix with its qubits in reversed order, by a transposition of its axes."""
    k = len(matrix).bit_length() - 1
    axes = [*range(k)[::-1], *range(k, 2 * k)[::-1]]
    return matrix.reshape([2] * 2 * k).transpose(axes).reshape(matrix.shape)


def folder(tmp_path: Path, **gates: Matrix) -> str:
    (tmp_path / "g").mkdir(exist_ok=True)
    for name, matrix in gates.items():
        np.save(tmp_path / "g" / f"{name}.npy", np.asarray(matrix, dtype=complex))
    return "g"


def warnings_of(path: Path) -> list[str]:
    return [*plan(load_config(path)).notes]


# ---- the order of qubits


@pytest.mark.parametrize("name", TEXTBOOK)
def test_a_well_known_gate_in_textbook_order_is_warned_of(
    name: str, tmp_path: Path, config: Config
) -> None:
    matrix = TEXTBOOK[name]
    qubits = len(matrix).bit_length() - 1
    gate_set = {
        "plugin": "matrices",
        "qubits": qubits,
        "folder": folder(tmp_path, **{name: matrix}),
    }
    [note] = warnings_of(config(gate_set=gate_set))
    assert f"gate {name!r}: its matrix has the qubits of that gate in reversed order" in note
    assert "qubit_order: big" in note
    assert note.startswith(str(tmp_path / "small.yaml:"))
    assert warnings_of(config(gate_set={**gate_set, "qubit_order": "big"})) == []
    np.save(tmp_path / "g" / f"{name}.npy", qiskit_order(matrix))
    assert warnings_of(config(gate_set=gate_set)) == []


def test_a_symmetric_gate_has_no_order(tmp_path: Path, config: Config) -> None:
    gate_set = {"plugin": "matrices", "qubits": 2, "folder": folder(tmp_path, **SYMMETRIC)}
    assert warnings_of(config(gate_set=gate_set)) == []


def test_big_files_are_the_textbooks_gates_and_the_same_dataset_as_little_ones(
    tmp_path: Path, config: Config
) -> None:
    big = folder(tmp_path, cx=controlled(X), ccx=CCX, ch=controlled(H))
    (tmp_path / "little").mkdir()
    for name, matrix in {"cx": controlled(X), "ccx": CCX, "ch": controlled(H)}.items():
        np.save(tmp_path / "little" / f"{name}.npy", qiskit_order(matrix))
    rest = {"plugin": "matrices", "qubits": 3}
    with (
        qframe.open(config(gate_set={**rest, "folder": big, "qubit_order": "big"})) as one,
        qframe.open(config("other.yaml", gate_set={**rest, "folder": "little"})) as other,
    ):
        assert one.recipe.id == other.recipe.id
        placed = one.recipe.instructions
        # Qubit 0 is the last factor: `cx 0 2` has its control there.
        want = textbook(ONE, ONE, P0) + textbook(X, ONE, P1)
        assert np.abs(placed.matrices[_code(placed, "cx 0 2")] - want).max() < 1e-15
        flips = textbook(X, P1, P1)
        want = np.eye(8) - textbook(ONE, P1, P1) + flips
        assert np.abs(placed.matrices[_code(placed, "ccx 0 1 2")] - want).max() < 1e-15


def test_inline_matrices_have_an_order_too(config: Config) -> None:
    rows = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    gate_set = {"plugin": "matrices", "qubits": 2, "gates": {"cx": rows}, "qubit_order": "big"}
    with qframe.open(config(gate_set=gate_set)) as ds:
        cx = ds.recipe.instructions.gate_by_name["cx"].matrix
    assert (cx == textbook(ONE, P0) + textbook(X, P1)).all()


def _code(instructions: qframe.InstructionSet, text: str) -> int:
    return [str(placed) for placed in instructions.instructions].index(text)


# ---- other notes


def test_a_name_that_is_not_its_gate_is_said(config: Config) -> None:
    gate_set = {"plugin": "matrices", "gates": {"t": Z.tolist(), "H": X.tolist()}}
    notes = warnings_of(config(gate_set=gate_set))
    assert "gate 't' is not the standard gate t: up to a global phase, entries" in notes[0]
    assert "gate 'H' is not the standard gate h" in notes[1]


def test_gates_that_are_equal_up_to_a_phase_are_said(config: Config) -> None:
    gate_set = {"plugin": "ion_trap", "qubits": 1, "steps": 8}
    [note] = warnings_of(config(gate_set=gate_set))
    assert "gates 'gpi_0' and 'gpi_4', 'gpi_1' and 'gpi_5', 'gpi_2' and 'gpi_6', and 1 more" in note
    assert "equal up to a global phase" in note


def test_one_direction_in_a_plain_list_is_warned_of(config: Config) -> None:
    ibm = {"plugin": "ibm", "qubits": 3, "steps": 4}
    edges = [[1, 0], [1, 2]]
    [note] = warnings_of(config(gate_set={**ibm, "entangler": "ecr", "coupling": edges}))
    assert "gate_set.coupling: a list of edges has no directions, so ecr acts both ways" in note
    for same in (
        {"entangler": "cz", "coupling": edges},
        {"coupling": {"edges": edges, "directed": False}},
        {"coupling": {"edges": edges, "directed": True}},
        {"coupling": [[0, 1], [1, 0], [1, 2], [2, 1]]},
        {"coupling": "line"},
    ):
        assert warnings_of(config(gate_set={**ibm, **same})) == []


def test_a_gate_that_acts_nowhere_is_said(config: Config) -> None:
    gate_set = {"plugin": "clifford", "qubits": 2, "coupling": []}
    [note] = warnings_of(config(gate_set=gate_set))
    assert "gate 'cx' acts nowhere" in note


TALKATIVE = """
from qframe import Circuits, Gate, GateSet, Instruction, InstructionSet, Sampler
import numpy as np

class Mine(GateSet):
    name = "mine"

    def gates(self):
        return [Gate("cz", np.diag([1, 1, 1, -1]))]

    def instructions(self):
        placed = (Instruction("cz", (0, 1)), Instruction("cz", (1, 0)))
        return InstructionSet(2, tuple(self.gates()), placed)

    def notes(self):
        return ["the gates are\\n those of Tuesday"]
"""


def test_a_strangers_gate_set_has_notes_too_and_what_it_places_twice_is_said(
    config: Config, tmp_path: Path, qframe_main: Cli
) -> None:
    (tmp_path / "mine.py").write_text(TALKATIVE)
    path = config(records=10, gate_set="mine.py", labels=["t_count"])
    done = qframe_main("check", path)
    assert done.returncode == 0
    said = [line for line in done.stderr.splitlines() if not line.startswith("Running local code")]
    assert [line.partition("gate_set: ")[2] for line in said[:2]] == [
        "instruction cz 1 0 does what cz 0 1 does: it is drawn twice as often",
        "the gates are those of Tuesday",
    ]
    assert said[2].endswith(
        "labels: t_count can only be 0: no gate is T or its inverse up to a global phase"
    )
    assert all(line.startswith("Warning: ") for line in said)
    assert qframe_main("gates", path).stderr.splitlines()[1:] == said[:2]
    assert set(said) < set(qframe_main("run", path, "-q").stderr.splitlines())
    data = json.loads(qframe_main("check", path, "--json").stdout)
    assert [f"Warning: {note}" for note in data["notes"]] == said


@pytest.mark.parametrize(
    ("notes", "want"),
    [
        ('["one", "two\\n  lines"]', ["one", "two lines"]),
        ('"a text"', ["a text"]),
        ("[]", []),
    ],
)
def test_notes_are_lines_whatever_a_plugin_returns(
    notes: str, want: list[str], config: Config, tmp_path: Path
) -> None:
    body = f"    def notes(self):\n        return {notes}\n"
    (tmp_path / "mine.py").write_text(
        "from qframe_plugins.samplers.uniform import Uniform\n\n\n"
        f'class Mine(Uniform):\n    name = "mine"\n\n{body}'
    )
    said = warnings_of(config(sampler={"plugin": "mine.py", "length": 3}))
    assert [note.partition(": sampler: ")[2] for note in said] == want


def test_an_attribute_of_that_name_is_a_plugins_own(config: Config, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from qframe_plugins.samplers.uniform import Uniform\n\n\n"
        'class Mine(Uniform):\n    name = "mine"\n    notes = ("c", "d", "e")\n'
    )
    assert warnings_of(config(sampler={"plugin": "mine.py", "length": 3})) == []


def test_a_control_is_drawn_where_the_matrix_has_one(
    tmp_path: Path, config: Config, qframe_main: Cli
) -> None:
    gate_set = {"plugin": "matrices", "qubits": 2, "folder": folder(tmp_path, cx=controlled(X))}
    one_gate = {"plugin": "uniform", "length": 1}
    for order, mark in (("little", "○"), ("big", "●")):
        path = config(gate_set={**gate_set, "qubit_order": order}, sampler=one_gate)
        assert f"─{mark}─" in qframe_main("show", path, 0).stdout


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[3] / "configs").glob("*.yaml")), ids=lambda p: p.stem
)
def test_of_the_shipped_configs_only_ion_trap_has_a_note(path: Path) -> None:
    if yaml.safe_load(path.read_text()).get("gate_set") is None:
        return
    assert len(warnings_of(path)) == (path.stem == "ion_trap")
