"""Raw words as points in `[0, n)`: the whole part and 32 bits of the fraction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HALF = np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)


def scaled(
    words: NDArray[np.uint64], n: NDArray[np.uint64] | np.uint64
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """`r * n / 2**64` for raw words `r`: its floor, and the next 32 bits below the point.

    `n` is 1 to 2**31. Each whole number has the probability `1/n` to within `2**-32 / n`.
    """
    x = (words >> HALF) * n + (((words & LOW) * n) >> HALF)
    return x >> HALF, x & LOW
