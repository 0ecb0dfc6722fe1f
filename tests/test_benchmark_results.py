"""What the documents and pages say of speed is what the results say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"
RESULTS = sorted((BENCHMARKS / "results").glob("*.json"))

RESULT: dict[str, Any] = {
    "name": "made_up",
    "title": "`Made` up",
    "intro": "Two ways.",
    "tables": [
        {
            "unit": "records/s",
            "rows": [
                {"what": "slow", "values": [3.0, 1.0, 2.0]},
                {"what": "fast", "values": [2000.0, 2100.0, 2050.0]},
            ],
            "digits": 0,
        }
    ],
    "measured": {"rows_layout": 1.25},
    "about": {"date": "2000-01-01 00:00 UTC", "CPU": "an abacus"},
    "remarks": ["Nothing more."],
}


def python(*arguments: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, *map(str, arguments)]
    return subprocess.run(words, cwd=BENCHMARKS, capture_output=True, text=True, timeout=120)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    (tmp_path / "made_up.json").write_text(json.dumps(RESULT))
    return tmp_path


def test_the_documents_say_what_the_results_say() -> None:
    done = python("readme.py", "--check")
    assert done.returncode == 0, done.stderr


def test_a_document_that_says_something_else_is_noticed_and_made_anew(results: Path) -> None:
    page = results / "page.md"
    page.write_text("Before.\n<!-- speed -->\nfast!\n<!-- /speed -->\nAfter.\n")
    words = ("--results", results, page)
    assert "page.md" in python("readme.py", "--check", *words).stderr
    assert python("readme.py", *words).returncode == 0
    text = page.read_text()
    assert text.startswith("Before.\n")
    assert text.endswith("After.\n")
    assert "fast!" not in text
    [line] = [line for line in text.splitlines() if "C loop" in line]
    assert "[1.25x](./made_up.md)" in line
    assert "≥ 1.5x" in line
    assert "missed" in line
    assert "an abacus, 2000-01-01" in text
    assert python("readme.py", "--check", *words).returncode == 0


def test_a_result_is_saved_as_tables_and_as_a_picture(results: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from report import Result; "
        "Result.load(Path(sys.argv[1])).save(Path(sys.argv[2]))"
    )
    done = python("-c", code, results / "made_up.json", tmp_path / "saved")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "saved" / "made_up.json").read_text()) == RESULT
    page = (tmp_path / "saved" / "made_up.md").read_text()
    slow = next(line for line in page.splitlines() if "slow" in line)
    assert [cell.strip() for cell in slow.split("|")] == ["", "slow", "1", "2", "3", ""]
    assert "<svg" in (tmp_path / "saved" / "made_up.svg").read_text()


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_a_committed_page_is_made_from_its_result(path: Path) -> None:
    code = "import sys; from pathlib import Path; from report import Result; "
    code += "sys.stdout.write(Result.load(Path(sys.argv[1])).markdown())"
    done = python("-c", code, path)
    assert done.stdout == path.with_suffix(".md").read_text()
    assert path.with_suffix(".svg").exists()
