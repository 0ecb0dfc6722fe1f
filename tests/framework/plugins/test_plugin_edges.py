"""Plugins that are wrong in one place, and packages of others whose metadata are broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import qframe
from qframe.plugins.installed import installed, unreadable

Config = Callable[..., Path]
Cli = Callable[..., subprocess.CompletedProcess[str]]
Package = Callable[[str, str], None]

GATES = """
from qframe import Gate, GateSet, Sampler
class Mine(GateSet):
    name = "mine"
    def gates(self):
        return [Gate("x", [[0, 1], [1, 0]])]
"""


DONE = "\n    def gates(self): return []"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """Puts metadata of a package, and a module `labgates`, where Python looks for packages."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "labgates.py").write_text(GATES)
    monkeypatch.syspath_prepend(str(site))

    def make(name: str, entry_points: str) -> None:
        info = site / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_bytes(entry_points.encode("latin-1"))

    yield make
    sys.modules.pop("labgates", None)


def refusal(path: Path) -> str:
    with pytest.raises(qframe.PluginError) as refused:
        qframe.open(path)
    assert "\n" not in refused.value.message
    return str(refused.value)


@pytest.mark.parametrize(
    "value", ["labgates", "labgates:Mine", "labgates : Mine", "labgates:Mine[x]"]
)
def test_an_entry_point_names_a_module_or_a_class(
    value: str, package: Package, config: Config
) -> None:
    package("lab", f"[qframe]\ngate_set.ns = {value}\n")
    gates = qframe.open(config(gate_set="ns")).recipe.instructions.gates
    assert [gate.name for gate in gates] == ["x"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("labgates:Nothing", "is installed but broken: labgates has no 'Nothing'"),
        ("labgates:Mine.nothing", "is installed but broken"),
        ("labgates:", "its entry point is 'labgates:', want pkg.module or pkg.module:ClassName"),
        ("lab gates", "its entry point is 'lab gates', want pkg.module or pkg.module:ClassName"),
        ("labgates:Gate", "want a subclass of qframe.GateSet"),
        ("labgates:GateSet", "lacks gates()"),
    ],
)
def test_a_wrong_entry_point_is_one_line(
    value: str, words: str, package: Package, config: Config
) -> None:
    package("lab", f"[qframe]\ngate_set.ns = {value}\n")
    assert words in refusal(config(gate_set="ns"))


def test_an_installed_name_with_a_class_says_what_it_would_mean(config: Config) -> None:
    message = refusal(config(gate_set="clifford_t:Nothing"))
    assert "'clifford_t' is the name of an installed plugin: write it without the colon" in message


@pytest.mark.parametrize("broken", ["[console_scripts]\nfoo\n", "\xff\xfe"])
def test_broken_metadata_of_another_package_stop_nothing(
    broken: str, package: Package, config: Config, qframe_main: Cli
) -> None:
    package("other", broken)
    package("lab", "[qframe]\ngate_set.ns = labgates:Mine\n")
    assert {"ns", "clifford_t"} <= {found.name for found in installed("gate_set")}
    for words in (["check", config(gate_set="ns")], ["schema"], ["doctor"], ["plugins"]):
        done = qframe_main(*words)
        assert done.returncode == 0, done.stderr
        assert ("other-1.0" in done.stdout + done.stderr) == (words[0] in ("doctor", "plugins"))
    [problem] = unreadable()
    assert "other-1.0.dist-info: entry_points.txt: " in problem


def test_broken_metadata_from_the_first_import_on(
    qframe_cli: Cli, config: Config, tmp_path: Path
) -> None:
    """Libraries that qframe uses read the entry points, too."""
    info = tmp_path / "site" / "other-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "entry_points.txt").write_text("[console_scripts]\nfoo\n")  # and no METADATA
    given = os.environ.get("PYTHONPATH", "")
    path = os.pathsep.join(filter(None, [str(tmp_path / "site"), given]))
    executor = {"plugin": "processes", "workers": 1}
    done = qframe_cli(
        "run", config(records=20, executor=executor), env={**os.environ, "PYTHONPATH": path}
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def gate(self): return []", "lacks gates()"),
        ("def Gates(self): return []", "lacks gates()"),
        ("", "lacks gates()"),
        (
            "version = '2'\n    def gates(self): return []",
            "has version '2', want a whole number",
        ),
        (
            "version = True\n    def gates(self): return []",
            "has version True, want a whole number",
        ),
        ("name = ''\n    def gates(self): return []", "has no name"),
        ("name = 'x' * 65\n    def gates(self): return []", "want at most 64 printable characters"),
        ("Options = dict\n    def gates(self): return []", "has Options <class 'dict'>"),
        ("def __init__(self): pass\n    def gates(self): return []", "raised TypeError"),
    ],
)
def test_a_class_that_is_wrong_in_one_place(
    text: str, words: str, config: Config, tmp_path: Path
) -> None:
    head = "from qframe import GateSet\nclass Mine(GateSet):\n    name = 'mine'\n"
    (tmp_path / "mine.py").write_text(f"{head}    {text}\n")
    assert words in refusal(config(gate_set="./mine.py"))


def test_a_class_of_another_kind_is_named(config: Config, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(GATES)
    message = refusal(config(sampler="./mine.py"))
    assert "is no subclass of qframe.Sampler" in message


def test_a_plugins_exception_names_file_and_line(config: Config, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(GATES.replace("return [", "1 / 0; return ["))
    assert f"ZeroDivisionError: division by zero ({tmp_path}/mine.py:6)" in refusal(
        config(gate_set="./mine.py")
    )


@pytest.mark.parametrize("given", ["executor=serial", 'executor="serial"', "records=5"])
def test_the_hint_names_the_serial_executor_once(given: str) -> None:
    spec = qframe.Job.__dataclass_fields__  # a job needs no plugin here
    empty: dict[str, Any] = dict.fromkeys(spec, "")
    job = qframe.Job(**{**empty, "config": f"a.yaml --set {given}"})
    assert job.serial.count("serial") == 1


# Modules in the working directory


def call(tmp_path: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=tmp_path,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_module_is_not_taken_from_the_working_directory(config: Config, tmp_path: Path) -> None:
    (tmp_path / "labgates.py").write_text(f"print('EXECUTED')\n{GATES}")
    path = config(records=5, gate_set="labgates:Mine")
    command = call(tmp_path, "-m", "qframe", "check", str(path))
    assert command.returncode == 3
    assert "no module named 'labgates' is installed" in command.stderr
    library = call(tmp_path, "-c", f"import qframe; qframe.open({str(path)!r})")
    assert (
        "labgates.py: it is not installed, it only lies in the working directory" in library.stderr
    )
    assert "EXECUTED" not in command.stdout + library.stdout
    given = os.environ.get("PYTHONPATH", "")
    meant = os.pathsep.join(filter(None, [str(tmp_path), given]))
    assert call(tmp_path, "-m", "qframe", "check", str(path), PYTHONPATH=meant).returncode == 0


def test_the_command_imports_nothing_from_the_working_directory(
    config: Config, tmp_path: Path
) -> None:
    for name in ("random", "numpy", "click", "multiprocessing", "qframe_plugins"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('EXECUTED')\n")
    path = config(records=20, executor={"plugin": "processes", "workers": 1})
    done = call(tmp_path, "-m", "qframe", "run", str(path))
    assert (done.returncode, "EXECUTED" in done.stderr) == (0, False), done.stderr


def test_the_list_of_plugins_is_json_whatever_is_broken(package: Package, qframe_main: Cli) -> None:
    package("other", "[console_scripts]\nfoo\n")
    assert json.loads(qframe_main("plugins", "--json").stdout)
