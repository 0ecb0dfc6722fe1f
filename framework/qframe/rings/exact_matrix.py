"""The exact entries of a gate: what a gate set declares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.errors import ConfigError
from qframe.rings.registry import ring_named
from qframe.rings.ring import Integers, Ring

LARGEST = 64
"""Largest coefficient of a gate."""

LARGEST_EXPONENT = 8
"""With it, integers so small that what is unitary to 1e-12 is unitary: |UU† - 1| is a number of the
ring over `base**16`, and one that is not zero is not that small."""

CLOSE = 4e-15
"""Largest difference of a gate's exact entries and its doubles."""

Entry = int | Sequence[int]


class ExactMatrix:
    """Entries of a gate in a ring: `numbers / base**exponent`.

    Args:
        ring: name of the ring (`qframe.rings`): `Z[w8]/sqrt2`, `Z[i]/sqrt5`, `Z[z10],sqrt(tau)`.
        entries: `(2**k, 2**k)`, each an integer or its coefficients `[a_0, a_1, ...]` as powers of
            the ring's root of unity; the gate's first qubit is the least significant bit.
        exponent: of the denominator, the same for all entries.

    Raises:
        ConfigError: for an unknown ring, or entries that are not integers of it.

    >>> h = ExactMatrix("Z[w8]/sqrt2", [[1, 1], [1, -1]], 1)
    >>> t = ExactMatrix("Z[w8]/sqrt2", [[1, 0], [0, [0, 1]]])
    """

    def __init__(self, ring: str, entries: Sequence[Sequence[Entry]], exponent: int = 0) -> None:
        self.ring: Ring = ring_named(ring)
        self.numbers: Integers = np.array(
            [[_coefficients(self.ring, entry) for entry in row] for row in entries], dtype=np.int64
        )
        self.exponent = exponent
        if type(exponent) is not int or not 0 <= exponent <= LARGEST_EXPONENT:
            raise ConfigError(f"exponent is {exponent!r}, want 0 to {LARGEST_EXPONENT}")
        self.numbers.flags.writeable = False

    def to_data(self) -> dict[str, Any]:
        """Plain data for the recipe; `from_data` reads it back."""
        return {
            "ring": self.ring.name,
            "entries": self.numbers.tolist(),
            "exponent": self.exponent,
        }

    @classmethod
    def from_data(cls, data: Any) -> ExactMatrix:
        """The inverse of `to_data`."""
        return cls(data["ring"], data["entries"], data["exponent"])

    def check(self, gate: str, matrix: NDArray[np.complex128]) -> None:
        """Refuses entries that are not those of `matrix`, or a determinant that is no root of 1.

        Raises:
            ConfigError: naming the gate.
        """
        from qframe.rings.rounding import rounded

        if self.numbers.shape[:2] != matrix.shape:
            raise ConfigError(
                f"gate {gate!r}: exact entries are {self.numbers.shape[:2]}, want {matrix.shape}"
            )
        exponents = np.array([self.exponent], dtype=np.int64)
        away = np.abs(rounded(self.ring, self.numbers[None], exponents)[0] - matrix).max()
        if away > CLOSE:
            raise ConfigError(f"gate {gate!r}: exact entries and matrix differ by {away:.3g}")
        turns = np.angle(np.linalg.det(matrix)) / (2 * np.pi) * self.ring.roots
        if abs(turns - round(turns)) > 1e-9:
            raise ConfigError(
                f"gate {gate!r}: its determinant is not a root of unity of {self.ring.name}, so "
                "phases could not be told exactly",
                hint="leave its exact entries out",
            )


def _coefficients(ring: Ring, entry: Entry) -> list[int]:
    given = [entry] if isinstance(entry, int) else list(entry)
    whole = all(type(a) is int and abs(a) <= LARGEST for a in given)
    if not whole or not 1 <= len(given) <= ring.degree:
        raise ConfigError(
            f"{entry!r} is not a number of {ring.name}, want at most {ring.degree} integers "
            f"within {LARGEST}"
        )
    return given + [0] * (ring.degree - len(given))
