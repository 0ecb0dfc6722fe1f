"""The map from raw words to integers: the documented formula, and nothing else."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qframe import Draws

seeds = st.integers(0, 2**64 - 1)
blocks = st.integers(0, 2**63)
bases = st.one_of(st.integers(1, 300), st.integers(1, 1 << 16))


def raw_words(seed: int, block: int, stream: int, count: int, namespace: bytes = b"") -> list[int]:
    """Philox's stream, from NumPy's promise and the documented key alone."""
    text = namespace + seed.to_bytes(8, "little") + stream.to_bytes(8, "little")
    digest = hashlib.sha256(text).digest()
    key = [int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:16], "little")]
    bits = np.random.Philox(
        key=np.array(key, dtype=np.uint64),
        counter=np.array([0, block, 0, 0], dtype=np.uint64),
    )
    return [int(word) for word in bits.random_raw(count)]


def by_the_formula(words: list[int], base: int) -> list[int]:
    """`qframe.recipe.randomness`, word for word, in Python's unbounded integers."""
    t = max(t for t in range(1, 17) if base**t <= 2**16 and (base > 1 or t == 1))
    n = base**t
    found = []
    for r in words:
        x = r * n**2 // 2**64
        for half in (x // n, x % n):
            found += [half // base**place % base for place in range(t - 1, -1, -1)]
    return found


@given(seed=seeds, block=blocks, base=bases, count=st.integers(0, 200), stream=st.integers(0, 9))
def test_integers_follow_the_documented_formula(
    seed: int, block: int, base: int, count: int, stream: int
) -> None:
    got = Draws(seed, block, 4096).integers(base, count, stream)
    want = by_the_formula(raw_words(seed, block, stream, max(1, count)), base)[:count]
    assert got.tolist() == want
    assert got.dtype == (np.uint8 if base <= 256 else np.uint16)


@pytest.mark.parametrize("word", [0, 1, 2**32 - 1, 2**32, 2**63, 2**64 - 2**32, 2**64 - 1])
@pytest.mark.parametrize("base", [1, 2, 6, 7, 255, 256, 257, 65_535, 65_536])
def test_the_formula_holds_for_the_extreme_words(
    word: int, base: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def words(self: Draws, count: int, stream: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
        return np.full(count, word, dtype=np.uint64)

    monkeypatch.setattr(Draws, "words", words)
    want = by_the_formula([word], base)
    assert Draws(0, 0, 1).integers(base, len(want), 0).tolist() == want


@given(
    seed=seeds,
    block=blocks,
    stream=st.integers(0, 9),
    namespace=st.binary(min_size=32, max_size=32),
)
def test_words_are_the_raw_stream_of_philox(
    seed: int, block: int, stream: int, namespace: bytes
) -> None:
    got = Draws(seed, block, 1, namespace).words(9, stream).tolist()
    assert got == raw_words(seed, block, stream, 9, namespace)


@given(seed=seeds, base=bases, count=st.integers(1, 100), more=st.integers(0, 100))
def test_drawing_more_keeps_what_came_first(seed: int, base: int, count: int, more: int) -> None:
    draws = Draws(seed, 3, 4096)
    longer = draws.integers(base, count + more, 0)
    assert longer[:count].tolist() == draws.integers(base, count, 0).tolist()


@given(seed=st.integers(0, 2**64 - 2), block=st.integers(0, 2**40))
def test_blocks_streams_and_seeds_do_not_share_words(seed: int, block: int) -> None:
    count = 64
    draws = Draws(seed, block, 4096)
    words = draws.words(count, 0).tolist()
    others = [
        draws.words(count, 1),
        Draws(seed, block + 1, 4096).words(count, 0),
        Draws(seed + 1, block, 4096).words(count, 0),
        Draws(seed, block, 4096, b"another recipe").words(count, 0),
    ]
    assert all(not set(words) & set(other.tolist()) for other in others)


def test_a_whole_block_of_long_circuits_never_runs_into_the_next_block() -> None:
    # 2**64 counter values of four words lie between blocks; a block of 4,096 circuits of 65,535
    # two-byte codes needs 2**27. Two neighbours must not meet in their first words.
    words = Draws(1, 0, 4096).words(1 << 18, 0)
    assert Draws(1, 1, 4096).words(1, 0)[0] not in words


@pytest.mark.parametrize("base", [0, -1, 65_537])
def test_a_base_out_of_range_is_refused(base: int) -> None:
    with pytest.raises(ValueError, match="want 1 to 65536"):
        Draws(1, 0, 4096).integers(base, 1, 0)


# 99.9999% quantile of chi-square with k degrees of freedom, by the Wilson-Hilferty approximation:
# with fixed seeds the tests below always give the same answer, and an unbiased map fails one of
# them with probability 1e-6 per choice of seed.
Z = 4.7534


def threshold(freedom: int) -> float:
    return float(freedom * (1 - 2 / (9 * freedom) + Z * (2 / (9 * freedom)) ** 0.5) ** 3)


def chi_square(counts: np.ndarray[tuple[int], np.dtype[np.intp]]) -> float:
    expected = counts.sum() / len(counts)
    return float(((counts - expected) ** 2 / expected).sum())


@pytest.mark.parametrize("base", [2, 3, 6, 7, 17, 100, 256, 1000])
def test_integers_are_uniform(base: int) -> None:
    drawn = np.concatenate([Draws(7, block, 4096).integers(base, 100_000, 0) for block in range(4)])
    assert chi_square(np.bincount(drawn, minlength=base)) < threshold(base - 1)


@pytest.mark.parametrize("base", [2, 6, 17])
def test_neighbouring_integers_are_independent(base: int) -> None:
    drawn = Draws(11, 5, 4096).integers(base, 400_000, 0).astype(np.int64)
    pairs = drawn[:-1:2] * base + drawn[1::2]
    assert chi_square(np.bincount(pairs, minlength=base**2)) < threshold(base**2 - 1)


def test_the_same_place_of_many_blocks_is_uniform() -> None:
    first = np.array([Draws(3, block, 4096).integers(6, 1, 0)[0] for block in range(6000)])
    assert chi_square(np.bincount(first, minlength=6)) < threshold(5)
