"""Every engine gives the bits of the plain reference, `qframe.circuit_unitary`."""

from __future__ import annotations

import builtins
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numba.core import caching
from numpy.typing import NDArray

import qframe
from qframe import (
    Circuits,
    Engine,
    Gate,
    Instruction,
    InstructionSet,
    PluginError,
    PluginOptions,
    circuit_unitary,
    fold_for,
)
from qframe.plugins.resolve import find_class
from qframe.testing.examples import example_instructions, example_prefixes
from qframe_plugins.engines import auto
from qframe_plugins.engines._numba.compiled import compiled
from qframe_plugins.engines._numpy.local_gates import LocalGates
from qframe_plugins.engines.auto import AutoEngine
from qframe_plugins.engines.numba import NumbaEngine
from qframe_plugins.engines.numpy import NumpyEngine

COMPILED_CODE = """
import numpy as np
from qframe import Circuits, InstructionSet, PluginOptions
from qframe_plugins.engines._numba import local_gates as numba_local
from qframe_plugins.engines._numba.one_qubit import multiply as one_qubit
from qframe_plugins.engines._numba.two_qubits import multiply_rows as two_qubits
from qframe_plugins.engines.numba import NumbaEngine
from qframe_plugins.gate_sets._gates.standard_gates import STANDARD_GATES
from qframe import Instruction

for qubits, loop in ((1, one_qubit), (2, two_qubits), (3, numba_local.loop(8))):
    gates = tuple(STANDARD_GATES[name] for name in ("h", "t"))
    placed = InstructionSet(qubits, gates, tuple(Instruction(g.name, (0,)) for g in gates))
    engine = NumbaEngine(PluginOptions(), placed, 1)
    circuits = Circuits(np.zeros((3, 9), dtype=np.uint8), np.full(3, 9, dtype=np.uint8))
    engine.multiply(circuits, np.empty((3, placed.dim, placed.dim), dtype=complex))
    print(*loop.inspect_asm().values())
"""

ENGINES: list[type[Engine[Any]]] = [NumpyEngine, NumbaEngine]


def random_unitary(qubits: int, seed: int) -> NDArray[np.complex128]:
    """No zeros, no ones, no exact products: every rounding shows."""
    draw = np.random.default_rng(seed)
    size = (1 << qubits, 1 << qubits)
    return np.linalg.qr(draw.normal(size=size) + 1j * draw.normal(size=size))[0]


def instruction_set(qubits: int) -> InstructionSet:
    """Sparse and dense gates on every ordered choice of qubits, up to three at once."""
    gates = [Gate("dense", random_unitary(1, 1)), Gate("h", np.array([[1, 1], [1, -1]]) / 2**0.5)]
    gates += [Gate("t", np.diag([1, (1 + 1j) / 2**0.5])), Gate("y", [[0, -1j], [1j, 0]])]
    placed = [Instruction(g.name, (q,)) for g in gates for q in range(qubits)]
    if qubits > 1:
        mixed = np.eye(4, dtype=complex)
        mixed[np.ix_([1, 3], [1, 3])] = random_unitary(1, 2)
        two = [Gate("cx", np.eye(4)[[0, 3, 2, 1]]), Gate("dense2", random_unitary(2, 3))]
        two += [Gate("mixed", mixed)]
        pairs = [(a, b) for a in range(qubits) for b in range(qubits) if a != b]
        placed += [Instruction(g.name, pair) for g in two for pair in pairs]
        gates += two
    if qubits > 2:
        gates += [Gate("dense3", random_unitary(3, 4))]
        placed += [Instruction("dense3", (2, 0, 1)), Instruction("dense3", (0, 1, qubits - 1))]
    return InstructionSet(qubits, tuple(gates), tuple(placed))


def random_circuits(
    instructions: InstructionSet, lengths: NDArray[Any], longest: int, seed: int = 5
) -> Circuits:
    draw = np.random.default_rng(seed)
    codes = draw.integers(0, len(instructions), (len(lengths), longest))
    return Circuits.padded(codes.astype(instructions.code_dtype), lengths)


def multiplied(
    engine: type[Engine[Any]],
    instructions: InstructionSet,
    fold: int,
    circuits: Circuits,
    dtype: type = np.complex128,
) -> NDArray[Any]:
    shape = (len(circuits), instructions.dim, instructions.dim)
    out: NDArray[Any] = np.full(shape, np.nan, dtype=dtype)
    engine(PluginOptions(), instructions, fold).multiply(circuits, out)
    return out


def reference(instructions: InstructionSet, fold: int, circuits: Circuits) -> NDArray[Any]:
    return np.stack(
        [
            circuit_unitary(instructions, row[:length].tolist(), fold)
            for row, length in zip(circuits.codes, circuits.lengths, strict=True)
        ]
    )


@pytest.mark.parametrize("engine", ENGINES, ids=lambda e: e.name)
@pytest.mark.parametrize("dtype", [np.complex128, np.complex64])
@pytest.mark.parametrize("qubits", [1, 2, 3, 4])
def test_ragged_circuits_equal_the_reference_to_the_last_bit(
    engine: type[Engine[Any]], dtype: type, qubits: int
) -> None:
    instructions = instruction_set(qubits)
    fold = fold_for(len(instructions), qubits)
    longest, count = (23, 192) if qubits < 3 else (12, 39)
    lengths = (np.arange(count) % (longest + 1)).astype(np.uint8)
    circuits = random_circuits(instructions, lengths, longest)
    want: NDArray[Any] = reference(instructions, fold, circuits).astype(dtype)
    assert multiplied(engine, instructions, fold, circuits, dtype).tobytes() == want.tobytes()


@pytest.mark.parametrize("fold", [1, 2, 3, 4])
@pytest.mark.parametrize("qubits", [1, 2])
@pytest.mark.parametrize("engine", ENGINES, ids=lambda e: e.name)
def test_any_fold_equals_the_reference(engine: type[Engine[Any]], qubits: int, fold: int) -> None:
    full = instruction_set(qubits)
    instructions = InstructionSet(qubits, full.gates, full.instructions[-5:])
    lengths = np.arange(50, dtype=np.uint16) % 14
    circuits = random_circuits(instructions, lengths, 13)
    want = reference(instructions, fold, circuits)
    assert multiplied(engine, instructions, fold, circuits).tobytes() == want.tobytes()


@pytest.mark.parametrize("dtype", [np.complex128, np.complex64])
@pytest.mark.parametrize("qubits", [1, 2, 3, 4])
def test_engines_agree_on_many_long_circuits(qubits: int, dtype: type) -> None:
    # Long circuits of dense gates: one fused product anywhere would change some last bit.
    instructions = instruction_set(qubits)
    fold = fold_for(len(instructions), qubits)
    count = 2000 // qubits**3
    lengths = np.random.default_rng(6).integers(0, 121, count).astype(np.uint16)
    circuits = random_circuits(instructions, lengths, 120)
    by_numpy, by_numba = (multiplied(e, instructions, fold, circuits, dtype) for e in ENGINES)
    assert by_numpy.tobytes() == by_numba.tobytes()


@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
@pytest.mark.parametrize("qubits", [1, 2])
def test_whole_datasets_agree(qubits: int, dtype: str, config: Callable[..., Path]) -> None:
    gate_set = {"plugin": "clifford_t", "qubits": qubits}
    found = set()
    for engine in ("numpy", "numba", "auto"):
        path = config(records=500, dtype=dtype, gate_set=gate_set, engine=engine)
        with qframe.open(path) as computed:
            want = computed.content_hash()
        with qframe.open(qframe.run(path, [f"output={path.with_name(engine)}.db"]).output) as ds:
            assert ds.content_hash() == want
            found.add((want, ds[:].unitaries.tobytes(), ds[:].codes.tobytes()))
    assert len(found) == 1


@pytest.mark.parametrize("engine", ENGINES, ids=lambda e: e.name)
def test_wide_codes_no_circuits_and_read_only_input(engine: type[Engine[Any]]) -> None:
    angles = np.linspace(0.1, 3, 300)
    gates = tuple(Gate(f"p{k}", np.diag([1, np.exp(1j * a)])) for k, a in enumerate(angles))
    instructions = InstructionSet(1, gates, tuple(Instruction(g.name, (0,)) for g in gates))
    assert instructions.code_dtype == np.uint16
    fold = fold_for(len(instructions), 1)
    circuits = random_circuits(instructions, np.arange(9, dtype=np.uint8), 8)
    circuits.codes.flags.writeable = circuits.lengths.flags.writeable = False
    want = reference(instructions, fold, circuits)
    assert multiplied(engine, instructions, fold, circuits).tobytes() == want.tobytes()
    empty = random_circuits(instructions, np.zeros(0, dtype=np.uint8), 8)
    assert multiplied(engine, instructions, fold, empty).shape == (0, 2, 2)


@pytest.mark.parametrize("qubits", [1, 2, 3])
@pytest.mark.parametrize("engine", ENGINES, ids=lambda e: e.name)
def test_no_circuits_at_all(engine: type[Engine[Any]], qubits: int) -> None:
    # The roots of a task's walks may be none.
    instructions = instruction_set(qubits)
    none = Circuits(np.zeros((0, 5), dtype=np.uint8), np.zeros(0, dtype=np.uint8))
    assert multiplied(engine, instructions, 1, none).size == 0
    out = np.empty((0, instructions.dim, instructions.dim), dtype=np.complex128)
    LocalGates(instructions).multiply(none, out)


def test_quarter_turns_and_moves_leave_every_rounding_as_it_is() -> None:
    """Gates that the engine `numpy` does by renaming rows, between those that round."""
    rounding = [
        Gate("dense", random_unitary(1, 1)),
        Gate("h", np.array([[1, 1], [1, -1]]) / 2**0.5),
    ]
    turning = [
        Gate(f"turn{k}", np.diag([1j**k, entry]))
        for k, entry in enumerate((0.6 - 0.8j, -0.6 - 0.8j, -0.8 + 0.6j, 0.28 + 0.96j))
    ]
    moving = [Gate("y", [[0, -1j], [1j, 0]]), Gate("sdg", np.diag([1, -1j]))]
    moving += [Gate("odd", [[0, -0.8 + 0.6j], [0.6 + 0.8j, 0]])]
    gates = (*rounding, *turning, *moving)
    placed = tuple(Instruction(g.name, (q,)) for g in gates for q in range(3))
    instructions = InstructionSet(3, gates, placed)
    circuits = random_circuits(instructions, np.full(40, 30, dtype=np.uint8), 30)
    want = reference(instructions, 1, circuits)
    for engine in ENGINES:
        assert multiplied(engine, instructions, 1, circuits).tobytes() == want.tobytes()


def test_the_compiled_loops_hold_no_fused_multiply_add(tmp_path: Path) -> None:
    # In a process of its own: Numba shows no code that it read from its cache.
    done = subprocess.run(
        [sys.executable, "-c", COMPILED_CODE],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert "vmulpd" in done.stdout or "mulsd" in done.stdout or "fmul" in done.stdout
    assert not re.search(r"vfn?m(add|sub)|fmadd|fmsub|fmla|fmls", done.stdout)


def test_where_machine_code_cannot_be_kept_it_is_made_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in a container under a user id that may write neither to the package nor to its home."""
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])

    def next_number(x: int) -> int:
        return x + 1

    with pytest.raises(RuntimeError, match="no locator"):
        numba.njit(cache=True)(next_number)
    assert compiled()(next_number)(1) == 2


def test_auto_becomes_numba_where_it_is_installed_once_that_pays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instructions = instruction_set(1)
    circuits = random_circuits(instructions, np.full(10, 20), 20)
    out = np.empty((2, 10, 2, 2), dtype=np.complex128)
    engine = AutoEngine(PluginOptions(), instructions, 3)
    engine.multiply(circuits, out[0])
    assert engine.chosen.name == "numpy"
    monkeypatch.setattr(auto, "PAYS_AFTER_S", 0.0)
    engine.multiply(circuits, out[1])
    assert engine.chosen.name == "numba"
    assert out[0].tobytes() == out[1].tobytes()


@pytest.mark.parametrize("fault", ["missing", "broken"])
def test_auto_stays_numpy_where_numba_cannot_be_had(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault == "missing":
        monkeypatch.setattr(auto, "find_spec", lambda name: None)
    else:
        monkeypatch.setitem(sys.modules, "qframe_plugins.engines.numba", None)
    monkeypatch.setattr(auto, "PAYS_AFTER_S", 0.0)
    instructions = instruction_set(1)
    engine = AutoEngine(PluginOptions(), instructions, 3)
    for _ in range(2):
        engine.multiply(
            random_circuits(instructions, np.full(10, 20), 20), np.empty((10, 2, 2), complex)
        )
    assert engine.chosen.name == "numpy"


@pytest.mark.parametrize("qubits", [1, 2, 3])
def test_a_walk_may_begin_in_one_chunk_and_end_in_the_next(
    qubits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a parent lies in the chunk before, the circuit is multiplied from its start."""
    monkeypatch.setattr("qframe_plugins.engines.numpy.LOCAL_CHUNK_BYTES", 1)  # 4 circuits
    instructions = example_instructions(qubits)
    circuits = example_prefixes(instructions, 300, 9)
    out = np.empty((300, 2**qubits, 2**qubits), dtype=np.complex128)
    NumpyEngine(PluginOptions(), instructions, 1).multiply(circuits, out)
    for i, length in enumerate(circuits.lengths.tolist()):
        want = circuit_unitary(instructions, circuits.codes[i, :length].tolist(), 1)
        assert out[i].tobytes() == want.tobytes()
    part = circuits.part(slice(100, 200))
    assert part.parents is not None
    assert circuits.parents is not None
    assert ((part.parents == -1) == (circuits.parents[100:200] < 100)).all()


def test_numba_is_imported_by_no_other_engine() -> None:
    code = (
        "import sys, pathlib\n"
        "from qframe.plugins.resolve import find_class\n"
        "for name in ('numpy', 'auto'):\n"
        "    find_class('engine', name, pathlib.Path())\n"
        "assert 'numba' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_numba_that_is_missing_is_an_error_with_the_pip_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def without_numba(name: str, *arguments: Any, **keywords: Any) -> Any:
        if name.partition(".")[0] == "numba":
            raise ModuleNotFoundError("No module named 'numba'", name="numba")
        return real(name, *arguments, **keywords)

    for module in ("numba", "_numba.local_gates", "_numba.word_table"):
        monkeypatch.delitem(sys.modules, f"qframe_plugins.engines.{module}", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_numba)
    with pytest.raises(PluginError, match="needs numba") as caught:
        find_class("engine", "numba", Path())
    assert "pip install numba" in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(("home", "kept"), [("/home/me", True), ("~", False)])
def test_machine_code_is_not_kept_in_a_directory_called_tilde(
    home: str, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be one, where the home directory is not known and qframe's own is read-only."""
    from qframe_plugins.engines._numba import compiled

    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: home)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert compiled._can_be_kept(Path("/usr/lib/module.py")) == kept
