"""Unitaries from a table of the products of all words, many circuits at once, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe import InstructionSet

MAX_TABLE_QUBITS = 2
"""Qubits up to which a table is used.

From three qubits on, applying a gate to the rows that it touches costs less than a dense product.
"""

Planes = NDArray[np.float64]
"""Real or imaginary parts of `n` matrices, entry by entry: `(dim, dim, n)`."""

Pair = tuple[Planes, Planes]
"""Real parts and imaginary parts of matrices."""

Buffers = tuple[Pair, Pair, Pair, Planes]
"""Three matrices per circuit, and one term of each entry."""


class WordTable:
    """The products of all words of 0 to `fold` codes.

    The word `c0 c1 ... c(m-1)` has index `offsets[m] + c0 + c1*n + c2*n**2 + ...`, where n is the
    number of instructions. Its first code is the least significant digit, so the zeros that pad a
    short last word change nothing.

    Attributes:
        re, im: `(dim, dim, words)`: real and imaginary parts of the products.
        offsets: `(fold + 1,)`: index of the first word of each length.
    """

    def __init__(self, instructions: InstructionSet, fold: int) -> None:
        entries = sum(len(instructions) ** m for m in range(fold + 1))
        # Narrow integers are quicker, and wide enough except for very many instructions.
        self.index = np.dtype(np.uint16 if entries <= 1 << 16 else np.uint32)
        self.size = self.index.type(len(instructions))
        self.dim = instructions.dim
        self.fold = fold
        self.offsets = np.cumsum(
            [0] + [len(instructions) ** m for m in range(fold)], dtype=self.index
        )
        self._buffers: dict[int, Buffers] = {}
        self.re, self.im = _products(instructions, fold)

    def multiply(self, codes: NDArray[Any], lengths: NDArray[Any], out: NDArray[Any]) -> None:
        """Writes the unitaries of `codes` `(n, width)` into `out` `(n, dim, dim)`."""
        words = self.words(codes, lengths)
        counts = -(-lengths.astype(np.intp) // self.fold)  # words in each circuit
        # On one qubit a product costs no more than the sorting that would save it (measured).
        if self.dim == 2 or int(counts.min(initial=len(words))) == len(words):
            self._multiply(words, out)
            return
        # The longest circuits first: circuits with a word at a position are then neighbours, and
        # no circuit is multiplied by the identity.
        order = np.argsort(counts.astype(np.uint16), kind="stable")[::-1]
        ends = np.cumsum(np.bincount(counts, minlength=len(words) + 1)[::-1])[::-1]
        reached = [word.take(order[: ends[k + 1] if k else None]) for k, word in enumerate(words)]
        sorted_out = np.empty_like(out)
        self._multiply(reached, sorted_out)
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        sorted_out.take(back, axis=0, out=out, mode="clip")

    def _multiply(self, words: list[NDArray[np.intp]], out: NDArray[Any]) -> None:
        """Multiplies words, and stores each circuit after its last word.

        `words[k]` has the k-th words of the first circuits: as many as `words[k - 1]`, or fewer.
        """
        now, after, word, term = self._buffers_for(len(out))
        active = len(words[0])
        self._lookup(words[0], *now)
        for indices in words[1:]:
            count = len(indices)
            if count < active:
                store(now[0][..., count:active], now[1][..., count:active], out[count:active])
                now, after = _cut(now, count), _cut(after, count)
                word = _narrow(word, count)
                active = count
            self._lookup(indices, *word)
            product(word, now, after, term[..., :count])
            now, after = after, now
        store(*now, out[:active])

    def _buffers_for(self, n: int) -> Buffers:
        """Buffers for `n` circuits, reused from chunk to chunk.

        Fresh memory of this size would come from the kernel each time, page by page.
        """
        if n not in self._buffers:
            shape = (self.dim, self.dim, n)
            pairs = [(np.empty(shape), np.empty(shape)) for _ in range(3)]
            self._buffers = {n: (pairs[0], pairs[1], pairs[2], np.empty(shape))}
        return self._buffers[n]

    def words(self, codes: NDArray[Any], lengths: NDArray[Any]) -> list[NDArray[np.intp]]:
        """Table indices of the circuits' words: an `(n,)` array for each word position."""
        positions = np.ascontiguousarray(codes.T).astype(self.index)
        longest = int(lengths.max(initial=0))
        shortest = int(lengths.min(initial=longest))
        found = []
        for start in range(0, max(longest, 1), self.fold):
            word = np.zeros(len(codes), dtype=self.index)
            for position in positions[start : start + self.fold][::-1]:
                word *= self.size
                word += position
            if shortest >= start + self.fold:
                word += self.offsets[self.fold]
            else:
                inside = np.clip(np.arange(-start, longest + 1 - start), 0, self.fold)
                word += self.offsets.take(inside).take(lengths)
            found.append(word.astype(np.intp))
        return found

    def _lookup(self, word: NDArray[np.intp], re: Planes, im: Planes) -> None:
        # "clip" never clips here; with it NumPy writes to `out` without a safety copy
        self.re.take(word, axis=2, out=re, mode="clip")
        self.im.take(word, axis=2, out=im, mode="clip")


def _cut(planes: Pair, count: int) -> Pair:
    """The planes of the first `count` circuits."""
    return planes[0][..., :count], planes[1][..., :count]


def _narrow(planes: Pair, count: int) -> Pair:
    """The memory of `planes`, for `count` circuits: contiguous, so `take` writes without a copy."""
    dim = len(planes[0])
    size = dim * dim * count
    re, im = (part.reshape(-1)[:size].reshape(dim, dim, count) for part in planes)
    return re, im


def _products(instructions: InstructionSet, fold: int) -> tuple[Planes, Planes]:
    """The table. The products of longer words are made from those of words one code shorter."""
    gates = np.moveaxis(instructions.matrices, 0, -1)
    identity = np.eye(instructions.dim)[:, :, None]
    parts_re, parts_im = [identity], [np.zeros_like(identity)]
    for _ in range(fold):
        # The last gate of the word is the most significant digit, and acts from the left.
        shorter = parts_re[-1].shape[2]
        gate = np.repeat(gates, shorter, axis=2)
        re = np.tile(parts_re[-1], (1, 1, len(instructions)))
        im = np.tile(parts_im[-1], (1, 1, len(instructions)))
        longer = np.empty_like(re), np.empty_like(im)
        left = np.ascontiguousarray(gate.real), np.ascontiguousarray(gate.imag)
        product(left, (re, im), longer, np.empty_like(re))
        re, im = longer
        parts_re.append(re)
        parts_im.append(im)
    return np.concatenate(parts_re, axis=2), np.concatenate(parts_im, axis=2)


def product(a: Pair, b: Pair, out: Pair, term: Planes) -> None:
    """Writes `a @ b` into `out`; each entry is summed as `qframe.circuits.arithmetic` demands.

    One call of NumPy does all entries of a term. Entry by entry it would be 400 calls for 4 x 4
    matrices, and no quicker with any number of circuits. `term` is a buffer for one term.
    """
    (a_re, a_im), (b_re, b_im), (re, im) = a, b, out
    for k in range(len(re)):
        left_re, left_im = a_re[:, k, None], a_im[:, k, None]  # column k of a, for each column of b
        if k == 0:
            np.multiply(left_re, b_re[k], out=re)
            np.multiply(left_re, b_im[k], out=im)
        else:
            re += np.multiply(left_re, b_re[k], out=term)
            im += np.multiply(left_re, b_im[k], out=term)
        re -= np.multiply(left_im, b_im[k], out=term)
        im += np.multiply(left_im, b_re[k], out=term)


def store(re: Planes, im: Planes, out: NDArray[Any]) -> None:
    """Writes planes `(dim, dim, n)` into `out` `(n, dim, dim)`.

    Adding zero makes negative zeros positive.
    """
    target = np.moveaxis(out, 0, -1)
    np.add(re, 0.0, out=target.real, casting="same_kind")
    np.add(im, 0.0, out=target.imag, casting="same_kind")
