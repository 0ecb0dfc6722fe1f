"""ExactMatrix: the exact entries of a gate, as a gate set declares them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.errors import ConfigError
from qframe.rings.registry import ring_named
from qframe.rings.ring import Integers, Ring
from qframe.rings.rounding import nearest_doubles

LARGEST_COEFFICIENT = 64
"""Largest coefficient of a gate's entry."""

LARGEST_EXPONENT = 8
"""Largest exponent of a gate.

With it, and with coefficients so small, what is unitary to 1e-12 is unitary: |UU† - 1| is a number
of the ring over `base**16`, and such a number is zero or larger than that.
"""

ENTRY_TOLERANCE = 4e-15
"""Largest difference between an exact entry of a gate and its double."""

Entry = int | Sequence[int]


class ExactMatrix:
    """The entries of a gate in a ring: `numbers / base**exponent`, brought to the least exponent.

    Args:
        ring: name of the ring (`qframe.rings`): `Z[w8]/sqrt2`, `Z[i]/sqrt5`, `Z[z10],sqrt(tau)`.
        entries: `(2**k, 2**k)` entries. Each is an integer, or its coefficients `[a_0, a_1, ...]`
            of the powers of the ring's root of unity. The gate's first qubit is the least
            significant bit of the row and column index.
        exponent: exponent of the denominator, the same for all entries.

    Raises:
        ConfigError: for an unknown ring, or entries that are not numbers of it.

    >>> h = ExactMatrix("Z[w8]/sqrt2", [[1, 1], [1, -1]], 1)
    >>> t = ExactMatrix("Z[w8]/sqrt2", [[1, 0], [0, [0, 1]]])
    """

    def __init__(self, ring: str, entries: Sequence[Sequence[Entry]], exponent: int = 0) -> None:
        self.ring: Ring = ring_named(ring)
        self.numbers: Integers = np.array(
            [[_coefficients(self.ring, entry) for entry in row] for row in entries], dtype=np.int64
        )
        if type(exponent) is not int or not 0 <= exponent <= LARGEST_EXPONENT:
            raise ConfigError(f"exponent is {exponent!r}, want 0 to {LARGEST_EXPONENT}")
        exponents = np.array([exponent], dtype=np.int64)
        self.ring.reduce(self.numbers[None], exponents)  # in place: the array is a view
        self.exponent = int(exponents[0])
        self.numbers.flags.writeable = False

    def to_data(self) -> dict[str, Any]:
        """Plain data for the recipe, which `from_data` reads back."""
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
        """Checks that these are the entries of `matrix`, with a determinant that is a root of 1.

        Raises:
            ConfigError: naming the gate.
        """
        if self.numbers.shape[:2] != matrix.shape:
            raise ConfigError(
                f"gate {gate!r}: exact entries are {self.numbers.shape[:2]}, want {matrix.shape}"
            )
        exponents = np.array([self.exponent], dtype=np.int64)
        doubles = nearest_doubles(self.ring, self.numbers[None], exponents)[0]
        away = np.abs(doubles - matrix).max()
        if away > ENTRY_TOLERANCE:
            raise ConfigError(f"gate {gate!r}: exact entries and matrix differ by {away:.3g}")
        turns = np.angle(np.linalg.det(matrix)) / (2 * np.pi) * self.ring.roots
        if abs(turns - round(turns)) > 1e-9:
            raise ConfigError(
                f"gate {gate!r}: its determinant is not a root of unity of {self.ring.name}, so "
                "phases could not be told exactly",
                hint="leave its exact entries out",
            )


def _coefficients(ring: Ring, entry: Entry) -> list[int]:
    coefficients = [entry] if isinstance(entry, int) else list(entry)
    small = all(type(a) is int and abs(a) <= LARGEST_COEFFICIENT for a in coefficients)
    if not small or not 1 <= len(coefficients) <= ring.degree:
        raise ConfigError(
            f"{entry!r} is not a number of {ring.name}, want at most {ring.degree} integers "
            f"within {LARGEST_COEFFICIENT}"
        )
    return coefficients + [0] * (ring.degree - len(coefficients))
