"""Signed Paulis by hand: their matrices, and what gates make of them."""

from __future__ import annotations

from tests.law.by_hand.basis import Matrix, law


def action(gate: Matrix) -> list[int] | None:
    """The image of each signed Pauli under a gate; None if it is no Clifford gate."""
    dim = len(gate)
    dagger = [[z.conjugate() for z in column] for column in zip(*gate, strict=True)]
    paulis = {number: _pauli(number, dim) for number in range(2 * dim * dim)}
    images = []
    for pauli in paulis.values():
        image = law.after(law.after(dagger, pauli), gate)
        x = max(range(dim), key=lambda row: abs(image[row][0]))
        alike = (n for n, other in paulis.items() if other[x][0] and _close(image, other))
        found = next(alike, None)
        if found is None:
            return None
        images.append(found)
    return images


def _pauli(number: int, dim: int) -> Matrix:
    """The matrix of a signed Pauli: on each qubit `X**x Z**z`, times i where both are set."""
    made = [[0j] * dim for _ in range(dim)]
    xs = zs = 0
    for q in range(dim.bit_length() - 1):
        xs |= (number >> (1 + 2 * q) & 1) << q
        zs |= (number >> (2 + 2 * q) & 1) << q
    phase = (1j) ** (xs & zs).bit_count() * (-1) ** (number & 1)
    for column in range(dim):
        made[column ^ xs][column] = phase * (-1) ** (column & zs).bit_count()
    return made


def _close(a: Matrix, b: Matrix) -> bool:
    return all(
        abs(x - y) <= 1e-9 for p, q in zip(a, b, strict=True) for x, y in zip(p, q, strict=True)
    )
