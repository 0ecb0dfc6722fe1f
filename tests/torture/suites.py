"""Tests of the suite with larger numbers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.torture.results import Result

ROOT = Path(__file__).parents[2]


def suite(part: str, done: str, target: str, until: float, **numbers: int) -> Result:
    """Runs tests of one file in a process of their own; the numbers go into the environment."""
    start = time.monotonic()
    environment = {**os.environ, **{name: str(value) for name, value in numbers.items()}}
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *target.split()]
    result = Result(part, done)
    try:
        ran = subprocess.run(
            words,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=max(60.0, until - start),
        )
        result.found = ran.stdout.strip().splitlines()[-1].strip("= ") if ran.stdout else ""
        if ran.returncode:
            # What pytest says of the failure, without the source around it.
            result.failures += [
                w for w in ran.stdout.splitlines() if w.startswith(("E  ", "FAILED"))
            ]
            result.failures += [] if result.failures else [f"exit code {ran.returncode}"]
    except subprocess.TimeoutExpired:
        result.failures.append("did not end within the minutes given")
    result.seconds = time.monotonic() - start
    return result
