"""What is checked, as one nox session each: `nox --list` shows them, `nox -s lint` runs one.

What follows `--` is handed on: `nox -s tests-3.12 -- tests/law -x`.
"""

from __future__ import annotations

from pathlib import Path

import nox
from packaging.requirements import Requirement

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "tests"]

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
OLDEST = PYTHONS[0]
PYTEST = ("pytest", "-n", "4", "--dist", "loadgroup")


def lower_bounds() -> list[str]:
    """The oldest allowed release of each dependency, as constraints: `numpy==1.26`.

    They are read from pyproject.toml. A dependency without a lower bound, `name>=version`, is an
    error, because then nobody knows what the oldest allowed release is.
    """
    project = PROJECT["project"]
    found = []
    for text in (*project["dependencies"], *project["optional-dependencies"]["test"]):
        requirement = Requirement(text)
        [bound] = [s.version for s in requirement.specifier if s.operator == ">="]
        found.append(f"{requirement.name}=={bound}")
    return found


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The test suite with the newest dependencies, on each Python."""
    session.install("-e", ".[test]")
    session.run(*PYTEST, *session.posargs)


@nox.session(python=OLDEST)
def oldest(session: nox.Session) -> None:
    """The test suite with the oldest allowed dependencies, on the oldest Python."""
    constraints = Path(session.create_tmp()) / "oldest.txt"
    constraints.write_text("\n".join(lower_bounds()) + "\n")
    session.install("-e", ".[test]", "--constraint", str(constraints))
    session.run(*PYTEST, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Format, style, types and who imports whom. The type checker reads the tests, too."""
    session.install("-e", ".[test]", *nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("mypy")
    session.run("lint-imports")
    session.run("python", "docs/draw_tower.py", "--check")


@nox.session
def long(session: nox.Session) -> None:
    """Further seeds and variants of the slowest tests."""
    session.install("-e", ".[test]")
    session.run(*PYTEST, "-m", "long", *session.posargs)


@nox.session
def torture(session: nox.Session) -> None:
    """Faults by the thousand; `nox -s torture -- --quick` takes minutes, all of it hours."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "tests.torture", *session.posargs)


@nox.session
def planted_bugs(session: nox.Session) -> None:
    """Bugs planted in a copy of the code, each of which a test must catch."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "tests.planted_bugs", *session.posargs)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Every benchmark, small, and nothing is saved; `-- --repeats 5` measures and saves."""
    session.install("-e", ".[bench,test]")
    session.run("python", "benchmarks/run_all.py", *(session.posargs or ["--quick"]))
