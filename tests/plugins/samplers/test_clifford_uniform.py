from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from qframe import ConfigError
from qframe_plugins.samplers._words.clifford import clifford_codes, generators, pauli_action


def images(placed: Any, codes: Any, paulis: list[int]) -> Any:
    """What circuits make of signed Paulis: `(n, len(paulis))`. Padding must be no gate."""
    size = 2 * 4**placed.qubits
    actions = np.stack(
        [pauli_action(placed, code) for code in range(len(placed))] + [np.arange(size)]
    )
    now = np.tile(paulis, (len(codes), 1))
    for column in codes.T:
        now = actions[column[:, None], now]
    return now


def drawn(made: Any, blocks: int) -> tuple[Any, Any]:
    """Codes (padding: one beyond the last code) and unitaries."""
    parts = made.blocks(0, [made.recipe.block] * blocks)
    codes = np.concatenate([b.arrays["codes"] for b in parts]).astype(np.int64)
    lengths = np.concatenate([b.arrays["lengths"] for b in parts])
    codes[np.arange(codes.shape[1]) >= lengths[:, None]] = len(made.recipe.instructions)
    return codes, np.concatenate([b.arrays["unitaries"] for b in parts])


@pytest.mark.parametrize(("qubits", "order"), [(1, 24), (2, 11_520)])
@pytest.mark.parametrize("gates", [["h", "s"], ["h", "s", "sdg"], ["sx", "s"]])
def test_every_element_is_equally_likely(
    instructions: Any,
    sampler: Any,
    generator: Any,
    phase_keys: Any,
    deviation: Any,
    qubits: int,
    order: int,
    gates: list[str],
) -> None:
    placed = instructions("clifford", qubits=qubits, gates=[*gates, *["cz"][: qubits - 1]])
    made = generator(placed, "clifford_uniform", block=4096)
    assert sampler(placed, "clifford_uniform").order == order
    _, unitaries = drawn(made, 20)
    assert abs(deviation(phase_keys(unitaries), order)) < 4.5


@pytest.mark.parametrize(("qubits", "coupling"), [(3, "line"), (3, [[0, 2], [1, 2]]), (4, "line")])
def test_images_of_paulis_are_uniform_on_more_qubits(
    instructions: Any, sampler: Any, generator: Any, deviation: Any, qubits: int, coupling: Any
) -> None:
    """X and Z of each qubit, and Y0 Y1 Y2, go to each signed Pauli equally often; products of two
    of them too. The order is that of the group: prod 2 (4**k - 1) 4**k."""
    placed = instructions("clifford", qubits=qubits, coupling=coupling)
    made = generator(placed, "clifford_uniform", block=2048)
    order = 1
    for k in range(1, qubits + 1):
        order *= 2 * (4**k - 1) * 4**k
    assert sampler(placed, "clifford_uniform").order == order
    codes, _ = drawn(made, 8)
    paulis = [p for q in range(qubits) for p in generators(q)] + [0b1111110]
    for column in images(placed, codes, paulis).T:
        assert abs(deviation(column, 2 * (4**qubits - 1))) < 4.5


def test_pairs_of_images_are_uniform_on_three_qubits(
    instructions: Any, sampler: Any, deviation: Any
) -> None:
    """Where X and Z of a qubit go: 8,064 pairs of anticommuting signed Paulis."""
    from qframe import Draws

    placed = instructions("clifford", qubits=3, coupling="line")
    made = sampler(placed, "clifford_uniform")
    circuits = made.sample(Draws(1, 0, 100_000))
    codes = circuits.codes.astype(np.int64)
    codes[np.arange(codes.shape[1]) >= circuits.lengths[:, None]] = len(placed)
    for qubit in range(3):
        pairs = images(placed, codes, generators(qubit))
        assert abs(deviation(pairs[:, 0] * 128 + pairs[:, 1], 8064)) < 4.5
    # Which of its qubit's images goes with which of another's: commuting signed Paulis.
    both = images(placed, codes, [generators(0)[0], generators(2)[0]])
    assert abs(deviation(both[:, 0] * 128 + both[:, 1], 126 * 60)) < 4.5


def test_the_action_is_that_of_the_matrix(instructions: Any) -> None:
    placed = instructions(
        "clifford", qubits=2, gates=["h", "s", "sdg", "sx", "x", "y", "z", "cx", "cz", "swap"]
    )
    single: list[Any] = [np.eye(2), [[0, 1], [1, 0]], [[1, 0], [0, -1]], [[0, -1j], [1j, 0]]]
    paulis = [np.kron(single[b], single[a]) for b, a in product(range(4), repeat=2)]
    for code in range(len(placed)):
        gate = placed.matrices[code]
        action = pauli_action(placed, code)
        for number, pauli in enumerate(paulis):
            image = int(action[2 * number])
            want = (-1) ** (image & 1) * paulis[image >> 1]
            assert np.allclose(gate @ pauli @ gate.conj().T, want, atol=1e-12)
            assert action[2 * number + 1] == image ^ 1


def test_gates_that_are_not_clifford_are_left_out(instructions: Any, sampler: Any) -> None:
    placed = instructions("clifford_t", qubits=2)
    names = {placed.instructions[code].gate for code in clifford_codes(placed)}
    assert names == {"h", "s", "sdg", "x", "cx"}


@pytest.mark.parametrize(
    ("gate_set", "message"),
    [
        ({"qubits": 1, "gates": ["h"]}, "do not generate the Clifford group"),
        ({"qubits": 2, "gates": ["h", "s", "swap"]}, "do not generate the Clifford group"),
        ({"qubits": 3, "coupling": [[0, 1]]}, "do not generate the Clifford group"),
        ({"qubits": 5}, "got 5 qubits, want at most 4"),
    ],
)
def test_what_it_needs_is_named(
    instructions: Any, sampler: Any, gate_set: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        sampler(instructions("clifford", **gate_set), "clifford_uniform")
