"""Which blocks a ledger lacks, and how they become tasks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qframe import Stored
from qframe.recipe.blocks import block_count, records_per_block
from qframe.recipe.ledger import missing
from qframe.recipe.tasks import tasks

SIZES = st.integers(1, 9)


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[int, int, dict[int, int]]:
    """`(size, records, {block: records stored})` as an interrupted or extended run leaves it.

    The block that ends the dataset, and one that ended a shorter one, may be cut.
    """
    size = draw(SIZES)
    records = draw(st.integers(1, 20 * size))
    total = block_count(records, size)
    have = draw(st.sets(st.integers(0, total - 1)))
    ledger = {block: min(size, records - block * size) for block in have}
    for block in draw(st.sets(st.sampled_from(sorted(have)))) if have else ():
        ledger[block] = draw(st.integers(1, ledger[block]))
    return size, records, ledger


def runs(ledger: dict[int, int], size: int) -> list[Stored]:
    """As the contract has it: adjacent full blocks joined, each cut block alone."""
    found: list[Stored] = []
    for block, count in sorted(ledger.items()):
        last = found[-1] if found else None
        joins = last is not None and last.last == block - 1 and count == size
        if last is not None and joins and last.records == (last.last - last.first + 1) * size:
            found[-1] = Stored(last.first, block, last.records + size)
        else:
            found.append(Stored(block, block, count))
    return found


@given(given_ledger=ledgers())
def test_missing_is_exactly_what_the_ledger_lacks(
    given_ledger: tuple[int, int, dict[int, int]],
) -> None:
    size, records, ledger = given_ledger
    total = block_count(records, size)
    want = [
        block for block in range(total) if ledger.get(block, 0) < min(size, records - block * size)
    ]
    found = list(missing(runs(ledger, size), records, size))
    assert [block for first, end in found for block in range(first, end)] == want


@given(given_ledger=ledgers(), extra=st.integers(0, 30))
def test_a_longer_dataset_lacks_its_tail_and_the_cut_block(
    given_ledger: tuple[int, int, dict[int, int]], extra: int
) -> None:
    size, records, _ = given_ledger
    complete = {
        block: min(size, records - block * size) for block in range(block_count(records, size))
    }
    assert not list(missing(runs(complete, size), records, size))
    found = list(missing(runs(complete, size), records + extra, size))
    blocks = [block for first, end in found for block in range(first, end)]
    first = records // size if extra else block_count(records, size)
    assert blocks == list(range(first, block_count(records + extra, size)))


@given(given_ledger=ledgers(), at_once=st.integers(1, 7))
def test_tasks_cover_what_is_missing_once_and_in_order(
    given_ledger: tuple[int, int, dict[int, int]], at_once: int
) -> None:
    size, records, ledger = given_ledger
    lacking = list(missing(runs(ledger, size), records, size))
    made = list(tasks(lacking, at_once, records))
    covered = [task.first + k for task in made for k in range(task.blocks)]
    assert covered == [block for first, end in lacking for block in range(first, end)]
    assert all(1 <= task.blocks <= at_once and task.records == records for task in made)


@given(records=st.integers(1, 10**12), size=st.integers(1, 4096))
def test_blocks_hold_all_records_and_no_block_is_empty(records: int, size: int) -> None:
    count = block_count(records, size)
    assert (count - 1) * size < records <= count * size


@given(width=st.integers(1, 1 << 20))
def test_a_block_is_4096_records_or_the_most_that_8_mib_hold(width: int) -> None:
    size = records_per_block(width)
    assert 4096 % size == 0
    assert size * width <= 8 << 20
    assert size == 4096 or 2 * size * width > 8 << 20
