"""Limits: the last record that stays within one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qframe.forecast.limits import limit_of


@given(st.integers(1, 10**6), st.integers(0, 10**9), st.integers(0, 10**15))
def test_the_last_record_that_fits_is_found(each: int, fixed: int, most: int) -> None:
    found = limit_of("room", most, lambda n: fixed + each * n, 10)
    assert found.used == fixed + 10 * each
    if fixed <= most:
        assert found.records == (most - fixed) // each
        assert found.hit == (found.records < 10)


def test_what_does_not_grow_never_fills_up() -> None:
    assert limit_of("files", 5, lambda n: 1, 10**12).records is None
