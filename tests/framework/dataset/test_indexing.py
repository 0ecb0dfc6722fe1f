"""Indexing: a dataset and a view answer every index as the list of their records would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qframe import Dataset, Record, RecordMissing
from qframe.contracts.storage import Reader
from qframe.dataset.records import Records
from qframe.recipe.columns import Arrays
from qframe.recipe.ledger import Stored
from qframe.testing.examples import EXTRA, example_block, example_header

HEADER = example_header(70, extra=EXTRA)
"""Five blocks of 16 records, the last one cut to 6."""


class BlocksInMemory(Reader):
    """Reads the example blocks of a header."""

    header = HEADER

    def __init__(self) -> None:
        self._blocks = [example_block(HEADER, block).arrays for block in range(HEADER.blocks)]

    def stored(self) -> Iterator[Stored]:
        yield Stored(0, 3, 64)
        yield Stored(4, 4, 6)

    def checksums(self) -> Iterator[tuple[int, int, bytes]]:
        return iter(())

    def read(self, block: int, start: int = 0, stop: int | None = None) -> Arrays:
        if not 0 <= block < HEADER.blocks:
            raise RecordMissing(f"block {block}")
        return {name: array[start:stop] for name, array in self._blocks[block].items()}

    def close(self) -> None: ...


DATASET = Dataset(BlocksInMemory(), "memory")
TRAIN, TEST = DATASET.split(0.3, by="record", seed=1)
COLLECTIONS = {"dataset": DATASET, "train": TRAIN, "test": TEST}
LISTS = {name: list(records) for name, records in COLLECTIONS.items()}
EACH = pytest.mark.parametrize("name", list(COLLECTIONS))


def require_same(batch: Any, records: list[Record]) -> None:
    """The batch holds these records, column by column and bit by bit."""
    assert batch.index.tolist() == [record.index for record in records]
    width = HEADER.schema.max_length
    codes = [[*record.codes.tolist(), *[0] * (width - len(record.codes))] for record in records]
    assert batch.codes.tolist() == codes
    assert batch.lengths.tolist() == [len(record.codes) for record in records]
    assert batch.unitaries.tobytes() == b"".join(record.unitary.tobytes() for record in records)
    for name, column in batch.extra.items():
        assert column.tobytes() == b"".join(record.extra[name].tobytes() for record in records)


def indices(count: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(-count, count - 1), max_size=20)


@EACH
def test_a_collection_has_the_length_of_its_list(name: str) -> None:
    assert len(COLLECTIONS[name]) == len(LISTS[name])
    assert [r.index for r in LISTS["dataset"]] == list(range(70))
    sides = [r.index for r in (*LISTS["train"], *LISTS["test"])]
    assert sorted(sides) == list(range(70))
    assert len(LISTS["test"]) > 5


@EACH
@given(data=st.data())
def test_a_number_gives_the_record_of_the_list(name: str, data: st.DataObject) -> None:
    records, want = COLLECTIONS[name], LISTS[name]
    place = data.draw(st.integers(-len(want) - 3, len(want) + 2))
    try:
        record = want[place]
    except IndexError:
        with pytest.raises(IndexError, match=f"record {place} of {len(want)}"):
            records[place]
    else:
        same: list[int | np.integer[Any]] = [place, np.int64(place), np.int8(place)]
        for number in same:
            got = records[number]
            assert (got.index, got.circuit) == (record.index, record.circuit)
            assert got.unitary.tobytes() == record.unitary.tobytes()


@EACH
@given(data=st.data())
def test_a_slice_gives_the_slice_of_the_list(name: str, data: st.DataObject) -> None:
    want = LISTS[name]
    part = data.draw(st.slices(len(want)))
    require_same(COLLECTIONS[name][part], want[part])


@EACH
@given(data=st.data())
def test_numbers_give_those_records_of_the_list(name: str, data: st.DataObject) -> None:
    records, want = COLLECTIONS[name], LISTS[name]
    places = data.draw(indices(len(want)))
    chosen = [want[place] for place in places]
    require_same(records[places], chosen)
    require_same(records[np.array(places, dtype=np.int64)], chosen)
    require_same(records[np.array(places, dtype=np.int16)], chosen)
    if places and min(places) >= 0:
        require_same(records[np.array(places, dtype=np.uint64)], chosen)


@EACH
@given(data=st.data())
def test_a_mask_gives_the_records_of_the_list_where_it_is_true(
    name: str, data: st.DataObject
) -> None:
    records, want = COLLECTIONS[name], LISTS[name]
    mask = data.draw(st.lists(st.booleans(), min_size=len(want), max_size=len(want)))
    chosen = [record for record, taken in zip(want, mask, strict=True) if taken]
    require_same(records[np.array(mask)], chosen)
    require_same(records[mask], chosen)


@EACH
@given(data=st.data())
def test_a_number_outside_is_refused_wherever_it_stands(name: str, data: st.DataObject) -> None:
    records, count = COLLECTIONS[name], len(LISTS[name])
    outside = data.draw(
        st.one_of(st.integers(count, 2**62), st.integers(-(2**62), -count - 1)), label="outside"
    )
    places = data.draw(indices(count))
    place = data.draw(st.integers(0, len(places)), label="place")
    with pytest.raises(IndexError, match=rf"index {outside} is out of range for {count} records"):
        records[[*places[:place], outside, *places[place:]]]


@EACH
@pytest.mark.parametrize("off", [-1, 1, 70])
def test_a_mask_of_another_length_is_refused(name: str, off: int) -> None:
    records = COLLECTIONS[name]
    mask = np.ones(len(records) + off, dtype=bool)
    with pytest.raises(IndexError, match=rf"mask has shape \({len(mask)},\), want"):
        records[mask]


@EACH
@pytest.mark.parametrize(
    "wrong",
    [
        np.ones((1, 70), dtype=bool),
        np.array(True),
        np.zeros((0, 2)),
        np.array([1.0]),
        np.array([[1, 2]]),
        [2**64],
        ["a"],
        "0",
        1.5,
        None,
    ],
    ids=str,
)
def test_what_is_no_index_is_refused(name: str, wrong: Any) -> None:
    with pytest.raises((IndexError, TypeError)):
        COLLECTIONS[name][wrong]


@EACH
@pytest.mark.parametrize(
    "nothing", [[], (), np.array([]), np.array([], dtype=np.uint8), slice(0), slice(5, 5)], ids=str
)
def test_nothing_gives_an_empty_batch(name: str, nothing: Any) -> None:
    batch = COLLECTIONS[name][nothing]
    assert len(batch) == 0
    assert batch.codes.shape == (0, 12)
    assert batch.unitaries.shape == (0, 2, 2)
    assert batch.extra["point"].shape == (0, 3)


def test_an_empty_view_has_no_record() -> None:
    train, empty = DATASET.split(1e-12, by="record")
    assert len(empty) == 0
    assert len(train) == 70
    assert not list(empty)
    assert not list(empty.batches(10))
    everything: list[Any] = [[], slice(None), np.zeros(0, dtype=bool)]
    for index in everything:
        assert len(empty[index]) == 0
    for place in (0, -1):
        with pytest.raises(IndexError):
            empty[place]


@EACH
@given(data=st.data())
def test_batches_are_the_list_cut_into_parts(name: str, data: st.DataObject) -> None:
    records: Records = COLLECTIONS[name]
    size = data.draw(st.integers(1, 80))
    start = 0
    for batch in records.batches(size):
        require_same(batch, LISTS[name][start : start + size])
        start += size
    assert start >= len(records)
