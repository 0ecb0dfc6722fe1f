"""Gate: a named unitary on one or more qubits, checked when it is made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qframe.errors import ConfigError
from qframe.rings.exact_matrix import ExactMatrix
from qframe.rings.recognition import recognise
from qframe.rings.ring import Ring

UNITARY_TOLERANCE = 1e-12
"""Largest allowed entry of |U†U - 1| in a gate matrix (double precision, up to 64 x 64)."""


MOST_CHARACTERS = 64
"""Characters of the longest name of a gate."""


class Gate:
    """A named unitary on one or more qubits.

    Args:
        name: OpenQASM's name if it has one (`h`, `sdg`, `cx`).
        matrix: `(2**k, 2**k)` complex. The gate's *first* qubit is the least significant bit of
            the row and column index (Qiskit's order).
        exact: the entries of the matrix in a ring, for `arithmetic: exact` and exact keys. If it
            is left out, entries that are small numbers of a ring are recognised all the same.

    Raises:
        ConfigError: naming the gate, if its name is not 1 to `MOST_CHARACTERS` printable
            characters, if the matrix is not square, not finite, not a power of two wide, or not
            unitary to `UNITARY_TOLERANCE`, or if `exact` is another matrix.
    """

    def __init__(self, name: str, matrix: ArrayLike, exact: ExactMatrix | None = None) -> None:
        self.name = _checked_name(name)
        self.matrix: NDArray[np.complex128] = _checked_matrix(name, matrix)
        self.qubits: int = self.matrix.shape[0].bit_length() - 1
        self.exact = exact
        if exact is not None:
            exact.check(name, self.matrix)

    def exact_in(self, ring: Ring) -> ExactMatrix | None:
        """The entries in a ring, as declared or else as recognised; None if they are not in it."""
        if self.exact is not None:
            return self.exact if self.exact.ring is ring else None
        return recognise(self.matrix, ring)

    def __repr__(self) -> str:
        return f"Gate({self.name!r}, qubits={self.qubits})"


def check_names(gates: Sequence[Gate]) -> None:
    """Refuses gates of which two have one name.

    Raises:
        ConfigError: naming both.
    """
    places: dict[str, int] = {}
    for place, gate in enumerate(gates, 1):
        first = places.setdefault(gate.name, place)
        if first != place:
            raise ConfigError(
                f"two gates are named {gate.name!r}: gate {first} and gate {place} of {len(gates)}",
                hint="give each gate a name of its own, or leave one out",
            )


def _checked_name(name: str) -> str:
    """The name, if it can be shown in tables and drawings as it is."""
    if not isinstance(name, str):
        raise ConfigError(f"the name of a gate is {name!r}, want a text")
    if not (1 <= len(name) <= MOST_CHARACTERS and name.isprintable() and name == name.strip()):
        shown = repr(name if len(name) <= MOST_CHARACTERS else name[:MOST_CHARACTERS] + "...")
        raise ConfigError(
            f"the name of a gate is {shown}, want 1 to {MOST_CHARACTERS} printable characters "
            "without a space at either end"
        )
    return name


def _checked_matrix(name: str, matrix: ArrayLike) -> NDArray[np.complex128]:
    try:
        value = np.array(matrix, dtype=np.complex128, order="C")
    except (TypeError, ValueError) as cause:
        raise ConfigError(f"gate {name!r}: its matrix is not made of numbers ({cause})") from None
    if value.ndim != 2 or value.shape[0] != value.shape[1]:
        raise ConfigError(f"gate {name!r}: matrix has shape {value.shape}, want a square one")
    size = value.shape[0]
    if size < 2 or size & (size - 1):
        raise ConfigError(f"gate {name!r}: matrix is {size} x {size}, want 2, 4, 8, ... rows")
    if not np.isfinite(value).all():
        raise ConfigError(f"gate {name!r}: matrix holds NaN or infinity")
    deviation = float(np.abs(value.conj().T @ value - np.eye(size)).max())
    if deviation > UNITARY_TOLERANCE:
        raise ConfigError(
            f"gate {name!r} is not unitary: |U†U - 1| reaches {deviation:.3g}, "
            f"want at most {UNITARY_TOLERANCE:g}",
            hint="write entries to full precision, for example 1/sqrt(2) instead of 0.7071",
        )
    value += 0.0  # a negative zero becomes zero, so that equal matrices have equal bytes
    value.flags.writeable = False
    return value
