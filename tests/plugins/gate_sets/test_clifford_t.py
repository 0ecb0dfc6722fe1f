"""Clifford+T: the matrices, the choice of gates, and the published count of its elements."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qframe import ConfigError, GateSetOptions, InstructionSet
from qframe_plugins.gate_sets.clifford_t import CliffordT


def instructions(**options: Any) -> InstructionSet:
    return CliffordT(GateSetOptions.model_validate(options)).instructions()


def matrix(name: str) -> NDArray[np.complex128]:
    return {
        gate.name: gate.matrix for gate in CliffordT(GateSetOptions.model_validate({})).gates()
    }[name]


def names(placed: InstructionSet) -> list[str]:
    return [str(i) for i in placed.instructions]


def test_ten_gates_are_on_offer_in_a_fixed_order() -> None:
    offered = [gate.name for gate in CliffordT(GateSetOptions.model_validate({})).gates()]
    assert offered == ["h", "s", "sdg", "t", "tdg", "x", "y", "z", "cx", "cz"]


def test_one_qubit_has_the_six_gates_that_the_design_measures() -> None:
    assert names(instructions()) == ["h 0", "s 0", "sdg 0", "t 0", "tdg 0", "x 0"]


def test_several_qubits_add_cx_in_both_directions() -> None:
    assert names(instructions(qubits=2))[-2:] == ["cx 0 1", "cx 1 0"]
    assert len(instructions(qubits=3)) == 6 * 3 + 6


def test_gates_are_coded_in_the_order_of_the_yaml() -> None:
    assert names(instructions(gates=["z", "h", "y"])) == ["z 0", "h 0", "y 0"]


def test_cz_is_placed_once_a_pair() -> None:
    assert names(instructions(qubits=3, gates=["cz"])) == ["cz 0 1", "cz 0 2", "cz 1 2"]


def test_coupling_limits_the_pairs() -> None:
    line = instructions(qubits=3, gates=["cx"], coupling="line")
    assert names(line) == ["cx 0 1", "cx 1 0", "cx 1 2", "cx 2 1"]
    assert len(instructions(qubits=4, gates=["cz"], coupling="ring")) == 4


def test_an_unknown_gate_is_refused_with_what_there_is() -> None:
    with pytest.raises(ConfigError, match=r"no gate 'u'.*h, s, sdg"):
        instructions(gates=["u"])


def test_a_gate_too_wide_for_the_register_is_refused() -> None:
    with pytest.raises(ConfigError, match="'cx' acts on 2 qubits"):
        instructions(gates=["h", "cx"])


@pytest.mark.parametrize(
    ("product", "gate"),
    [
        (("t", "t"), "s"),
        (("s", "s"), "z"),
        (("h", "z", "h"), "x"),
        (("s", "x", "sdg"), "y"),
    ],
)
def test_textbook_identities(product: tuple[str, ...], gate: str) -> None:
    result = np.eye(2, dtype=complex)
    for name in product:
        result = result @ matrix(name)
    assert result == pytest.approx(matrix(gate), abs=1e-15)


@pytest.mark.parametrize(("gate", "inverse"), [("s", "sdg"), ("t", "tdg"), ("h", "h"), ("y", "y")])
def test_inverses(gate: str, inverse: str) -> None:
    assert matrix(gate) @ matrix(inverse) == pytest.approx(np.eye(2), abs=1e-15)


def test_entries_are_exact_or_nearest_to_a_half_s_root() -> None:
    # 0.5**0.5 correctly rounded, computed with integers: floor(sqrt(2**105)) and its neighbour.
    nearest = float.fromhex("0x1.6a09e667f3bcdp-1")
    for gate in CliffordT(GateSetOptions.model_validate({})).gates():
        parts = {abs(part) for z in gate.matrix.flat for part in (z.real, z.imag)}
        assert parts <= {0.0, 1.0, nearest}


def test_cx_has_its_control_first_and_qubit_0_least_significant() -> None:
    wide = instructions(qubits=2, gates=["cx"]).matrices[0]  # cx 0 1
    moved = {int(np.flatnonzero(wide[:, column])[0]) for column in (1, 3)}
    assert wide[3, 1] == wide[1, 3] == wide[0, 0] == wide[2, 2] == 1
    assert moved == {1, 3}


def test_t_count_at_most_n_gives_the_published_number_of_unitaries() -> None:
    """Matsumoto and Amano: 24 (3 * 2^n - 2) unitaries up to phase."""
    cliffords = _closure([matrix("h"), matrix("s")])
    assert len(cliffords) == 24
    found, newest = dict(cliffords), list(cliffords.values())
    for n in (1, 2, 3):
        with_t = {}
        for u in newest:
            for c in cliffords.values():
                product = c @ matrix("t") @ u
                if (key := _phase_free(product)) not in found:
                    with_t[key] = product
        found |= with_t
        newest = list(with_t.values())
        assert len(found) == 24 * (3 * 2**n - 2)


def _closure(
    generators: list[NDArray[np.complex128]],
) -> dict[bytes, NDArray[np.complex128]]:
    found = {_phase_free(np.eye(2, dtype=complex)): np.eye(2, dtype=complex)}
    newest = list(found.values())
    while newest:
        products = [g @ u for g in generators for u in newest]
        newest = []
        for product in products:
            if (key := _phase_free(product)) not in found:
                found[key] = product
                newest.append(product)
    return found


def _phase_free(unitary: NDArray[Any]) -> bytes:
    first = unitary.flat[np.flatnonzero(np.abs(unitary) > 1e-6)[0]]
    turned = np.round(unitary * (abs(first) / first), 6) + 0.0
    return bytes(turned.tobytes())
