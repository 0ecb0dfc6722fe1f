"""Codes of a circuit, several in a byte: of 6 instructions three, so that 20 codes take 7 bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Packing:
    """`length` codes below `base` as base-`base` digits, the first code the least significant.

    A byte holds as many codes as `base**codes_a_byte <= 256` allows; one where that is none, and
    codes of two bytes stay as they are. The last byte is filled up with zeros.
    """

    base: int
    length: int

    @property
    def codes_a_byte(self) -> int:
        """1 (17 instructions and more) to 8 (2 instructions, or 1)."""
        count = 1
        while count < 8 and max(2, self.base) ** (count + 1) <= 256:
            count += 1
        return count

    @property
    def width(self) -> int:
        """Bytes a circuit."""
        return -(-self.length // self.codes_a_byte)

    @property
    def digit(self) -> int:
        """What a digit counts to; 2 where there is one instruction alone."""
        return max(2, self.base)

    def pack(self, codes: NDArray[Any]) -> NDArray[Any]:
        """`(n, length)` codes as `(n, width)` bytes."""
        step = self.codes_a_byte
        if step == 1:
            return codes
        packed = np.zeros((len(codes), self.width), dtype=np.uint8)
        for place in reversed(range(step)):
            packed *= self.digit
            part = codes[:, place::step]
            packed[:, : part.shape[1]] += part
        return packed

    def unpack(self, packed: NDArray[Any]) -> NDArray[Any]:
        """The inverse. Bytes that `pack` does not make give codes that no instruction has."""
        step = self.codes_a_byte
        if step == 1:
            return packed
        codes = np.empty((len(packed), self.width * step), dtype=np.uint8)
        rest = packed
        for place in range(step - 1):
            higher = rest // self.digit
            codes[:, place::step] = rest - higher * self.digit
            rest = higher
        codes[:, step - 1 :: step] = rest
        return np.ascontiguousarray(codes[:, : self.length])
