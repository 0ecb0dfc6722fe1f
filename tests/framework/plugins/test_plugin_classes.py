"""What is wrong with a plugin's class is said in one line, with its file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import qframe

Config = Callable[..., Path]

GATES = "    def gates(self):\n        return [Gate('x', [[0, 1], [1, 0]])]\n"
HOOK = "@hookimpl\ndef qframe_gate_sets():\n    "


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("class G(GateSet):\n    name = 'g'\n    def gate(self): ...\n", "lacks gates()", "gate()"),
        (f"class G:\n    name = 'g'\n{GATES}", "is no subclass of qframe.GateSet", "class"),
        (f"class G(GateSet):\n{GATES}", "has no name", "name = "),
        (f"class G(GateSet):\n    name = ''\n{GATES}", "has no name", "name = "),
        (f"class G(GateSet):\n    name = 'g'\n    version = '1'\n{GATES}", "version '1'", "= 1"),
        (f"class G(GateSet):\n    name = 'g'\n    version = True\n{GATES}", "version True", "= 1"),
        (f"class G(GateSet):\n    name = 'g'\n    Options = 3\n{GATES}", "Options 3", "Options"),
    ],
)
def test_a_class_that_breaks_its_contract_is_named_with_its_line(
    text: str, words: str, hint: str, config: Config, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(f"from qframe import Gate, GateSet\n\n{text}")
    with pytest.raises(qframe.PluginError) as error:
        qframe.open(config(gate_set="./mine.py"))
    assert f"G ({tmp_path / 'mine.py'}:3) " in error.value.message
    assert words in error.value.message
    assert hint in str(error.value).partition("Hint:")[2]
    assert "\n" not in error.value.message


def test_an_abstract_base_in_the_file_is_not_meant(config: Config, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from qframe import Gate, GateSet\n"
        f"class Base(GateSet):\n    name = 'base'\nclass G(Base):\n    name = 'g'\n{GATES}"
    )
    assert len(qframe.open(config(gate_set="./mine.py")).recipe.instructions.gates) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("return 3", "TypeError"),
        ("raise ValueError('oops')", "ValueError: oops (line 4)"),
        ("return []", "offers no gate_set"),
        ("return None", "offers no gate_set"),
    ],
)
def test_a_hook_that_gives_no_list_of_classes_is_refused(
    answer: str, words: str, config: Config, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(f"from qframe import hookimpl\n{HOOK}{answer}\n")
    with pytest.raises(qframe.PluginError) as error:
        qframe.open(config(gate_set="./mine.py"))
    assert words in error.value.message


def test_a_misspelt_class_has_a_guess(config: Config, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        f"from qframe import Gate, GateSet\nclass Mine(GateSet):\n    name = 'g'\n{GATES}"
    )
    with pytest.raises(qframe.PluginError, match="did you mean 'Mine'"):
        qframe.open(config(gate_set="./mine.py:Mien"))
