"""docs/reliability.md names, for each fault, tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "reliability.md"
FAULTS = 45


def test_every_fault_has_its_row_and_every_row_its_tests() -> None:
    rows = re.findall(r"^\| (\d+) \|.*\|.*\| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    assert {int(number) for number, _ in rows} == set(range(1, FAULTS + 1))
    for number, cell in rows:
        assert "::test_" in cell, f"row {number} names no test"


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)(?:\[[^`]*)?`", PAGE.read_text())
    assert len(named) > 50
    for file, test in named:
        assert f"def {test}(" in (TESTS / file).read_text(), f"{file}::{test}"
