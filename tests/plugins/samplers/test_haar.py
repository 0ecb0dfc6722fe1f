from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np
import pytest

import qframe
from qframe import Draws


@pytest.mark.parametrize("qubits", [1, 2, 3, 6])
def test_unitary_and_without_circuit(instructions: Any, sampler: Any, qubits: int) -> None:
    made = sampler(instructions("clifford_t", qubits=qubits), "haar").sample(Draws(1, 0, 16))
    u = made.unitaries
    assert np.abs(u.conj().transpose(0, 2, 1) @ u - np.eye(2**qubits)).max() < 4e-15
    assert not made.lengths.any()


@pytest.mark.parametrize("qubits", [1, 2])
@pytest.mark.parametrize("turn", [False, True])
def test_moments_of_the_trace(instructions: Any, sampler: Any, qubits: int, turn: bool) -> None:
    """E |tr VU|^(2k) = k! for k <= d and any fixed V (Diaconis and Shahshahani, 1994); six standard
    errors. E (tr VU)^2 = 0: the phase is random too."""
    placed = instructions("clifford_t", qubits=qubits)
    u = sampler(placed, "haar").sample(Draws(1, 0, 60_000)).unitaries
    if turn:
        u = placed.matrices[0] @ placed.matrices[1] @ u
    trace = np.trace(u, axis1=1, axis2=2)
    for k in range(1, 2**qubits + 1):
        moment = np.abs(trace) ** (2 * k)
        assert abs(moment.mean() - factorial(k)) < 6 * moment.std() / np.sqrt(len(u))
    assert abs((trace**2).mean()) < 6 * np.abs(trace**2).std() / np.sqrt(len(u))


def test_entries_of_one_qubit(instructions: Any, sampler: Any, deviation: Any) -> None:
    """|U_rc|^2 is uniform on [0, 1] and the entries' phases on the circle."""
    placed = instructions("clifford_t", qubits=1)
    u = sampler(placed, "haar").sample(Draws(2, 0, 50_000)).unitaries
    for r, c in np.ndindex(2, 2):
        assert abs(deviation((np.abs(u[:, r, c]) ** 2 * 100).astype(int).tolist(), 100)) < 4.5
        turns = np.angle(u[:, r, c]) / (2 * np.pi) % 1
        assert abs(deviation((turns * 100).astype(int).tolist(), 100)) < 4.5


def test_complex64_is_the_double_rounded_once(config: Any, run_qframe: Any, tmp_path: Any) -> None:
    """And a stored dataset has what `sample` gave."""
    for dtype in ("complex64", "complex128"):
        path = config(f"{dtype}.yaml", sampler="haar", dtype=dtype, output=tmp_path / dtype)
        run_qframe(path, "records=5000")
    with qframe.open(tmp_path / "complex64") as single, qframe.open(tmp_path / "complex128") as ds:
        for i in (0, 4095, 4096, 4999):
            assert (single[i].unitary == ds[i].unitary.astype(np.complex64)).all()
