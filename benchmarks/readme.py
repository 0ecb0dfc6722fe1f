"""Fills the README's speed section and the tables of docs/performance.md from the results.

What stands between `<!-- speed -->` and `<!-- /speed -->` is the table of targets with what was
measured; between `<!-- NAME -->` and `<!-- /NAME -->` it is the page of that result. Nothing else
is touched.

    python benchmarks/readme.py
    python benchmarks/readme.py --check        only says whether they are what the results say
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from machine import table
from report import RESULTS, Result
from targets import TARGETS

ROOT = Path(__file__).parents[1]
DOCUMENTS = (ROOT / "README.md", ROOT / "docs" / "performance.md")


def results(directory: Path) -> list[Result]:
    """All results that are there, by name."""
    return [Result.load(path) for path in sorted(directory.glob("*.json"))]


def speed(found: Sequence[Result], pages: str) -> str:
    """The table of targets; `pages` is the way from the document to the results."""
    by_key = {key: result for result in found for key in result.measured}
    rows: list[tuple[str, ...]] = [("what", "target", "measured", "")]
    for target in TARGETS:
        result = by_key.get(target.key)
        if result is None:
            rows.append((target.what, target.wanted(), "not yet", ""))
            continue
        got = result.measured[target.key]
        link = f"[{target.shown(got)}]({pages}/{result.name}.md)"
        rows.append((target.what, target.wanted(), link, "met" if target.met(got) else "missed"))
    machines = sorted({f"{r.about['CPU']}, {r.about['date'][:10]}" for r in by_key.values()})
    return f"{table(rows)}\n\nMeasured on: {'; '.join(machines) or 'nothing yet'}."


def filled(text: str, document: Path, found: Sequence[Result], directory: Path) -> str:
    """The document with its marked sections made anew."""
    pages = os.path.relpath(directory, document.parent)
    sections = {"speed": speed(found, pages), **{r.name: r.body() for r in found}}
    for name, section in sections.items():
        before, start, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        if start and end:
            text = f"{before}{start}{section.rstrip()}\n{end}{after}"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if they differ")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("documents", nargs="*", type=Path, default=DOCUMENTS)
    given = parser.parse_args()
    found = results(given.results)
    stale = []
    for document in given.documents:
        text = document.read_text()
        new = filled(text, document.resolve(), found, given.results.resolve())
        if new != text:
            stale.append(str(document))
            if not given.check:
                document.write_text(new)
    if given.check and stale:
        sys.exit(f"Not what the results say: {', '.join(stale)}; run python benchmarks/readme.py")


if __name__ == "__main__":
    main()
