"""Unitaries from a table of the products of all words, many circuits at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe import InstructionSet

Planes = NDArray[np.float64]
"""Real or imaginary parts, entry by entry: `(dim, dim, n)`."""


class WordTable:
    """Products of every word of 0 to `fold` codes.

    A word `c0 c1 ... c(m-1)` stands at `offset[m] + c0 + c1*n + c2*n**2 + ...`: its first code is
    the least significant digit, so the zeros that pad a short last word change nothing.
    """

    def __init__(self, instructions: InstructionSet, fold: int) -> None:
        self.size = np.uint16(len(instructions))
        self.dim = instructions.dim
        self.fold = fold
        self.offsets = np.cumsum(
            [0] + [len(instructions) ** m for m in range(fold)], dtype=np.uint16
        )
        self.re, self.im = _products(instructions, fold)

    def multiply(self, codes: NDArray[Any], lengths: NDArray[Any], out: NDArray[Any]) -> None:
        """Writes the unitaries of `codes` `(n, width)` into `out` `(n, dim, dim)`."""
        words = self.words(codes, lengths)
        re, im = self._lookup(words[0])
        for word in words[1:]:
            re, im = product(*self._lookup(word), re, im)
        store(re, im, out)

    def words(self, codes: NDArray[Any], lengths: NDArray[Any]) -> list[NDArray[np.intp]]:
        """Table indices of each circuit's words: one `(n,)` array for each word position."""
        # The table has fewer than 2**16 entries, and narrow integers are quick to combine.
        positions = np.ascontiguousarray(codes.T).astype(np.uint16)
        longest = int(lengths.max(initial=0))
        shortest = int(lengths.min(initial=longest))
        found = []
        for start in range(0, max(longest, 1), self.fold):
            word = np.zeros(len(codes), dtype=np.uint16)
            for position in positions[start : start + self.fold][::-1]:
                word *= self.size
                word += position
            if shortest >= start + self.fold:
                word += self.offsets[self.fold]
            else:
                inside = np.clip(lengths.astype(np.int32) - start, 0, self.fold)
                word += self.offsets.take(inside)
            found.append(word.astype(np.intp))
        return found

    def _lookup(self, word: NDArray[np.intp]) -> tuple[Planes, Planes]:
        return self.re.take(word, axis=2), self.im.take(word, axis=2)


def _products(instructions: InstructionSet, fold: int) -> tuple[Planes, Planes]:
    """The table, word length by word length, each from the one before by the law's left fold."""
    gates = np.moveaxis(instructions.matrices, 0, -1)
    identity = np.eye(instructions.dim)[:, :, None]
    parts_re, parts_im = [identity], [np.zeros_like(identity)]
    for _ in range(fold):
        # The last gate of the word is the most significant digit, and acts from the left.
        shorter = parts_re[-1].shape[2]
        gate = np.repeat(gates, shorter, axis=2)
        re = np.tile(parts_re[-1], (1, 1, len(instructions)))
        im = np.tile(parts_im[-1], (1, 1, len(instructions)))
        re, im = product(
            np.ascontiguousarray(gate.real), np.ascontiguousarray(gate.imag), re, im
        )
        parts_re.append(re)
        parts_im.append(im)
    return np.concatenate(parts_re, axis=2), np.concatenate(parts_im, axis=2)


def product(a_re: Planes, a_im: Planes, b_re: Planes, b_im: Planes) -> tuple[Planes, Planes]:
    """`a @ b` for every circuit, each entry summed in index order (`qframe.arithmetic`)."""
    size = range(len(a_re))
    re, im = np.empty_like(b_re), np.empty_like(b_im)
    term = np.empty_like(b_re[0, 0])
    for r in size:
        for c in size:
            to_re, to_im = re[r, c], im[r, c]
            for k in size:
                if k == 0:
                    np.multiply(a_re[r, k], b_re[k, c], out=to_re)
                    np.multiply(a_re[r, k], b_im[k, c], out=to_im)
                else:
                    to_re += np.multiply(a_re[r, k], b_re[k, c], out=term)
                    to_im += np.multiply(a_re[r, k], b_im[k, c], out=term)
                to_re -= np.multiply(a_im[r, k], b_im[k, c], out=term)
                to_im += np.multiply(a_im[r, k], b_re[k, c], out=term)
    return re, im


def store(re: Planes, im: Planes, out: NDArray[Any]) -> None:
    """Planes `(dim, dim, n)` into unitaries `(n, dim, dim)`; adding zero clears negative zeros."""
    target = np.moveaxis(out, 0, -1)
    np.add(re, 0.0, out=target.real, casting="same_kind")
    np.add(im, 0.0, out=target.imag, casting="same_kind")
