"""What a system may lack or forbid: modules of Python, memory, threads."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import qframe
from qframe.machine.limits import limit_in_words, soft_limit

Config = Callable[..., Path]

WITHOUT = """
import sys

lacking = sys.argv[1].split(",")

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name in lacking:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

for name in lacking:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Finder())

from qframe.cli.main import main

main(sys.argv[2:])
"""


def without(modules: str, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """The command in a Python that lacks some modules."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, modules, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def test_modules_that_are_optional_may_be_missing(config: Config, tmp_path: Path) -> None:
    path = config()
    lacking = "sqlite3,resource,ctypes,_ctypes,bz2,lzma,readline,curses"
    done = without(lacking, "run", path)
    assert done.returncode == 0, done.stderr
    with qframe.open(tmp_path / "small.db") as made, qframe.open(path) as computed:
        assert made.content_hash() == computed.content_hash()
    doctor = without(lacking, "doctor", cwd=tmp_path)
    assert "not there (qframe never uses it)" in doctor.stdout
    assert doctor.stderr == ""


@pytest.mark.parametrize(
    ("module", "executor", "code", "said"),
    [
        ("fcntl", "serial", 1, "Error: this Python is built without the module fcntl\n"),
        ("_posixsubprocess", "processes", 3, "which this Python is built without\n"),
    ],
)
def test_a_module_that_is_needed_is_named_in_one_line(
    module: str, executor: str, code: int, said: str, config: Config, tmp_path: Path
) -> None:
    done = without(module, "run", config(executor=executor))
    assert done.returncode == code
    assert done.stderr.endswith(said)
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "small.db").exists()


def test_limits_are_those_of_this_process() -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft_limit("NOFILE") == soft
    assert limit_in_words("NOFILE") == f"RLIMIT_NOFILE is {soft:,}"
    if resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        assert limit_in_words("AS") == "RLIMIT_AS is not set"


def test_too_little_memory_for_numpy_is_said_in_one_line(config: Config, tmp_path: Path) -> None:
    """OpenBLAS would end the process with words of its own."""

    def little_memory() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (150_000_000, 150_000_000))

    path = config()
    done = without("", "run", path, preexec_fn=little_memory)
    assert done.returncode == 1
    assert done.stderr == (
        "Error: out of memory: RLIMIT_AS is 150,000,000 bytes, and NumPy needs 268,435,456\n"
        "  Hint: raise the limit (`ulimit -v`)\n"
    )
    assert [p.name for p in tmp_path.iterdir()] == ["small.yaml"]


SINGLE = """
import os, sys
from qframe.cli.main import main
try:
    main(["gates", sys.argv[1]])
finally:
    threads = [line for line in open("/proc/self/status") if line.startswith("Threads:")]
    print(*threads, file=sys.stderr)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_the_command_starts_no_threads_of_openblas(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where threads are forbidden, OpenBLAS would say so in many lines of its own."""
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    done = subprocess.run(
        [sys.executable, "-c", SINGLE, config()], capture_output=True, text=True, timeout=120
    )
    assert done.stderr.split() == ["Threads:", "1"]
