"""Packing several codes of a circuit into a byte; with 6 instructions a byte holds three codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Packing:
    """How circuits of `length` codes below `base` are packed into bytes.

    The codes of a byte are its digits in base `base`; the first code is the least significant. A
    byte holds as many codes as `base**codes_a_byte <= 256` allows, and at least one. The last byte
    is padded with zeros.

    Attributes:
        base: number of instructions.
        length: codes per circuit.
    """

    base: int
    length: int

    @property
    def codes_a_byte(self) -> int:
        """Codes per byte: from 1 (17 instructions or more) to 8 (2 instructions, or 1)."""
        count = 1
        while count < 8 and max(2, self.base) ** (count + 1) <= 256:
            count += 1
        return count

    @property
    def width(self) -> int:
        """Bytes per circuit."""
        return -(-self.length // self.codes_a_byte)

    @property
    def digit(self) -> int:
        """The base of the digits; 2 if there is only one instruction."""
        return max(2, self.base)

    def pack(self, codes: NDArray[Any]) -> NDArray[Any]:
        """Packs `(n, length)` codes into `(n, width)` bytes."""
        step = self.codes_a_byte
        if step == 1:
            return codes
        # The digits that begin at every code, in long loops over all codes; then each `step`-th is
        # taken. This takes a third of the time of short loops over the codes of one circuit.
        flat = np.zeros(codes.size + step - 1, dtype=np.uint8)
        flat[: codes.size] = codes.reshape(-1)
        digits = flat[step - 1 :].copy()
        for place in reversed(range(step - 1)):
            digits *= self.digit
            digits += flat[place : place + codes.size]
        packed = np.empty((len(codes), self.width), dtype=np.uint8)
        packed[:] = digits.reshape(codes.shape)[:, ::step]
        if self.length % step:  # not with the codes of the next circuit
            packed[:, -1] = 0
            for place in reversed(range(self.length - self.length % step, self.length)):
                packed[:, -1] *= self.digit
                packed[:, -1] += codes[:, place]
        return packed

    def unpack(self, packed: NDArray[Any]) -> NDArray[Any]:
        """Unpacks `(n, width)` bytes into `(n, length)` codes.

        A byte that `pack` never makes gives codes that no instruction has.
        """
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
