"""`haar` by hand: moduli, phases by rejection, and orthonormal columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from math import sqrt

from tests.law.by_hand.basis import Basis, Row


class Haar(Basis):
    """Unitaries without circuits."""

    @cached_property
    def _phases(self) -> Callable[[int], dict[int, tuple[float, float]]]:
        def phases(block: int) -> dict[int, tuple[float, float]]:
            found: dict[int, tuple[float, float]] = {}
            pending = list(range(self.dim**2 * self.block))
            stream = 1
            while pending:
                raw, count, still = self.raw(block, stream), len(pending), []
                for k, number in enumerate(pending):
                    a, b = ((raw(n) >> 11) * 2.0**-52 - 1 for n in (k, count + k))
                    square = a * a + b * b
                    if 2.0**-60 < square <= 1:
                        found[number] = (a / sqrt(square), b / sqrt(square))
                    else:
                        still.append(number)
                pending, stream = still, stream + 1
            return found

        return cache(phases)

    def row(self, i: int) -> Row:
        block, j = divmod(i, self.block)
        raw, d = self.raw(block, 0), self.dim
        done: list[tuple[list[float], list[float]]] = []
        for c in range(d):
            numbers = [(c * (d - 1) + m) * self.block + j for m in range(d - 1)]
            cuts = [0.0, *sorted((raw(number) >> 11) * 2.0**-53 for number in numbers), 1.0]
            sizes = [sqrt(cuts[e + 1] - cuts[e]) for e in range(d)]
            phases = [self._phases(block)[(c * d + e) * self.block + j] for e in range(d)]
            re = [size * phase[0] for size, phase in zip(sizes, phases, strict=True)]
            im = [size * phase[1] for size, phase in zip(sizes, phases, strict=True)]
            for _ in range(2):
                for o_re, o_im in done:
                    dot_re = _dot(o_re, re) + _dot(o_im, im)
                    dot_im = _dot(o_re, im) - _dot(o_im, re)
                    pairs = list(zip(o_re, o_im, re, im, strict=True))
                    re = [x - (a * dot_re - b * dot_im) for a, b, x, _ in pairs]
                    im = [y - (a * dot_im + b * dot_re) for a, b, _, y in pairs]
                norm = sqrt(_dot(re, re) + _dot(im, im))
                re, im = [x / norm for x in re], [y / norm for y in im]
            done.append((re, im))
        unitary = [[complex(done[c][0][r], done[c][1][r]) for c in self.dims] for r in self.dims]
        return Row([], self.stored(unitary), {})


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    total = a[0] * b[0]
    for x, y in zip(a[1:], b[1:], strict=True):
        total = total + x * y
    return total
