"""The field's gate sets: relations, Qiskit's and Cirq's matrices, counts by brute force."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from pydantic import ValidationError

from qframe import Gate, InstructionSet
from qframe.analysis.gate_group import analyse, growth, order, phase_free_keys
from qframe.config.load import load_config
from qframe.config.to_recipe import gate_set_of
from qframe_plugins.gate_sets._gates.exact_angles import cos_turns, phase, polar, sin_turns
from qframe_plugins.gate_sets._gates.standard_gates import standard
from qframe_plugins.gate_sets.clifford import Clifford
from qframe_plugins.gate_sets.clifford_ccz import CliffordCcz
from qframe_plugins.gate_sets.clifford_cs import CliffordCs
from qframe_plugins.gate_sets.fibonacci import Fibonacci
from qframe_plugins.gate_sets.hrc import Hrc
from qframe_plugins.gate_sets.ibm import Ibm
from qframe_plugins.gate_sets.ion_trap import IonTrap
from qframe_plugins.gate_sets.matrices import Matrices
from qframe_plugins.gate_sets.rotations import Rotations
from qframe_plugins.gate_sets.sycamore import Sycamore

CONFIGS = sorted((Path(__file__).parents[3] / "configs").glob("*.yaml"))
Matrix = NDArray[np.complex128]


def made(cls: Any, **options: Any) -> InstructionSet:
    found = cls(cls.Options.model_validate(options)).instructions()
    assert isinstance(found, InstructionSet)
    return found


def matrix(cls: Any, name: str, **options: Any) -> Matrix:
    return made(cls, **options).gate_by_name[name].matrix


def close(a: Any, b: Any) -> bool:
    return bool(np.abs(np.asarray(a) - np.asarray(b)).max() < 1e-14)


# ---- angles


@pytest.mark.parametrize("steps", [7, 10, 64, 360])
def test_angles_agree_with_the_c_library_and_with_mpmath(steps: int) -> None:
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(50):
        for k in range(-steps, 2 * steps):
            x = 2 * mpmath.pi * k / steps
            assert abs(cos_turns(Fraction(k, steps)) - math.cos(2 * math.pi * k / steps)) < 5e-15
            for ours, exact in ((cos_turns, mpmath.cos(x)), (sin_turns, mpmath.sin(x))):
                got = ours(Fraction(k, steps))
                want = float(exact)
                assert got == want or (abs(want) < 1e-40 and got == 0)


def test_special_angles_are_exact() -> None:
    sixths = [cos_turns(Fraction(k, 6)) for k in range(6)]
    assert sixths == [1, 0.5, -0.5, -1, -0.5, 0.5]
    assert [phase(Fraction(k, 4)) for k in range(4)] == [1, 1j, -1, -1j]
    assert phase(Fraction(1, 8)) == complex(math.sqrt(0.5), math.sqrt(0.5))
    assert polar(Fraction(1, 2), Fraction(1, 8)) == 0.5 + 0.5j
    assert cos_turns(Fraction(1, 10)) == (1 + math.sqrt(5)) / 4


# ---- relations


def test_hrc_equals_its_yaml_and_its_reduced_words_are_distinct() -> None:
    v_basis = gate_set_of(load_config(next(p for p in CONFIGS if p.stem == "v_basis")))
    gates = made(Hrc)
    assert gates.to_data() == v_basis.to_data()
    assert growth(gates.matrices, 5).by_length == (1, 6, 30, 150, 750, 3750)
    assert analyse(gates).inverses == (1, 0, 3, 2, 5, 4)


def test_fibonacci_braids() -> None:
    gates = made(Fibonacci)
    one, two = gates.gate_by_name["sigma1"].matrix, gates.gate_by_name["sigma2"].matrix
    assert close(one @ two @ one, two @ one @ two)
    tau = (math.sqrt(5) - 1) / 2
    f = np.array([[tau, math.sqrt(tau)], [math.sqrt(tau), -tau]])
    assert close(two, f @ one @ f)
    for sigma in (one, two):
        assert close(np.linalg.matrix_power(sigma, 10), np.eye(2))
    found = analyse(gates)
    assert found.inverses == (1, 0, 3, 2)
    assert found.orders == (10, 10, 10, 10)
    assert (0, 2) in found.braids
    assert found.group_order is None


def test_fibonacci_words_to_length_11_give_8862_unitaries() -> None:
    assert growth(made(Fibonacci).matrices, 11).elements == 8862


def test_h_t_words_to_length_16_give_6844_unitaries() -> None:
    gates = np.stack([gate.matrix for gate in standard("h", "t", "tdg")])
    assert growth(gates, 16).elements == 6844


@pytest.mark.parametrize(("name", "length"), [("fibonacci", 5), ("h_t", 7)])
def test_growth_equals_brute_force(name: str, length: int) -> None:
    """Every word multiplied out; classes by |tr(A†B)| = d rather than by keys."""
    h_t = np.stack([gate.matrix for gate in standard("h", "t", "tdg")])
    gates = made(Fibonacci).matrices if name == "fibonacci" else h_t
    found: list[Matrix] = []
    for n in range(length + 1):
        for word in product(gates, repeat=n):
            unitary = np.eye(2, dtype=np.complex128)
            for gate in word:
                unitary = gate @ unitary
            if (
                not found
                or np.abs(np.einsum("nij,ij->n", np.conj(found), unitary)).max() < 2 - 1e-9
            ):
                found.append(unitary)
    assert growth(gates, length).elements == len(found)


@pytest.mark.parametrize(
    ("qubits", "gates", "want"),
    [(1, ["h", "s"], 24), (2, ["h", "s", "cx"], 11520), (1, ["s", "z"], 4), (1, ["x", "z"], 4)],
)
def test_orders_of_finite_groups(qubits: int, gates: list[str], want: int) -> None:
    assert analyse(made(Clifford, qubits=qubits, gates=gates)).group_order == want


def test_missing_inverses_and_duplicates_are_found() -> None:
    s, z = [[1, 0], [0, "i"]], [[1, 0], [0, -1]]
    minus_z, identity = [[-1, 0], [0, 1]], [["i", 0], [0, "i"]]
    found = analyse(made(Matrices, gates={"s": s, "z": z, "mz": minus_z, "one": identity}))
    assert found.lacking_inverse == (0,)
    assert found.duplicates == ((1, 2),)
    assert found.identities == (3,)
    assert found.orders == (4, 2, 2, 1)


def test_order_and_keys_are_up_to_phase() -> None:
    t = standard("t")[0].matrix
    assert order(t) == 8
    assert order(np.diag([1, np.exp(1j)])) is None
    turned = np.stack([t, -t, t * np.exp(0.3j)])
    assert len(set(phase_free_keys(turned))) == 1
    assert len(set(phase_free_keys(np.stack([t, t.conj()])))) == 2


def test_cs_and_ccz() -> None:
    cs = matrix(CliffordCs, "cs")
    assert close(cs @ cs, standard("cz")[0].matrix)
    [ccz] = (g.matrix for g in standard("ccz"))
    h = np.kron(standard("h")[0].matrix, np.eye(4))
    assert close(h @ ccz @ h, matrix(CliffordCcz, "ccx", third="ccx"))
    assert [str(i) for i in made(CliffordCcz).instructions if i.gate == "ccz"] == ["ccz 0 1 2"]
    with pytest.raises(ValidationError, match="greater than or equal to 3"):
        made(CliffordCcz, qubits=2)
    with pytest.raises(ValidationError, match="greater than or equal to 2"):
        made(CliffordCs, qubits=1)


def test_ion_trap_relations() -> None:
    gates = made(IonTrap, qubits=2, steps=8, ms_steps=4, theta_steps=2)
    named = {name: gate.matrix for name, gate in gates.gate_by_name.items()}
    for j in range(8):
        assert close(named[f"gpi_{j}"] @ named[f"gpi_{j}"], np.eye(2))
        assert close(1j * named[f"gpi2_{j}"] @ named[f"gpi2_{j}"], named[f"gpi_{j}"])
    assert close(named["ms_0_3_1"] @ named["ms_0_3_1"], named["ms_0_3_2"])
    for a, b in ((0, 0), (0, 3), (1, 3)):
        p, q = named[f"gpi_{2 * a}"], named[f"gpi_{2 * b}"]
        want = (np.eye(4) - 1j * np.kron(q, p)) / math.sqrt(2)
        assert close(named[f"ms_{a}_{b}_2"], want)
    assert not analyse(gates).lacking_inverse


def test_ibm_and_rotations_are_closed_and_sycamore_is_not() -> None:
    ibm = analyse(made(Ibm, qubits=1, steps=8))
    assert ibm.lacking_inverse == (0,)  # sx
    assert not analyse(made(Rotations, k=[1, 7])).lacking_inverse
    assert analyse(made(Rotations)).orders == (128 * 2,) * 6
    assert analyse(made(Sycamore, qubits=2)).orders == (4, 4, 4, 4, 4, 4, 12)


# ---- other tools


def test_qiskit_agrees() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        library = pytest.importorskip("qiskit.circuit.library")
    pairs: list[tuple[Matrix, Any]] = [
        (standard(name)[0].matrix, getattr(library, gate)())
        for name, gate in {
            "sx": "SXGate",
            "ecr": "ECRGate",
            "cs": "CSGate",
            "csdg": "CSdgGate",
            "ccx": "CCXGate",
            "ccz": "CCZGate",
            "swap": "SwapGate",
        }.items()
    ]
    turn = 2 * math.pi
    pairs += [(matrix(Ibm, f"rz_{k}", steps=9), library.RZGate(turn * k / 9)) for k in range(1, 9)]
    for axis, cls in (("x", library.RXGate), ("y", library.RYGate), ("z", library.RZGate)):
        for suffix, sign in (("", 1), ("dg", -1)):
            pairs.append((matrix(Rotations, f"r{axis}_pi128{suffix}"), cls(sign * math.pi / 128)))
    pairs += [
        (matrix(Sycamore, "rx90"), library.RXGate(math.pi / 2)),
        (matrix(Sycamore, "ry90"), library.RYGate(math.pi / 2)),
        (matrix(Sycamore, "rw90"), library.RGate(math.pi / 2, math.pi / 4)),
    ]
    for j in range(8):
        gpi2 = matrix(IonTrap, f"gpi2_{j}", steps=8)
        pairs.append((gpi2, library.RGate(math.pi / 2, turn * j / 8)))
    pairs.append((matrix(IonTrap, "ms_0_0_1", qubits=2), library.RXXGate(math.pi / 2)))
    for ours, theirs in pairs:
        assert close(ours, theirs.to_matrix()), theirs
    fsim = library.XXPlusYYGate(math.pi).to_matrix() @ library.CPhaseGate(-math.pi / 6).to_matrix()
    assert close(matrix(Sycamore, "fsim", qubits=2), fsim)


def test_cirq_agrees() -> None:
    cirq = pytest.importorskip("cirq")
    axis = cirq.PhasedXPowGate(phase_exponent=0.25, exponent=0.5, global_shift=-0.5)
    pairs = [
        (matrix(Sycamore, "fsim", qubits=2), cirq.FSimGate(math.pi / 2, math.pi / 6)),
        (matrix(Sycamore, "rx90"), cirq.rx(math.pi / 2)),
        (matrix(Sycamore, "ry90"), cirq.ry(math.pi / 2)),
        (matrix(Sycamore, "rw90"), axis),
        (standard("sx")[0].matrix, cirq.X**0.5),
        (standard("cs")[0].matrix, cirq.CZ**0.5),
        (standard("ccz")[0].matrix, cirq.CCZ),
        (matrix(IonTrap, "ms_0_0_1", qubits=2), cirq.ms(math.pi / 4)),
    ]
    for ours, theirs in pairs:
        qubits = cirq.LineQubit.range(cirq.num_qubits(theirs))
        circuit = cirq.Circuit(theirs(*qubits))
        want = circuit.unitary(qubit_order=qubits[::-1])  # Cirq's first qubit is most significant
        assert close(ours, want), theirs
    qubits = cirq.LineQubit.range(3)
    toffoli = cirq.Circuit(cirq.CCX(*qubits)).unitary(qubit_order=qubits[::-1])
    assert close(standard("ccx")[0].matrix, toffoli)


# ---- coupling, files, command


def test_a_grid_couples_neighbours() -> None:
    placed = made(Clifford, qubits=6, gates=["cz"], coupling={"rows": 2, "columns": 3})
    edges = [i.qubits for i in placed.instructions]
    assert edges == [(0, 1), (0, 3), (1, 2), (1, 4), (2, 5), (3, 4), (4, 5)]


def test_a_grid_of_another_size_is_refused() -> None:
    with pytest.raises(ValidationError, match="2 x 2 has 4 qubits, the register has 3"):
        made(Clifford, qubits=3, coupling={"rows": 2, "columns": 2})


def test_gates_from_files_equal_those_in_the_yaml(
    tmp_path: Path, config: Callable[..., Path]
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    v3, cx = made(Hrc).gate_by_name["v3"].matrix, standard("cx")[0].matrix
    np.savetxt(folder / "v3.txt", v3)
    np.save(folder / "cx.npy", cx)
    (folder / "README.md").write_text("passed over")
    gate_set = {"plugin": "matrices", "qubits": 2, "folder": "mine"}
    found = gate_set_of(load_config(config(gate_set=gate_set)))
    assert [gate.name for gate in found.gates] == ["cx", "v3"]
    assert found.gate_by_name["v3"].matrix.tobytes() == v3.tobytes()
    assert found.gate_by_name["cx"].matrix.tobytes() == cx.tobytes()
    chosen = gate_set_of(load_config(config(gate_set={**gate_set, "files": ["v3"]})))
    assert [gate.name for gate in chosen.gates] == ["v3"]


def _pickled(folder: Path) -> None:
    np.save(folder / "x.npy", np.array([[{}]], dtype=object), allow_pickle=True)


@pytest.mark.parametrize(
    ("write", "why"),
    [
        (lambda f: None, "no .txt or .npy file"),
        (_pickled, "cannot be read"),
        (lambda f: (f / "x.mat").write_text("1"), "is not a gate"),
        (lambda f: (f / "1x.txt").write_text("1"), "is not a gate"),
        (lambda f: (f / "x.txt").write_text("1 2\n3"), "cannot be read"),
        (lambda f: (f / "x.txt").write_text("1 0\n0 2"), "not unitary"),
        (lambda f: (f / "x.txt").write_text(""), "shape|rows"),
        (lambda f: f.rmdir(), "No such file"),
    ],
)
def test_a_folder_that_holds_no_gates_is_refused(
    tmp_path: Path, write: Callable[[Path], Any], why: str
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    write(folder)
    with pytest.raises(ValidationError, match=why):
        made(Matrices, folder=str(folder))


@pytest.mark.parametrize(
    "options", [{}, {"folder": ".", "gates": {"x": [[0, 1], [1, 0]]}}, {"files": ["x"]}]
)
def test_matrices_want_one_source(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        made(Matrices, **options)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_gates_says_what_a_config_holds(path: Path) -> None:
    instructions = gate_set_of(load_config(path))
    again = InstructionSet.from_data(json.loads(json.dumps(instructions.to_data())))
    assert (again.matrices == instructions.matrices).all()
    assert all(isinstance(gate, Gate) for gate in instructions.gates)
    assert yaml.safe_load(path.read_text())["records"] <= 1_000_000


def test_the_command_prints_and_gives_json(qframe_main: Any, config: Any) -> None:
    path = config(gate_set={"plugin": "fibonacci"})
    text = qframe_main("gates", path).stdout
    assert "sigma1   (code: gate qubits) 0: sigma1 0" in text
    assert "-0.618034" in text
    assert "all in the set" in text
    found = json.loads(qframe_main("gates", path, "--json").stdout)
    assert found["inverse_closed"]
    assert found["orders"] == [10, 10, 10, 10]
    assert found["group_order"] is None
    finite = qframe_main("gates", path, "--set", "gate_set=clifford")
    assert "finite: 24 elements" in finite.stdout
    assert qframe_main("gates", path, "--set", "gate_set=nothing").returncode in (2, 3)
