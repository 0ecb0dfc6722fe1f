"""`clifford_uniform`, `matsumoto_amano` and `t_count` by hand: circuits of Clifford gates and T."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import combinations, islice
from math import comb, sqrt

from tests.law.by_hand.basis import Basis, Matrix, Row, law
from tests.law.by_hand.paulis import action

R = sqrt(0.5)

STANDARD: dict[str, Matrix] = {
    "h": [[R, R], [R, -R]],
    "s": [[1, 0], [0, 1j]],
    "t": [[1, 0], [0, complex(R, R)]],
    "tdg": [[1, 0], [0, complex(R, -R)]],
}


class CliffordGates(Basis):
    """Tables of Clifford words, and codes of standard gates."""

    @cached_property
    def _actions(self) -> dict[int, list[int]]:
        found = {c: action(self.matrices[c]) for c in self.codes}
        return {c: images for c, images in found.items() if images is not None}

    def _clifford_words(self, on: set[int], of: Sequence[int]) -> list[tuple[int, ...]]:
        seeds = tuple(2 ** (1 + 2 * q + z) for q in of for z in (0, 1))
        words: dict[tuple[int, ...], tuple[int, ...]] = {seeds: ()}
        last = [seeds]
        while last:
            new = []
            for images in last:
                for code, image_of in self._actions.items():
                    after = tuple(image_of[p] for p in images)
                    if on.issuperset(self.qubits[code]) and after not in words:
                        words[after] = (*words[images], code)
                        new.append(after)
            last = new
        return list(words.values())

    @cached_property
    def _tables(self) -> list[list[tuple[int, ...]]]:
        on, noted = set(range(self.recipe["gate_set"]["qubits"])), []
        while len(on) > 2:
            last = next((q for q in sorted(on, reverse=True) if self._connected(on - {q})), None)
            if last is None:
                break
            noted.append(self._clifford_words(on, [last]))
            on = on - {last}
        return [self._clifford_words(on, sorted(on)), *reversed(noted)]

    def _connected(self, on: set[int]) -> bool:
        reached = {min(on)}
        for _ in on:
            for edge in self.qubits:
                if on.issuperset(edge) and reached & {*edge}:
                    reached |= {*edge}
        return reached == on

    def _code_of(self, name: str) -> int:
        found = [c for c in self.codes if _equal_up_to_phase(self.matrices[c], STANDARD[name])]
        return min(found, key=lambda c: (self.names[c] != name, c))

    def _acts_as(self, code: int, name: str) -> bool:
        # Of the gate sets here, no gate on several qubits leaves one of them alone.
        [[a, b], [c, d]] = STANDARD[name]
        pairs = [[[z.real, z.imag] for z in row] for row in ((a, b), (c, d))]
        on = self.qubits[code]
        want = law.placed(pairs, on, self.dim) if len(on) == 1 else None
        return want is not None and _equal_up_to_phase(self.matrices[code], want)


class CliffordUniform(CliffordGates):
    """A word of each table, one after the other."""

    def row(self, i: int) -> Row:
        block, j = divmod(i, self.block)
        chosen = [
            table[self.raw(block, stream)(j) * len(table) >> 64]
            for stream, table in enumerate(self._tables)
        ]
        return self.circuit([code for word in chosen for code in word])


class MatsumotoAmano(CliffordGates):
    """A Clifford word, syllables, and T or nothing."""

    def row(self, i: int) -> Row:
        [cliffords] = self._tables
        h, s, t = (self._code_of(name) for name in ("h", "s", "t"))
        count = self.options["t_count"]
        block, j = divmod(i, self.block)
        if self.options["mode"] == "uniform":
            e = law.integer(self.raw(block, 0), j, 72)
            clifford, leads = e % 24, e < 24 and count > 0
            rest = count - leads
            bits = [self._byte(block, k // 8 * self.block + j) >> k % 8 & 1 for k in range(rest)]
        else:
            core, clifford = divmod(i, 24)
            rest, leads, bits = 0, False, []
            if core:
                n = max(n for n in range(1, count + 1) if core >= 3 * 2 ** (n - 1) - 2)
                v = core - (3 * 2 ** (n - 1) - 2)
                leads = v < 2 ** (n - 1)
                rest, v = (n - 1, v) if leads else (n, v - 2 ** (n - 1))
                bits = [v >> k & 1 for k in range(rest)]
        codes = list(cliffords[clifford])
        for bit in bits:
            codes += [t, h, s] if bit else [t, h]
        return self.circuit(codes + [t] * leads)

    def _byte(self, block: int, place: int) -> int:
        return self.raw(block, 1)(place // 8) >> 8 * (place % 8) & 255


class TCount(CliffordGates):
    """T gates at chosen places, and Clifford gates at the others."""

    def row(self, i: int) -> Row:
        block, j = divmod(i, self.block)
        length, count = self.options["length"], self.options["t_count"]
        ts = [c for c in self.codes if any(self._acts_as(c, name) for name in ("t", "tdg"))]
        cliffords = list(self._actions)
        subsets = comb(length, count)
        if length * subsets <= 2**20:
            which = law.integer(self.raw(block, 2), j, subsets)
            places = {*next(islice(combinations(range(length), count), which, None))}
        else:
            places, left = set(), count
            for k in range(length):
                if self.half(block, 2, k * self.block + j) * (length - k) >> 32 < left:
                    places.add(k)
                    left -= 1
        codes = []
        for k in range(length):
            chosen, stream = (ts, 1) if k in places else (cliffords, 0)
            place = law.integer(self.raw(block, stream), j * length + k, len(chosen))
            codes.append(chosen[place])
        return self.circuit(codes)


def _equal_up_to_phase(a: Matrix, b: Matrix) -> bool:
    if len(a) != len(b):
        return False
    pairs = [(x, complex(y)) for p, q in zip(a, b, strict=True) for x, y in zip(p, q, strict=True)]
    overlap = sum(x * y.conjugate() for x, y in pairs)
    turn = overlap / abs(overlap) if overlap else 1
    return max(abs(x - turn * y) for x, y in pairs) <= 1e-9
