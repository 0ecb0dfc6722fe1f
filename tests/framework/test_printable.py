"""What files and users say is shown printable, and a command in a hint runs with the same words."""

from __future__ import annotations

import pickle
import shutil
import subprocess

import pytest

import qframe
from qframe.printable import printable, printable_lines, shell_words

SHOWN = {
    "plain, ü, 中, \\x1b": "plain, ü, 中, \\x1b",
    "\x1b]52;c;QQ==\x07": "\\x1b]52;c;QQ==\\x07",  # writes to the clipboard of a terminal
    "\x9b31m": "\\x9b31m",  # the same escape in one byte of 8
    "a\nError: b\r": "a\\nError: b\\r",
    "\u202egnp\u2066": "\\u202egnp\\u2066",  # turn the reading direction
    "a\u200bb\u2028\ufeff": "a\\u200bb\\u2028\\ufeff",
    "\udcff\ud800": "\\xff\\ud800",  # a byte of a file name; half a character
    "\U000e0041": "\\U000e0041",  # a letter that is never drawn
}


@pytest.mark.parametrize("text", SHOWN)
def test_what_cannot_be_printed_is_an_escape(text: str) -> None:
    assert printable(text) == SHOWN[text]
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)


def test_lines_stay_lines() -> None:
    assert printable_lines("a\n\x1b\x85\n") == "a\n\\x1b\\x85\n"


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    "word",
    ["a b", "it's", "", "$HOME", "\x1b[31m'\\n", "\n", "\u202e'", "\udcffx", "-", "*", "\x7f0"],
)
def test_a_shell_reads_the_same_words(word: str) -> None:
    line = shell_words("printf", "%s|", word, "end")
    assert line.isprintable()
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert done.stdout == word.encode("utf-8", "surrogateescape") + b"|end|"


def test_an_error_shows_lines_of_its_own_alone() -> None:
    error = qframe.ConfigError("x\x1b.yaml\nDone: y", hint="z\u202e")
    assert str(error) == "x\\x1b.yaml\\nDone: y\n  Hint: z\\u202e"
    assert qframe.ConfigError(["one", "two\n"]).message == "one\ntwo\\n"


@pytest.mark.parametrize(
    "kind", ["ConfigError", "StorageError", "WorkerError", "StorageBusy", "RecordMissing"]
)
def test_an_error_crosses_processes_with_its_hint_and_its_notes(kind: str) -> None:
    error = getattr(qframe, kind)(["one", "two"], hint="a hint")
    error.times = 7
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.message, again.hint) == (type(error), "one\ntwo", "a hint")
    assert (str(again), again.times) == (str(error), 7)


@pytest.mark.parametrize("name", ["", " h", "h\n", "\x1b[31m", "h\u202e", "h" * 65, "a\u200bb", 5])
def test_names_of_gates_are_printable_and_bounded(name: str) -> None:
    with pytest.raises(qframe.ConfigError, match="the name of a gate is") as refused:
        qframe.Gate(name, [[1, 0], [0, 1]])
    assert len(refused.value.message) < 250


def test_a_printable_name_is_any_text() -> None:
    for name in ("h", "rz(pi/4)", "[red]", "$x$", "√x", "my gate", "g" * 64):
        assert qframe.Gate(name, [[1, 0], [0, 1]]).name == name
