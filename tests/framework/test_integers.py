"""Integers: True and False are no numbers, and every type of integers is one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qframe
from qframe.integers import checked_integer


class Scalar:
    """A value such as `torch.tensor(5)`: it has no dimension, and can be an index."""

    ndim = 0

    def __init__(self, value: int, dtype: str = "torch.int64") -> None:
        self.value, self.dtype = value, dtype

    def __index__(self) -> int:
        return self.value

    def __repr__(self) -> str:
        return f"{self.dtype}({self.value})"


FIVES = [5, np.int8(5), np.uint64(5), np.array(5), Scalar(5)]
BOOLS = [True, False, np.True_, np.False_, np.array(True), Scalar(1, "torch.bool")]


@pytest.fixture
def ds(config: Callable[..., Path]) -> qframe.Dataset:
    return qframe.open(config(records=300))


@pytest.mark.parametrize("five", FIVES, ids=repr)
def test_every_integer_is_a_number(five: Any, ds: qframe.Dataset) -> None:
    assert checked_integer(five, "x") == 5
    assert type(checked_integer(five, "x")) is int
    assert ds[five].index == 5
    assert ds[five:7].index.tolist() == [5, 6]
    assert next(ds.batches(five, shuffle=five)).index.tolist() == (
        next(ds.batches(5, shuffle=5)).index.tolist()
    )
    _, test = ds.split(0.3, seed=five)
    assert test[:].index.tolist() == ds.split(0.3, seed=5)[1][:].index.tolist()


@pytest.mark.parametrize("wrong", [*BOOLS, 5.0, "5", None, np.float64(5), [5]], ids=repr)
def test_what_is_no_integer_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"^seed is .*want an integer$"):
        checked_integer(wrong, "seed")


@pytest.mark.parametrize("bool_", BOOLS, ids=repr)
def test_true_and_false_are_no_numbers_of_a_dataset(bool_: Any, ds: qframe.Dataset) -> None:
    train, _ = ds.split(0.3)
    for records in (ds, train):
        with pytest.raises(TypeError, match="shuffle"):
            records.batches(5, shuffle=bool_)
        with pytest.raises(TypeError, match="shuffle"):
            records.batches(5, shuffle=(3, bool_))
        with pytest.raises(TypeError, match="size"):
            records.batches(bool_)
        for index in (bool_, slice(bool_, 9), slice(0, bool_), slice(0, 9, bool_)):
            with pytest.raises(IndexError):
                records[index]
    with pytest.raises(TypeError, match="seed"):
        ds.split(0.3, seed=bool_)


def test_bools_among_integers_are_no_index(ds: qframe.Dataset) -> None:
    with pytest.raises(IndexError, match="mixes True with integers"):
        ds[[True, 2]]
    mask = [True, *[False] * 298, True]
    assert ds[mask].index.tolist() == [0, 299]


def test_shuffle_true_says_what_to_write(ds: qframe.Dataset) -> None:
    with pytest.raises(TypeError, match=r"shuffle is True, want a seed, such as shuffle=1"):
        ds.batches(5, shuffle=True)


def test_an_order_has_a_seed_of_several_numbers(ds: qframe.Dataset) -> None:
    """The order of `(seed, epoch)` is that of NumPy's generator with this seed."""
    random = np.random.default_rng((7, 2))
    random.shuffle(np.arange(1))
    want = random.permutation(300)
    assert next(ds.batches(300, shuffle=(7, 2))).index.tolist() == want.tolist()
    for wrong in (-1, (7, -1)):
        with pytest.raises(ValueError, match="shuffle is -1, want 0 or more"):
            ds.batches(5, shuffle=wrong)


@pytest.mark.parametrize("bool_", BOOLS[:4], ids=repr)
def test_true_and_false_are_no_numbers_of_other_functions(
    bool_: Any, ds: qframe.Dataset, tmp_path: Path
) -> None:
    draws = qframe.Draws(1, 0, 16)
    for call in (
        lambda: draws.words(4, bool_),
        lambda: draws.words(bool_, 0),
        lambda: draws.integers(bool_, 4, 0),
        lambda: draws.integers(4, 4, bool_),
        lambda: qframe.dedup("x.yaml", tmp_path / "y.db", memory=bool_),
    ):
        with pytest.raises(TypeError, match="want an integer"):
            call()
