"""Finding circuits that extend the circuit before them, so that its product can be reused."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qframe import Circuits


def extends_previous(circuits: Circuits) -> NDArray[np.bool_]:
    """For each circuit whether its parent (`Circuits.parents`) is the circuit before it: `(n,)`."""
    if circuits.parents is None:
        return np.zeros(len(circuits), dtype=np.bool_)
    before = np.arange(-1, len(circuits) - 1)
    extends: NDArray[np.bool_] = (circuits.parents >= 0) & (circuits.parents == before)
    return extends
