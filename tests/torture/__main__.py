"""Faults by the thousand, for as long as it takes.

    python -m tests.torture                      all of it: about two hours on two quiet cores
    python -m tests.torture --quick              a few of each: two minutes
    python -m tests.torture --only kill-parent   one part; parts may run at the same time
    python -m tests.torture --minutes 10         each part ends after so long

Prints a table in Markdown, and writes it with `--out FILE`.
"""

from __future__ import annotations

import argparse
import platform
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import apsw
import numpy as np

import qframe
from tests.torture.files import files
from tests.torture.kills import kills
from tests.torture.replacements import replacements
from tests.torture.results import Result
from tests.torture.suites import suite
from tests.torture.writers import writers

HOSTILE = "tests/faults/test_hostile_files.py"
Part = Callable[[argparse.Namespace, float], Iterator[Result]]


def _kills(target: str) -> Part:
    def part(arguments: argparse.Namespace, until: float) -> Iterator[Result]:
        yield kills(target, 4 if arguments.quick else arguments.seeds, until)

    return part


def _replacements(arguments: argparse.Namespace, until: float) -> Iterator[Result]:
    yield replacements(4 if arguments.quick else arguments.seeds, until)


def _mutations(arguments: argparse.Namespace, until: float) -> Iterator[Result]:
    count = 200 if arguments.quick else arguments.mutations
    yield suite(
        "mutated files", f"{count:,}", f"{HOSTILE} -k mutated", until, QFRAME_MUTATIONS=count
    )


def _flips(arguments: argparse.Namespace, until: float) -> Iterator[Result]:
    count = 200 if arguments.quick else 10_000
    yield suite(
        "flipped bits", f"{count:,} and more", f"{HOSTILE} -k flipped", until, QFRAME_FLIPS=count
    )


def _power(arguments: argparse.Namespace, until: float) -> Iterator[Result]:
    count = 20 if arguments.quick else 1000
    target = "tests/faults/test_power_loss.py"
    yield suite("power losses", f"{count:,} a case", target, until, QFRAME_POWER_LOSSES=count)


def _files(arguments: argparse.Namespace, _until: float) -> Iterator[Result]:
    yield files(5000 if arguments.quick else 1_000_000)


def _writers(arguments: argparse.Namespace, until: float) -> Iterator[Result]:
    yield writers(32, 20.0 if arguments.quick else min(600.0, until - time.monotonic()))


PARTS: dict[str, Part] = {
    "kill-worker": _kills("a worker"),
    "kill-parent": _kills("the parent"),
    "kill-all": _kills("all processes"),
    "replace": _replacements,
    "mutations": _mutations,
    "flips": _flips,
    "power": _power,
    "files": _files,
    "writers": _writers,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.torture")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part; may be repeated")
    parser.add_argument("--minutes", type=float, default=240.0, help="at most so long a part")
    parser.add_argument(
        "--seeds", type=int, default=200, help="kills of each kind, and replacements"
    )
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="a few of each")
    parser.add_argument("--out", type=Path, help="the table, as Markdown")
    arguments = parser.parse_args()
    lines = [_versions(), "", "| part | done | time | found | verdict |", "|---|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    failures = []
    for name in arguments.only or PARTS:
        for result in PARTS[name](arguments, time.monotonic() + 60 * arguments.minutes):
            print(result.line, flush=True)
            print(*result.failures, sep="\n", file=sys.stderr, flush=True)
            lines.append(result.line)
            failures += result.failures
            if arguments.out:
                arguments.out.write_text("\n".join(lines) + "\n")
    return 1 if failures else 0


def _versions() -> str:
    return (
        f"`python -m tests.torture {shlex.join(sys.argv[1:])}`, {datetime.now(UTC):%Y-%m-%d %H:%M} "
        f"UTC; qframe {qframe.__version__}, SQLite {apsw.sqlite_lib_version()}, apsw "
        f"{apsw.apsw_version()}, NumPy {np.__version__}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.release()}, {platform.machine()}."
    )


if __name__ == "__main__":
    sys.exit(main())
