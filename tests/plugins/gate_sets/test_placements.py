"""Which operations a gate set holds: each once, along the coupling's directions, by tolerance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import qframe
from qframe import ConfigError, Coupling, CouplingMap, Gate, GateSet, GateSetOptions, InstructionSet
from qframe_plugins.gate_sets.clifford_ccz import CliffordCcz
from qframe_plugins.gate_sets.ibm import Ibm
from qframe_plugins.gate_sets.ion_trap import IonTrap

Matrix = NDArray[np.complex128]

CX = np.eye(4)[[0, 3, 2, 1]]
CZ = np.diag([1, 1, 1, -1])
CCX = np.eye(8)[[0, 1, 2, 7, 4, 5, 6, 3]]


def made(gates: Sequence[Gate], qubits: int, coupling: Any = "all") -> list[str]:
    """The instructions of a gate set with these gates."""

    class Mine(GateSet[GateSetOptions]):
        name = "mine"

        def gates(self) -> Sequence[Gate]:
            return gates

    options = GateSetOptions.model_validate({"qubits": qubits, "coupling": coupling})
    return [str(placed) for placed in Mine(options).instructions().instructions]


def on_register(matrix: Matrix, on: Sequence[int], qubits: int) -> Matrix:
    """The gate on the whole register, entry by entry, by the definition."""
    size = 1 << qubits
    wide = np.zeros((size, size), dtype=np.complex128)
    for row in range(size):
        for column in range(size):
            if all((row ^ column) >> q & 1 == 0 for q in range(qubits) if q not in on):
                r = sum((row >> q & 1) << bit for bit, q in enumerate(on))
                c = sum((column >> q & 1) << bit for bit, q in enumerate(on))
                wide[row, column] = matrix[r, c]
    return wide


def distinct(instructions: InstructionSet) -> int:
    """How many operations differ by more than the tolerance, all pairs compared."""
    wide: list[Matrix] = []
    for placed in instructions.instructions:
        matrix = instructions.gate_by_name[placed.gate].matrix
        one = on_register(matrix, placed.qubits, instructions.qubits)
        if all(np.abs(one - other).max() > 1e-12 for other in wide):
            wide.append(one)
    return len(wide)


def shaken(matrix: Any, seed: int) -> Matrix:
    """The matrix with other last bits, and still unitary to 1e-12."""
    random = np.random.default_rng(seed)
    noise = random.uniform(-1, 1, np.shape(matrix)) * 2e-16
    moved: Matrix = np.asarray(matrix, dtype=np.complex128) * (1 + noise) + noise
    return moved


# ---- directions


def test_a_plain_list_has_no_directions() -> None:
    assert made([Gate("cx", CX)], 3, [[1, 0], [1, 2]]) == ["cx 0 1", "cx 1 0", "cx 1 2", "cx 2 1"]


def test_a_directed_gate_acts_along_the_listed_pairs_alone() -> None:
    edges = {"edges": [[1, 0], [1, 2]], "directed": True}
    assert made([Gate("cx", CX)], 3, edges) == ["cx 1 0", "cx 1 2"]
    assert made([Gate("cx", CX)], 3, {**edges, "directed": False}) == [
        *("cx 0 1", "cx 1 0", "cx 1 2", "cx 2 1")
    ]
    both = {"edges": [[0, 1], [1, 0]], "directed": True}
    assert made([Gate("cx", CX)], 2, both) == ["cx 0 1", "cx 1 0"]


def test_a_symmetric_gate_needs_one_placement_and_takes_the_listed_one() -> None:
    edges = {"edges": [[1, 0], [1, 2]], "directed": True}
    assert made([Gate("cz", CZ)], 3, edges) == ["cz 1 0", "cz 1 2"]
    assert made([Gate("cz", shaken(CZ, 3))], 3, edges) == ["cz 1 0", "cz 1 2"]


def test_on_three_qubits_the_pairs_that_may_not_be_exchanged_follow_the_directions() -> None:
    """The controls of ccx may be exchanged; each coupled control comes before the target."""
    to_target = {"edges": [[0, 2], [1, 2]], "directed": True}
    assert made([Gate("ccx", CCX)], 3, to_target) == ["ccx 0 1 2"]
    chain = {"edges": [[0, 1], [1, 2]], "directed": True}
    assert made([Gate("ccx", CCX)], 3, chain) == ["ccx 0 1 2"]
    assert made([Gate("ccz", np.diag([1.0] * 7 + [-1]))], 3, chain) == ["ccz 0 1 2"]
    assert made([Gate("ccz", np.diag([1.0] * 7 + [-1]))], 3, to_target) == ["ccz 0 1 2"]


def test_directions_reach_the_circuits(config: Callable[..., Path]) -> None:
    coupling = {"edges": [[1, 0], [1, 2]], "directed": True}
    gate_set = {"plugin": "ibm", "qubits": 3, "steps": 4, "entangler": "ecr", "coupling": coupling}
    with qframe.open(config(records=500, gate_set=gate_set)) as ds:
        pairs = Counter(i.qubits for r in ds for i in r.circuit if i.gate == "ecr")
        assert set(pairs) == {(1, 0), (1, 2)}
        ecr = ds.recipe.instructions.gate_by_name["ecr"].matrix
        placed = [i for i in ds.recipe.instructions.instructions if i.gate == "ecr"]
        wide = ds.recipe.instructions.matrices[-2:]
        assert np.abs(wide[0] - on_register(ecr, placed[0].qubits, 3)).max() < 1e-15


def test_an_edge_beside_the_register_is_refused() -> None:
    for coupling in ([[0, 3]], {"edges": [[0, 3]], "directed": True}):
        with pytest.raises(ConfigError, match=r"edge \[0, 3\]: want two different qubits of 0..2"):
            made([Gate("cx", CX)], 3, coupling)


def test_a_strangers_options_have_the_same_type() -> None:
    class Options(qframe.PluginOptions):
        pairs: Coupling = "line"

    options = Options.model_validate({"pairs": {"edges": [[2, 0]], "directed": True}})
    coupled = CouplingMap.of(options.pairs, 3)
    assert [*coupled.placements(Gate("cx", CX), 3)] == [(2, 0)]
    assert CouplingMap.of(Options().pairs, 3).pairs == {(0, 1), (1, 0), (1, 2), (2, 1)}


# ---- each operation once


@pytest.mark.parametrize("seed", range(3))
def test_symmetry_is_seen_through_the_last_bits(seed: int) -> None:
    ccz, ccx = shaken(np.diag([1.0] * 7 + [-1]), seed), shaken(CCX, seed)
    assert made([Gate("cz", shaken(CZ, seed))], 3) == ["cz 0 1", "cz 0 2", "cz 1 2"]
    assert made([Gate("ccz", ccz)], 3) == ["ccz 0 1 2"]
    assert made([Gate("ccx", ccx)], 3) == ["ccx 0 1 2", "ccx 0 2 1", "ccx 1 2 0"]
    assert len(made([Gate("ccx", ccx)], 5)) == 3 * 10


@pytest.mark.parametrize(
    "options",
    [
        {"qubits": 2, "steps": 8, "ms_steps": 4},
        {"qubits": 3, "steps": 2, "ms_steps": 4, "theta_steps": 2},
        {"qubits": 2, "steps": 1, "ms_steps": 3, "theta_steps": 3},
        {
            "qubits": 3,
            "steps": 2,
            "ms_steps": 4,
            "coupling": {"edges": [[1, 0], [1, 2]], "directed": True},
        },
    ],
)
def test_ion_trap_holds_no_operation_twice_and_none_is_lost(options: dict[str, Any]) -> None:
    """All gates of the grids on all allowed pairs, multiplied out, and compared pair by pair."""
    instructions = IonTrap(IonTrap.Options.model_validate(options)).instructions()
    assert distinct(instructions) == len(instructions)

    def gpi(turns: float) -> Matrix:
        phase = np.exp(2j * np.pi * turns)
        return np.array([[0, 1 / phase], [phase, 0]])

    steps, thetas, qubits = options["ms_steps"], options.get("theta_steps", 1), options["qubits"]
    coupling = options.get("coupling")
    pairs = coupling["edges"] if coupling else [*permutations(range(qubits), 2)]
    every: list[Matrix] = []
    for a, b, k in np.ndindex(steps, steps, thetas):
        angle = np.pi * (k + 1) / (4 * thetas)
        both = np.kron(gpi(b / steps), gpi(a / steps))
        ms = np.cos(angle) * np.eye(4) - 1j * np.sin(angle) * both
        every += [on_register(ms, pair, qubits) for pair in pairs]
    ours = [
        instructions.matrices[code]
        for code, placed in enumerate(instructions.instructions)
        if placed.gate.startswith("ms")
    ]
    assert all(min(np.abs(one - other).max() for other in ours) < 1e-12 for one in every)
    assert all(min(np.abs(one - other).max() for other in every) < 1e-12 for one in ours)


def test_a_gate_that_is_another_on_exchanged_qubits_is_refused_naming_both() -> None:
    reverse = np.eye(4)[[0, 1, 3, 2]]
    with pytest.raises(ConfigError) as refused:
        made([Gate("cx", CX), Gate("xc", shaken(reverse, 1))], 2)
    assert "gates 'cx' and 'xc' are one gate: xc 0 1 does what cx 1 0 does" in str(refused.value)
    one_way = {"edges": [[0, 1]], "directed": True}
    assert made([Gate("cx", CX), Gate("xc", reverse)], 2, one_way) == ["cx 0 1", "xc 0 1"]


def test_a_gate_that_leaves_a_qubit_alone_is_one_on_the_others() -> None:
    x = np.array([[0, 1], [1, 0]])
    with pytest.raises(ConfigError, match="gates 'x' and 'x1' are one gate: x1 0 1 does what x 0"):
        made([Gate("x", x), Gate("x1", np.kron(np.eye(2), x))], 2)
    # Alone it is placed once on each qubit that it changes, whatever the other one is.
    assert made([Gate("x1", np.kron(np.eye(2), x))], 3) == ["x1 0 1", "x1 1 0", "x1 2 0"]
    assert made([Gate("one", np.eye(2))], 3) == ["one 0"]


@pytest.mark.parametrize("away", [0.0, 5e-13])
def test_two_names_for_one_matrix_are_refused_naming_both(away: float) -> None:
    t, u = np.diag([1, np.exp(0.25j * np.pi)]), np.diag([1, np.exp(1j * (np.pi / 4 + away))])
    with pytest.raises(ConfigError, match="gates 't' and 'u' have equal matrices"):
        made([Gate("t", t), Gate("u", u)], 1)
    placed = (qframe.Instruction("t", (0,)),)
    with pytest.raises(ConfigError, match="gates 't' and 'u' have equal matrices"):
        InstructionSet(1, (Gate("t", t), Gate("u", u)), placed)


def test_matrices_farther_apart_than_the_tolerance_are_two_gates() -> None:
    t, u = np.diag([1, np.exp(0.25j * np.pi)]), np.diag([1, np.exp(1j * (np.pi / 4 + 3e-12))])
    assert made([Gate("t", t), Gate("u", u)], 1) == ["t 0", "u 0"]


def test_thousands_of_gates_are_told_apart_and_two_equal_ones_are_found_among_them() -> None:
    assert len(Ibm(Ibm.Options.model_validate({"steps": 2048})).instructions()) == 2049
    angles = np.arange(1, 2000) / 700
    gates = [Gate(f"r{k}", np.diag([1, np.exp(1j * a)])) for k, a in enumerate(angles)]
    twin = Gate("twin", np.diag([1, np.exp(1j * (angles[1234] + 3e-13))]))
    with pytest.raises(ConfigError, match="gates 'r1234' and 'twin'"):
        made([*gates, twin], 1)


@settings(max_examples=30)
@given(data=st.data())
def test_what_is_left_out_is_what_the_register_shows(data: st.DataObject) -> None:
    """Random permutation gates, which have many symmetries, against all pairs on the register."""
    qubits = data.draw(st.integers(1, 3))
    gates = []
    for name in "abc"[: data.draw(st.integers(1, 3))]:
        k = data.draw(st.integers(1, qubits))
        order = data.draw(st.permutations(range(1 << k)))
        gates.append(Gate(name, shaken(np.eye(1 << k)[list(order)], 7)))
    every = [
        on_register(gate.matrix, on, qubits)
        for gate in gates
        for on in permutations(range(qubits), gate.qubits)
    ]
    want = sum(
        all(np.abs(one - other).max() > 1e-12 for other in every[:place])
        for place, one in enumerate(every)
    )
    sets = [
        [on_register(g.matrix, on, qubits) for on in permutations(range(qubits), g.qubits)]
        for g in gates
    ]
    adds_nothing = any(
        all(any(np.abs(one - o).max() < 1e-12 for s in sets[:place] for o in s) for one in own)
        for place, own in enumerate(sets)
    )
    if adds_nothing:
        with pytest.raises(ConfigError, match=r"are one gate|have equal matrices"):
            made(gates, qubits)
    else:
        assert len(made(gates, qubits)) == want


# ---- two gates of one name


class Twice(GateSet[GateSetOptions]):
    name = "twice"

    def gates(self) -> Sequence[Gate]:
        x, y = [[0, 1], [1, 0]], [[0, -1j], [1j, 0]]
        return [Gate("p", x), Gate("q", y), Gate("p", np.diag([1, -1]))]


@pytest.mark.parametrize("options", [{}, {"gates": ["q"]}, {"gates": ["p"]}])
def test_a_gate_set_that_offers_two_gates_of_one_name_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="two gates are named 'p': gate 1 and gate 3 of 3"):
        Twice(GateSetOptions.model_validate(options)).instructions()


def test_a_gate_that_is_chosen_twice_is_refused() -> None:
    options = CliffordCcz.Options.model_validate({"gates": ["h", "ccz", "h"]})
    with pytest.raises(ConfigError, match="two gates are named 'h': gate 1 and gate 3 of 3"):
        CliffordCcz(options).instructions()


def test_two_files_of_one_gate_are_both_named(
    tmp_path: Path, config: Callable[..., Path], qframe_main: Callable[..., Any]
) -> None:
    (tmp_path / "g").mkdir()
    h = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    np.save(tmp_path / "g" / "H.npy", h)
    np.savetxt(tmp_path / "g" / "H.txt", h)
    done = qframe_main("check", config(gate_set={"plugin": "matrices", "folder": "g"}))
    assert done.returncode == 2
    assert "has two files for gate 'H': H.npy and H.txt" in done.stderr


def test_two_gates_of_one_name_in_a_stored_recipe_are_refused(config: Callable[..., Path]) -> None:
    with qframe.open(config()) as ds:
        text = ds.recipe.text
    assert qframe.Recipe.from_text(text).id
    with pytest.raises(qframe.NotADataset, match="two gates are named 's': gate 2 and gate 3 of 6"):
        qframe.Recipe.from_text(text.replace('"sdg"', '"s"'))


def test_names_that_differ_by_case_are_two_gates() -> None:
    gates = [Gate("v", np.diag([1, 1j])), Gate("V", np.diag([1, -1j]))]
    assert made(gates, 1) == ["v 0", "V 0"]


def test_combinations_of_qubits_are_all_there() -> None:
    placed = made([Gate("cz", CZ)], 6)
    assert placed == [f"cz {a} {b}" for a, b in combinations(range(6), 2)]
