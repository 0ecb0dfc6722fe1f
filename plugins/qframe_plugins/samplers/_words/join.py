"""Tables of words, and circuits joined from words of unequal lengths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe import Circuits
from qframe_plugins.samplers._draws.lengths import length_dtype


@dataclass(frozen=True)
class Words:
    """A table of words.

    Attributes:
        codes: `(n, width)`, C order; 0 after the end of a word.
        lengths: `(n,)` `intp`, in codes.
    """

    codes: NDArray[Any]
    lengths: NDArray[np.intp]

    @classmethod
    def table(cls, words: Iterable[Sequence[int]], dtype: np.dtype[Any]) -> Words:
        """The table of the given words, in their order."""
        rows = list(words)
        codes = np.zeros((len(rows), max(1, *map(len, rows))), dtype=dtype)
        for row, word in zip(codes, rows, strict=True):
            row[: len(word)] = word
        return cls(codes, np.array([len(word) for word in rows], dtype=np.intp))

    @property
    def longest(self) -> int:
        """Codes of the longest word."""
        return int(self.lengths.max(initial=0))


def join(parts: Sequence[tuple[Words, NDArray[Any]]], width: int, dtype: np.dtype[Any]) -> Circuits:
    """Circuits that are a word of the first table, then a word of the second, and so on.

    There is no loop over records: each part is one indexed assignment of whole words, at the
    places that the records have reached. Zeros after the end of a word are overwritten by the next.

    Args:
        parts: tables, each with an integer array `(records,)` that chooses a word per record.
        width: gates of the longest circuit.
        dtype: of the codes.
    """
    records = len(parts[0][1])
    pitch = width + max(words.codes.shape[1] for words, _ in parts)
    buffer = np.zeros((records + 1) * pitch, dtype=dtype)
    start = np.arange(records, dtype=np.intp) * pitch
    at = start.copy()
    for words, index in parts:
        whole = np.dtype((np.void, words.codes.shape[1] * dtype.itemsize))
        places: NDArray[Any] = np.ndarray(
            (records * pitch,), dtype=whole, buffer=buffer, strides=(dtype.itemsize,)
        )
        places[at] = words.codes.view(whole).reshape(-1).take(index)
        at += words.lengths.take(index)
    codes = buffer[: records * pitch].reshape(records, pitch)[:, :width]
    return Circuits(np.ascontiguousarray(codes), (at - start).astype(length_dtype(width)))
