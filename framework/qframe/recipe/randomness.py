"""Draws: the random words and integers of a block, made from raw words of Philox alone.

The key of Philox4x64 is the first 16 bytes, read as two little-endian words, of the SHA-256 over
the recipe's namespace (32 bytes), its seed and the number of the stream (8 bytes each,
little-endian). The counter is set to `(0, block, 0, 0)`; NumPy adds 1 before the first words.

NumPy promises the stream of raw words of a bit generator, and not that of `Generator.integers`. So
the map from a word `r` to integers is our own, and part of the law:

    x = floor(r * N**2 / 2**64),  first = x // N,  second = x % N,  N = base**t

Here `t` is the largest number with `base**t <= 2**16`. Both `first` and `second` are read as `t`
digits in `base`, most significant first. The `N**2 <= 2**32` outcomes share the `2**64` words
evenly up to one word, so the probability of each is off by less than one part in 2**32.
"""

from __future__ import annotations

import hashlib
import threading
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe.integers import checked_integer

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)

_FIELDS = {3: ("<u4", "<u2"), 5: ("<u8", "<u2"), 6: ("<u8", "<u4")}
"""By the bytes of a row of digits: two integer dtypes that together are as wide as two rows."""


class Draws:
    """The random words and integers of one block: a pure function of recipe, block and stream.

    Args:
        seed: the recipe's seed, 0 to 2**64 - 1.
        block: number of the block.
        size: number of records of a full block. Every block is drawn in full, also one of which
            fewer records are stored.
        namespace: what else decides the circuits (`Recipe.namespace`), so that two recipes with
            one seed share no words.
    """

    def __init__(self, seed: int, block: int, size: int, namespace: bytes = b"") -> None:
        self.seed = seed
        self.block = block
        self.size = size
        self.namespace = namespace

    @property
    def first(self) -> int:
        """Index of the block's first record in the dataset, for samplers that enumerate."""
        return self.block * self.size

    def words(self, count: int, stream: int) -> NDArray[np.uint64]:
        """Raw 64-bit words, `(count,)` `uint64`.

        Args:
            count: number of words.
            stream: number of the stream. Streams are independent; use one per quantity drawn.

        Raises:
            TypeError: for an argument that is no integer, such as True.
            ValueError: for one that is out of range.
        """
        key = _key(self.namespace, self.seed, checked_integer(stream, "stream", least=0))
        return _philox(key, self.block).random_raw(checked_integer(count, "count", least=0))

    def integers(self, base: int, count: int, stream: int) -> NDArray[Any]:
        """Independent uniform integers in `[0, base)`, `(count,)`.

        They are `uint8` if base <= 256, else `uint16`.

        Args:
            base: 1 to 65,536.
            count: number of integers.
            stream: number of the stream. Streams are independent; use one per quantity drawn.

        Raises:
            TypeError: for an argument that is no integer, such as True.
            ValueError: for one that is out of range.
        """
        count = checked_integer(count, "count", least=0)
        words, width = digit_table(checked_integer(base, "base")).shape
        first, second = _pairs(self.words(-(-count // (2 * width)), stream), words)
        return _digits(base, first, second)[:count]


@lru_cache(maxsize=64)
def _key(namespace: bytes, seed: int, stream: int) -> NDArray[np.uint64]:
    """Philox's key: the first 16 bytes of the SHA-256 of namespace, seed and stream."""
    numbers = seed.to_bytes(8, "little") + stream.to_bytes(8, "little")
    digest = hashlib.sha256(namespace + numbers).digest()
    return np.frombuffer(digest[:16], dtype="<u8").astype(np.uint64)


_of_thread = threading.local()
"""A Philox for each thread: to make one takes as long as 2,000 of its words."""


def _philox(key: NDArray[np.uint64], block: int) -> np.random.Philox:
    """Philox with this key, at the start of a block. The next call changes it."""
    if not hasattr(_of_thread, "bits"):
        _of_thread.bits = np.random.Philox()
    bits: np.random.Philox = _of_thread.bits
    bits.state = {
        "bit_generator": "Philox",
        "state": {"counter": np.array([0, block, 0, 0], dtype=np.uint64), "key": key},
        "buffer": np.zeros(4, dtype=np.uint64),
        "buffer_pos": 4,  # nothing is left in it
        "has_uint32": 0,
        "uinteger": 0,
    }
    return bits


def _pairs(raw: NDArray[np.uint64], n: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Two uniform integers in `[0, n)` from each raw word: `first` and `second` of the law."""
    high, low = raw >> _HALF, raw & _LOW
    high *= np.uint64(n * n)
    low *= np.uint64(n * n)
    low >>= _HALF
    high += low
    high >>= _HALF
    rest = high.astype(np.uint32)
    first = rest // np.uint32(n)
    rest -= first * np.uint32(n)
    return first, rest


def _digits(base: int, first: NDArray[np.uint32], second: NDArray[np.uint32]) -> NDArray[Any]:
    """The digits of `first[0]`, `second[0]`, `first[1]`, ..., one after the other.

    NumPy copies a row of 3, 5 or 6 bytes with a call, and one of 8 bytes with an instruction. So
    two rows are joined by shifts, which halves the cost of a digit (measured).
    """
    table = digit_table(base)
    width = table.shape[1] * table.itemsize
    if width not in _FIELDS:
        order = np.empty((len(first), 2), dtype=np.intp)
        order[:, 0], order[:, 1] = first, second
        return table.take(order.reshape(-1), axis=0).reshape(-1)
    low, high = map(np.dtype, _FIELDS[width])
    rows = _row_table(base)
    left, right = rows.take(first), rows.take(second)
    both = np.empty(len(left), dtype=[("low", low), ("high", high)])
    left |= right << np.uint64(8 * width)
    right >>= np.uint64(8 * (low.itemsize - width))
    both["low"], both["high"] = left, right
    return both.view(table.dtype)


@lru_cache(maxsize=16)
def _row_table(base: int) -> NDArray[np.uint64]:
    """The rows of `digit_table` as integers; the first digit is the lowest byte."""
    table = digit_table(base)
    rows = np.zeros((len(table), 8), dtype=np.uint8)
    rows[:, : table.shape[1]] = table
    return rows.view("<u8").reshape(-1).astype(np.uint64)


@lru_cache(maxsize=16)
def digit_table(base: int) -> NDArray[Any]:
    """All numbers of `t` digits, `(base**t, t)`: row `w` holds the digits of `w` in `base`.

    The most significant digit comes first.
    """
    if not 1 <= base <= 1 << 16:
        raise ValueError(f"base is {base}, want 1 to 65536")
    width = 1
    while base > 1 and base ** (width + 1) <= 1 << 16:
        width += 1
    powers = base ** np.arange(width - 1, -1, -1, dtype=np.int64)
    digits = np.arange(base**width)[:, None] // powers % base
    return digits.astype(np.uint8 if base <= 256 else np.uint16)
