"""Standard streams that are closed, full, left by their reader, or in an old encoding."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import qframe
from qframe.cli.streams import _Handle, steady_streams
from tests.conftest import COMMAND, PATIENCE_S

ROOT = Path(__file__).parents[3]
FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")

Config = Callable[..., Path]
Shell = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def in_shell(tmp_path: Path) -> Shell:
    """The command with redirections of a shell: `in_shell("2>&-", "run", path)`."""

    def call(redirections: str, *arguments: object, **environment: str) -> Any:
        return subprocess.run(
            ["/bin/sh", "-c", f'exec "$@" {redirections}', "sh", *COMMAND, *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, **environment},
            text=True,
            capture_output=True,
            timeout=PATIENCE_S,
        )

    return call


def test_a_run_needs_no_streams(config: Config, in_shell: Shell, tmp_path: Path) -> None:
    path = config(records=300)
    done = in_shell("<&- >&- 2>&-", "run", path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with qframe.open(tmp_path / "small.db") as dataset:
        assert dataset.stored() == 300


@needs_full
def test_a_run_whose_messages_find_no_room_keeps_the_exit_code_of_its_data(
    config: Config, in_shell: Shell
) -> None:
    path = config(records=300)
    done = in_shell(">/dev/full", "run", path, "--quiet")
    assert done.returncode == 0
    want = "Error: standard output cannot be written: No space left on device\n"
    assert done.stderr == want
    assert in_shell(">/dev/full 2>/dev/full", "run", path, "--records", "600").returncode == 0


@needs_full
def test_an_output_that_finds_no_room_is_one_line_and_code_4(in_shell: Shell) -> None:
    done = in_shell(">/dev/full", "schema")
    want = "Error: standard output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (4, want)
    assert in_shell(">/dev/full", "--help").returncode == 4


def test_an_output_that_is_closed_is_one_line_and_code_4(in_shell: Shell) -> None:
    done = in_shell(">&-", "--version")
    want = "Error: standard output cannot be written: Bad file descriptor\n"
    assert (done.returncode, done.stderr) == (4, want)


@pytest.mark.parametrize(("verb", "code"), [("info", 141), ("verify", 0)])
def test_a_reader_that_leaves_is_no_error(
    verb: str, code: int, config: Config, tmp_path: Path
) -> None:
    """`qframe info DATA | head -0`: quiet, as with other tools; a verdict stays what it is."""
    path = config(records=300)
    qframe.run(path)
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*COMMAND, verb, str(tmp_path / "small.db")],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_S,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.parametrize("verb", ["stats", "show"])
def test_an_encoding_that_lacks_characters_gets_readable_ones(
    verb: str, config: Config, in_shell: Shell
) -> None:
    words = [verb, config(records=300), *(["0"] if verb == "show" else [])]
    done = in_shell("", *words, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "\\" not in done.stdout
    assert ("q0: -" if verb == "show" else "+-") in done.stdout


def texts_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437", "koi8-r"])
def test_every_character_that_qframe_writes_has_a_readable_form(encoding: str) -> None:
    framework = ROOT / "framework" / "qframe"
    # Charts are pictures.
    paths = {*framework.rglob("*.py"), *(ROOT / "plugins").rglob("*.py")}
    paths -= {*framework.rglob("chart.py"), framework / "cli" / "streams.py"}
    characters = {c for path in paths for text in texts_of(path) for c in text if c > "\x7f"}
    assert {"─", "†"} <= characters
    with steady_streams():
        for character in filter(str.isprintable, sorted(characters)):
            shown = character.encode(encoding, "qframe.readable").decode(encoding)
            assert "\\" not in shown, f"{character!r} has no readable form"


def test_other_characters_become_escapes() -> None:
    with steady_streams():
        assert "é≤".encode("ascii", "qframe.readable") == b"\\xe9\\u2264"


def test_a_file_never_gets_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    """Else what a program writes to its standard error would land in a dataset."""
    script = (
        "import os, sys\n"
        "from qframe.cli.streams import steady_streams\n"
        "with steady_streams():\n"
        "    sys.exit(os.open('file', os.O_CREAT | os.O_WRONLY))\n"
    )
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-c", script],
        cwd=tmp_path,
        timeout=PATIENCE_S,
    )
    assert done.returncode > 2


def test_a_pipe_that_does_not_wait_is_waited_for() -> None:
    """Whoever has the other end may have made it non-blocking, such as a terminal multiplexer."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    got: list[bytes] = []

    def take() -> None:
        with os.fdopen(read, "rb") as pipe:
            got.append(pipe.read())

    thread = threading.Thread(target=take)
    handle = _Handle(write)
    text = b"0123456789abcdef" * 65_536
    thread.start()
    with io.BufferedWriter(handle) as stream:
        stream.write(text)
    os.close(write)
    thread.join(PATIENCE_S)
    assert handle.error is None
    assert got == [text]
