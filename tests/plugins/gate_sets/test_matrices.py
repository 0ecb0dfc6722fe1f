"""The user's own gates: read exactly, checked at load, each mistake with its place."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

import qframe
from qframe import ConfigError, InstructionSet
from qframe.config.load import load_config
from qframe_plugins.gate_sets.matrices import Matrices, MatricesOptions

V3 = [["(1+2*i)/sqrt(5)", 0], [0, "(1-2*i)/sqrt(5)"]]
X = [[0, 1], [1, 0]]


def instructions(gates: dict[str, Any], **options: Any) -> InstructionSet:
    return Matrices(MatricesOptions.model_validate({"gates": gates, **options})).instructions()


def refusal(gates: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        MatricesOptions.model_validate({"gates": gates})
    [error] = caught.value.errors()
    return str(error["ctx"]["error"])


def test_codes_follow_the_order_of_the_names() -> None:
    placed = instructions({"v3": V3, "a": X}, qubits=2)
    assert [str(i) for i in placed.instructions] == ["v3 0", "v3 1", "a 0", "a 1"]


def test_numbers_and_expressions_are_exact() -> None:
    [matrix] = instructions({"v3": V3}).matrices
    r = math.sqrt(5)
    assert matrix.tolist() == [[(1 + 2j) / r, 0], [0, (1 - 2j) / r]]


def test_the_v_basis_is_a_free_group() -> None:
    """Harrow, Recht, Chuang: 6 * 5^(n-1) reduced words of length n, all distinct."""
    r = "/sqrt(5)"
    gates = instructions(
        {
            "v1": [[f"1{r}", f"2*i{r}"], [f"2*i{r}", f"1{r}"]],
            "v1dg": [[f"1{r}", f"-2*i{r}"], [f"-2*i{r}", f"1{r}"]],
            "v2": [[f"1{r}", f"2{r}"], [f"-2{r}", f"1{r}"]],
            "v2dg": [[f"1{r}", f"-2{r}"], [f"2{r}", f"1{r}"]],
            "v3": V3,
            "v3dg": [["(1-2*i)/sqrt(5)", 0], [0, "(1+2*i)/sqrt(5)"]],
        }
    ).matrices
    words: dict[tuple[int, ...], Any] = {(code,): gates[code] for code in range(6)}
    for _ in range(3):
        words = {
            (*word, code): gates[code] @ product
            for word, product in words.items()
            for code in range(6)
            if code != word[-1] ^ 1
        }
    distinct = {np.round(product, 9).tobytes() for product in words.values()}
    assert len(distinct) == len(words) == 6 * 5**3


def test_a_gate_on_several_qubits_goes_on_the_coupling_map() -> None:
    cz = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, "-1"]]
    placed = instructions({"cz": cz}, qubits=3, coupling="line")
    assert [str(i) for i in placed.instructions] == ["cz 0 1", "cz 1 2"]


def test_a_gate_too_wide_for_the_register_is_refused() -> None:
    with pytest.raises(ConfigError, match="'cz' acts on 2 qubits"):
        instructions({"cz": np.diag([1, 1, 1, -1]).tolist()})


@pytest.mark.parametrize(
    ("matrix", "why"),
    [
        ([[1, 1], [0, 1]], "gate 'g' is not unitary: .* reaches 1,"),
        ([[0.7071, 0.7071], [0.7071, -0.7071]], "not unitary"),
        ([[float("nan"), 0], [0, 1]], "NaN or infinity"),
        ([[float("inf"), 0], [0, 1]], "NaN or infinity"),
        ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], "3 x 3"),
        ([[1, 0], [0]], "row 2 has 1 entries, want 2"),
        ([[1, 0, 0], [0, 1, 0]], "row 1 has 3 entries, want 2"),
    ],
)
def test_what_is_no_gate_is_refused_by_name(matrix: list[list[Any]], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        raise ConfigError(refusal({"x": X, "g": matrix}))


@pytest.mark.parametrize("suffix", [".npy", ".txt"])
@pytest.mark.parametrize(("off", "fine"), [(0.49e-12, True), (0.51e-12, False)])
def test_a_gate_of_a_file_may_be_off_by_the_tolerance_and_no_more(
    off: float, fine: bool, suffix: str, tmp_path: Path
) -> None:
    """diag(1, 1 + off) has |U†U - 1| of 2 off; 1e-12 is allowed."""
    gate = np.diag([1, 1 + off]).astype(np.complex128)
    path = tmp_path / f"g{suffix}"
    np.save(path, gate) if suffix == ".npy" else np.savetxt(path, gate)
    if fine:
        MatricesOptions.model_validate({"folder": str(tmp_path)})
        return
    with pytest.raises(
        ValidationError, match=r"gate 'g' is not unitary: .* reaches 1.02e-12, want"
    ):
        MatricesOptions.model_validate({"folder": str(tmp_path)})


@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
def test_single_precision_is_no_excuse(dtype: type, tmp_path: Path) -> None:
    """Its rounding would be in every product: only what single precision has exactly is a gate."""
    np.save(tmp_path / "x.npy", np.array(X, dtype=dtype))
    MatricesOptions.model_validate({"folder": str(tmp_path)})
    np.save(tmp_path / "h.npy", np.array([[1, 1], [1, -1]], dtype=dtype) * dtype(0.5**0.5))
    # float32 has 11863283 / 2**24, twice its square is 1 - 3.42e-8
    with pytest.raises(
        ValidationError, match=r"gate 'h' is not unitary: .* reaches 3.42e-08, want"
    ):
        MatricesOptions.model_validate({"folder": str(tmp_path)})


@pytest.mark.parametrize("name", ["bad name", "", "1st", "h-1", "σ", "a\n", "a" * 61])
def test_a_name_that_no_circuit_could_be_written_with_is_refused(name: str) -> None:
    assert "is not a gate name" in refusal({name: X})


@pytest.mark.parametrize("entry", [True, None, [1, 0], {"re": 1}])
def test_an_entry_of_another_kind_is_refused(entry: Any) -> None:
    with pytest.raises(ValidationError):
        MatricesOptions.model_validate({"gates": {"g": [[1, 0], [0, entry]]}})


@pytest.mark.parametrize("gates", [{}, {"g": []}, {"g": [[1]]}, [X], None])
def test_no_gates_are_refused(gates: Any) -> None:
    with pytest.raises(ValidationError):
        MatricesOptions.model_validate({"gates": gates})


def test_two_gates_with_one_matrix_are_refused() -> None:
    with pytest.raises(ConfigError, match="'a' and 'b' have equal matrices"):
        instructions({"a": X, "b": X})


def test_a_bad_entry_is_reported_with_file_line_and_column(config: Callable[..., Path]) -> None:
    path = config(gate_set=None)
    text = 'gate_set:\n  plugin: matrices\n  gates:\n    v3: [[1, 0], [0, "__import__(1)"]]\n'
    path.write_text(text + path.read_text())
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert caught.value.message.startswith(f"{path}:4:22: gate_set.gates.v3.1.1: ")
    assert "unknown function '__import__'" in caught.value.message


def test_a_non_unitary_gate_is_reported_before_any_work(
    config: Callable[..., Path], tmp_path: Path
) -> None:
    path = config(gate_set={"plugin": "matrices", "gates": {"g": [[1, 2], [3, 4]]}})
    with pytest.raises(ConfigError, match=r"gate 'g' is not unitary"):
        qframe.run(path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
