"""Samplers of words by hand: independent codes, allowed words, and walks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, cached_property
from typing import Any

from tests.law.by_hand.basis import Basis, Matrix, Row, law

State = frozenset[int]


class Enumerate(Basis):
    """Record i is the i-th allowed word."""

    @cached_property
    def _inverse(self) -> list[set[int]]:
        phase = self.options["phase"]
        return [
            {b for b in self.codes if _is_one(law.after(a, self.matrices[b]), phase)}
            for a in self.matrices
        ]

    def _allowed(self, state: State) -> Iterator[tuple[int, State]]:
        for c in self.codes:
            if c not in state:
                apart = {b for b in self.codes if not {*self.qubits[b]} & {*self.qubits[c]}}
                if not self.options["canonical_order"]:
                    apart = set()
                after = {b for b in apart if b in state or b < c} | self._inverse[c]
                yield c, frozenset(after if self.options["reduced"] else ())

    @cached_property
    def _arrows(self) -> Callable[[State], list[tuple[int, State]]]:
        return cache(lambda state: list(self._allowed(state)))

    @cached_property
    def _count(self) -> Callable[[int, State], int]:
        @cache
        def count(length: int, state: State) -> int:
            if not length:
                return 1
            return sum(count(length - 1, after) for _, after in self._arrows(state))

        return count

    def row(self, i: int) -> Row:
        state: State = frozenset()
        length, rank = self.options["min_length"], i
        while rank >= self._count(length, state):
            rank -= self._count(length, state)
            length += 1
        codes = [0] * length
        for place in range(length):
            length -= 1
            for code, after in self._arrows(state):
                codes[place] = code
                if rank < self._count(length, after):
                    break
                rank -= self._count(length, after)
            state = after
        return self.circuit(codes)


class Uniform(Basis):
    """Independent codes."""

    def row(self, i: int) -> Row:
        block, j = divmod(i, self.block)
        low, high = self.lengths
        length = low + law.integer(self.raw(block, 1), j, high - low + 1)
        return self.circuit([self.weighted(block, j * high + k) for k in range(length)])


class NonBacktracking(Basis):
    """Uniform words without a code after its inverse."""

    @cached_property
    def _words(self) -> Any:
        options = {key: self.options[key] for key in ("phase", "canonical_order")}
        return law.reduced_words(self.matrices, self.placed, *self.lengths, options)

    def row(self, i: int) -> Row:
        block, j = divmod(i, self.block)
        low, high = self.lengths
        length, raw = low + law.integer(self.raw(block, 1), j, high - low + 1), self.raw(block, 0)
        return self.circuit(self._words(lambda k: raw(k * self.block + j), length))


class Walk(Basis):
    """Each prefix of a walk is a record."""

    @cached_property
    def _walks_words(self) -> Any:
        options = {"phase": self.options["phase"], "canonical_order": False}
        length = self.options["length"]
        return law.reduced_words(self.matrices, self.placed, length, length, options)

    def row(self, i: int) -> Row:
        block, j = divmod(i, self.block)
        length = self.options["length"]
        walk, step = divmod(j, length)
        if self.options["non_backtracking"]:
            walks, raw = -(-self.block // length), self.raw(block, 0)
            codes = list(self._walks_words(lambda k: raw(k * walks + walk), length))
        else:
            codes = [self.weighted(block, walk * length + k) for k in range(length)]
        code_format = "B" if len(self.codes) <= 256 else "H"
        more = {"parent": ("q", i - 1 if step else -1), "gate": (code_format, codes[step])}
        return self.circuit(codes[: step + 1], more)


def _is_one(matrix: Matrix, phase: str) -> bool:
    one = 1 if phase == "exact" else matrix[0][0]
    entries = [z - one * (r == c) for r, row in enumerate(matrix) for c, z in enumerate(row)]
    return max(map(abs, entries)) <= 1e-12
