"""Executor `processes`: worker processes start wherever a program may call `qframe.run`."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import qframe

Config = Callable[..., Path]

RUN = """
import os, qframe
print("main", os.getpid(), flush=True)
summary = qframe.run("small.yaml")
print(summary.complete, summary.records)
"""

POOL = f"""
import multiprocessing
def work(_):
    exec({RUN!r})
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.map(work, [0])
"""


@pytest.fixture
def path(config: Config) -> Path:
    return config(records=3 * 4096, task_blocks=1, executor={"plugin": "processes", "workers": 2})


def python(path: Path, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs Python beside the config."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [sys.executable, *arguments],
        cwd=path.parent,
        capture_output=True,
        text=True,
        timeout=120,
        **options,  # type: ignore[call-overload]
    )
    return done


@pytest.mark.parametrize(
    "how",
    ["stdin", "daemon", *(pytest.param(h, marks=pytest.mark.long) for h in ("-c", "script", "-m"))],
)
def test_a_program_is_imported_by_no_worker(how: str, path: Path) -> None:
    """From stdin, without a main guard, and from a daemonic process."""
    (path.parent / "program.py").write_text(POOL if how == "daemon" else RUN)
    if how == "stdin":
        done = python(path, "-", input=RUN)
    elif how == "-c":
        done = python(path, "-c", RUN)
    elif how == "-m":
        done = python(path, "-m", "program")
    else:
        done = python(path, "program.py")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    said = done.stdout.splitlines()
    assert [line.split()[0] for line in said] == ["main", "True"], said
    with qframe.open(path.with_name("small.db")) as made, qframe.open(path) as computed:
        assert made.content_hash() == computed.content_hash()


def test_a_module_beside_the_program_does_not_take_the_place_of_an_installed_one(
    path: Path,
) -> None:
    """`python -c` puts the working directory on the path of the program; `-P` does not."""
    (path.parent / "numpy.py").write_text("raise SystemExit('the wrong numpy')\n")
    done = python(path, "-P", "-c", RUN)
    assert done.returncode == 0, done.stderr


def test_a_plugin_that_the_script_defines_is_refused_in_one_line(
    config: Config, tmp_path: Path
) -> None:
    path = config(
        records=100,
        executor={"plugin": "processes", "workers": 1},
        engine="__main__:Mine",
    )
    code = (
        "import qframe\n"
        "from qframe_plugins.engines.numpy import NumpyEngine\n"
        "class Mine(NumpyEngine): name = 'mine'\n"
        "for executor in ('threads', 'processes'):\n"
        "    try: print(qframe.run('small.yaml', [f'executor={executor}']).complete)\n"
        "    except qframe.PluginError as error: print(error)\n"
        "    import os; os.remove('small.db')\n"
    )
    done = python(path, "-c", code)
    assert done.returncode == 0, done.stderr
    first, second, hint = done.stdout.splitlines()
    assert first == "True"
    assert second.startswith("engine '__main__:Mine' is defined in the script that runs")
    assert "executor: threads" in hint


def test_a_limit_of_open_files_is_named_in_one_line(path: Path) -> None:
    """The cause used to be hidden behind an AssertionError of multiprocessing."""

    def few_files() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))

    done = python(
        path,
        "-m",
        "qframe",
        "run",
        "small.yaml",
        "--records",
        "60000",
        "--workers",
        "9",
        preexec_fn=few_files,
    )
    assert done.returncode == 1
    error = done.stderr.partition("Error: ")[2]
    assert error.startswith(
        "a worker process cannot be started: this process has too many files open "
        "(RLIMIT_NOFILE is 16)\n  Hint: raise the limit with `ulimit -n`, or use fewer --workers"
    )
    assert "Traceback" not in done.stderr


def test_workers_have_standard_streams_where_the_program_has_none(path: Path) -> None:
    """Else the first files that a worker opens would become its stdout and stderr."""
    code = (
        "import os, qframe\n"
        "os.close(0); os.close(1); os.close(2)\n"
        "raise SystemExit(not qframe.run('small.yaml').complete)"
    )
    done = python(path, "-c", code)
    assert done.returncode == 0
    with qframe.open(path.with_name("small.db")) as made, qframe.open(path) as computed:
        assert made.content_hash() == computed.content_hash()
