"""Names that hold escape sequences, markup and line breaks, through every verb."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import qframe

Config = Callable[..., Path]
Main = Callable[..., subprocess.CompletedProcess[str]]

EVIL = "e\x1b]52;c;QQ==\x07\x9b31m\u202e\u200b[red]$x$\nDone: 'y"
"""Writes to the clipboard, turns the text red and its direction, and forges a line of output."""

ODD = "e\u202e\u200b\u2028[red]$x$ 'y"
"""As a dataset or a config may be called: names with control characters are refused altogether."""

GATES = """
from qframe import Gate, GateSet
class Plain(GateSet):
    name = "plain"
    def gates(self):
        return [Gate("[/red]", [[0, 1], [1, 0]]), Gate("$x$", [[1, 0], [0, -1]])]
"""


CLASS = "class G(GateSet):\n    name = {name}\n    def gates(self): {body}"


def is_harmless(done: subprocess.CompletedProcess[str]) -> bool:
    """Each line printable, and none of them forged."""
    lines = (done.stdout + done.stderr).split("\n")
    forged = [line for line in lines if line.startswith("Done: 'y")]
    return all(map(str.isprintable, lines)) and not forged


@pytest.fixture
def evil(config: Config, tmp_path: Path) -> Path:
    """A config of that name, whose gates have names like markup and mathematics."""
    file = EVIL.replace(":", "")  # a class is named behind a colon
    (tmp_path / f"{file}.py").write_text(GATES)
    path = config(
        name=f"{ODD}.yaml",
        records=20,
        gate_set=f"./{file}.py",
        sampler={"plugin": "uniform", "length": 3},
        output=None,
    )
    # YAML writes control characters as escapes between quotes; the tests of YAML are elsewhere.
    assert qframe.open(path)[0].circuit
    return path


VERBS: dict[str, list[Any]] = {
    "check": [],
    "gates": [],
    "info": [],
    "show": [0],
    "stats": ["--plot", "chart.svg"],
    "hash": [],
    "run": ["--executor", "serial"],
    "plan": ["--seconds", 0.01],
    "compare": ["--seconds", 0.01, "--storage", "savetxt"],
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_config_with_hostile_names(
    verb: str, evil: Path, qframe_main: Main, tmp_path: Path
) -> None:
    done = qframe_main(verb, evil, *VERBS[verb])
    assert done.returncode == 0, done.stderr
    assert is_harmless(done)
    assert "Running local code: gate_set ./e\\x1b]52" in done.stderr
    if verb == "stats":
        drawn = (tmp_path / "chart.svg").read_text()
        assert "[/red]" in done.stdout
        assert "$x$" in drawn  # and not an italic x
        assert "\x1b" not in drawn


def test_a_dataset_with_hostile_names(config: Config, qframe_main: Main, tmp_path: Path) -> None:
    data = tmp_path / f"{ODD}.db"
    path = config(records=200, sampler={"plugin": "uniform", "length": 3}, output=data)
    for words in (
        ["run", path],
        ["run", path],
        ["info", data],
        ["show", data, -1],
        ["show", data, 10**9],
        ["stats", data],
        ["verify", data, "--content"],
        ["dedup", data, "small.db"],
        ["info", "small.db"],  # it says which dataset it was made from
        ["dedup", data, "small.db"],
        ["dedup", "small.db", f"{ODD}2.db"],
    ):
        assert is_harmless(qframe_main(*words)), words
    with data.open("r+b") as file:
        file.truncate(100_000)
    done = qframe_main("verify", data)
    assert done.returncode == 4
    assert is_harmless(done)
    assert f"{tmp_path}/e\\u202e" in done.stdout
    again = re.search(r"\((qframe verify .*)\)$", done.stdout, re.MULTILINE)
    assert again is not None
    split = subprocess.run(
        ["bash", "-c", again[1].replace("qframe", "printf '%s\\0'", 1)],
        capture_output=True,
        check=True,
    )
    assert split.stdout.decode().split("\0") == ["verify", str(data), "--repair", ""]


@pytest.mark.parametrize("suffix", [".db", ".yaml"])
def test_what_does_not_exist(suffix: str, qframe_main: Main, tmp_path: Path) -> None:
    for verb, words in {**VERBS, "verify": [], "dedup": ["x.db"], "doctor": []}.items():
        for name in (f"{EVIL}{suffix}", f"\udcff{suffix}"):
            done = qframe_main(verb, tmp_path / name, *words)
            assert done.returncode in (2, 4, 5), (verb, done.stderr)
            assert is_harmless(done), verb


@pytest.mark.parametrize(
    "word",
    [
        "gate_set={plugin: %s}",
        "sampler.%s=1",
        "%s=1",
        "dtype=%s",
        "labels=[%s]",
        "storage=%s.py",
        "sampler=%s:X",
        "hooks=[%s]",
        "gate_set.gates=[%s]",
        "output=%s",
    ],
)
def test_hostile_words_of_a_command_line(word: str, config: Config, qframe_main: Main) -> None:
    for text in (EVIL, json.dumps(EVIL), "\x1b[31m", json.dumps("\x1b[31m\u202e")):
        done = qframe_main("check", config(), "--set", word % text)
        assert is_harmless(done), done.stderr


@pytest.mark.parametrize(
    "body",
    [
        "raise RuntimeError(EVIL)",
        CLASS.format(name="EVIL", body="return []"),
        CLASS.format(name="'g'", body="raise ValueError(EVIL)"),
        CLASS.format(name="'g'", body="return [Gate(EVIL, [[1, 0], [0, 1]])]"),
        CLASS.format(name="'g'", body="raise ConfigError(EVIL, hint=EVIL)"),
    ],
)
def test_what_a_plugin_says(body: str, config: Config, qframe_main: Main, tmp_path: Path) -> None:
    text = f"from qframe import ConfigError, Gate, GateSet\nEVIL = {EVIL!r}\n{body}\n"
    (tmp_path / "mine.py").write_text(text)
    for words in ((), ("--traceback",)):
        done = qframe_main("check", config(gate_set="./mine.py"), *words)
        assert done.returncode in (2, 3)
        assert is_harmless(done), done.stderr
        assert ("Traceback" in done.stderr) == bool(words)


def test_a_recipe_of_a_file_with_a_hostile_gate_is_refused() -> None:
    data: Any = {
        "qubits": 1,
        "gates": [{"name": EVIL, "matrix": [[[0, 0], [1, 0]], [[1, 0], [0, 0]]]}],
        "instructions": [[EVIL, 0]],
    }
    with pytest.raises(qframe.ConfigError, match="the name of a gate is") as refused:
        qframe.InstructionSet.from_data(data)
    assert str(refused.value).isprintable()


def test_nothing_but_the_one_door_writes() -> None:
    folder = Path(qframe.__file__).parent / "cli"
    for file in folder.glob("*.py"):
        if file.name != "output.py":
            text = file.read_text()
            assert not re.search(r"click\.echo|(?<![.;])(?<!; )\bprint\(|Console\(", text), file
