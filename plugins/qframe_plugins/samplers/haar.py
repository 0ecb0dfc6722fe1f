"""Sampler `haar`: Haar-random unitaries, without circuits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qframe import Circuits, Draws, PluginOptions, Sampler, hookimpl

ComplexParts = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Real parts and imaginary parts; separate arrays, so that no product is fused with a sum."""

SIZES_STREAM, PHASES_STREAM = 0, 1
"""Streams of the block's randomness; each further try for the phases takes the next stream."""

SPACING = 2.0**-53
"""Distance of the 53-bit uniform numbers in `[0, 1)` that are drawn."""


class Haar(Sampler[PluginOptions]):
    """Unitaries from the Haar measure on U(d), with no circuit (length 0).

    YAML that selects it::

        sampler: haar

    For test sets, as in Moro et al. (arXiv:2105.15048). Of the gate set only the number of qubits
    counts.

    Columns are independent and uniform on the complex sphere, and then made orthogonal by the
    Gram-Schmidt method, twice. This is the construction of Mezzadri (arXiv:math-ph/0609050), in
    which the triangular factor has a positive diagonal. The squared moduli of a point of the sphere
    are uniform on the simplex (gaps between sorted uniform numbers); its phases are independent and
    uniform (a point of the disc, divided by its modulus). So `sqrt` and the four operations are
    enough, and every machine gives the same bits.
    """

    name = "haar"
    max_length = 1
    gives_unitaries = True

    def sample(self, draws: Draws) -> Circuits:
        """Moduli are drawn from stream 0, phases from stream 1 and following."""
        dim, n = self.instructions.dim, draws.size
        sizes = _sizes(draws, dim)
        phase = _phases(draws, dim * dim * n)
        shape = (dim, dim, n)  # column, row, record
        re, im = (sizes * part.reshape(shape) for part in phase)
        columns = list(zip(re, im, strict=True))
        unitaries = np.empty((n, dim, dim), dtype=np.complex128)
        for c, (real, imag) in enumerate(orthonormal(columns)):
            unitaries.real[:, :, c] = real.T
            unitaries.imag[:, :, c] = imag.T
        unitaries += 0.0  # no negative zeros, as in circuit_unitary
        codes = np.zeros((n, 1), dtype=self.instructions.code_dtype)
        return Circuits(codes, np.zeros(n, dtype=np.uint8), unitaries=unitaries)


def orthonormal(columns: list[ComplexParts]) -> Iterator[ComplexParts]:
    """The Gram-Schmidt method, applied twice, for the columns `(dim, n)` of n matrices at once."""
    done: list[ComplexParts] = []
    for column in columns:
        re, im = column
        for _ in range(2):
            for other_re, other_im in done:
                # (other^dagger column), then column - other * that.
                dot_re = _sum(other_re * re) + _sum(other_im * im)
                dot_im = _sum(other_re * im) - _sum(other_im * re)
                re = re - (other_re * dot_re - other_im * dot_im)
                im = im - (other_re * dot_im + other_im * dot_re)
            size = np.sqrt(_sum(re * re) + _sum(im * im))
            re, im = re / size, im / size
        done.append((re, im))
        yield re, im


def _sum(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum over the first axis, in index order (NumPy's own sum may pair terms)."""
    total: NDArray[np.float64] = rows[0]
    for row in rows[1:]:
        total = total + row
    return total


def _sizes(draws: Draws, dim: int) -> NDArray[np.float64]:
    """Moduli, the square roots of points uniform on the simplex: `(dim columns, dim rows, n)`."""
    cells = dim * (dim - 1) * draws.size
    cuts = (draws.words(cells, SIZES_STREAM) >> np.uint64(11)).astype(np.float64) * SPACING
    cuts = np.sort(cuts.reshape(dim, dim - 1, draws.size), axis=1)
    edge = np.zeros((dim, 1, draws.size))
    gaps = np.diff(cuts, axis=1, prepend=edge, append=edge + 1.0)
    made: NDArray[np.float64] = np.sqrt(gaps)
    return made


def _phases(draws: Draws, n: int) -> ComplexParts:
    """`n` uniform points of the unit circle, by rejection from the square."""
    re, im = np.empty(n), np.empty(n)
    pending = np.arange(n)
    stream = PHASES_STREAM
    while len(pending):
        raw = draws.words(2 * len(pending), stream) >> np.uint64(11)
        x = raw.astype(np.float64) * (2 * SPACING) - 1.0
        a, b = x[: len(pending)], x[len(pending) :]
        square = a * a + b * b
        good = (square <= 1.0) & (square > 2.0**-60)
        size = np.sqrt(square[good])
        re[pending[good]] = a[good] / size
        im[pending[good]] = b[good] / size
        pending = pending[~good]
        stream += 1
    return re, im


@hookimpl
def qframe_samplers() -> list[type[Sampler[Any]]]:
    return [Haar]
