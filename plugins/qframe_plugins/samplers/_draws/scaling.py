"""Raw random words as numbers in `[0, n)`: the integer part and 32 bits of the fraction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HALF = np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)


def scaled(
    words: NDArray[np.uint64], n: NDArray[np.uint64] | np.uint64
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """`r * n / 2**64` for raw 64-bit words `r`: its floor, and the first 32 bits of the fraction.

    `n` is 1 to 2**31. Each integer has the probability `1/n`, to within `2**-32 / n`.
    """
    x = (words >> HALF) * n + (((words & LOW) * n) >> HALF)
    return x >> HALF, x & LOW
