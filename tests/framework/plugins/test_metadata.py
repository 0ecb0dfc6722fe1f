"""Entry points of installed packages: broken ones of strangers, and each form that one can have."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import qframe
from qframe.plugins.installed import installed

Config = Callable[..., Path]
Cli = Callable[..., subprocess.CompletedProcess[str]]

GATES = (
    "from qframe import Gate, GateSet\n"
    "class G(GateSet):\n"
    '    """One gate."""\n'
    "    name = 'g'\n"
    "    def gates(self):\n"
    "        return [Gate('x', [[0, 1], [1, 0]])]\n"
)


def distribution(site: Path, name: str, entries: bytes, metadata: bytes | None = None) -> Path:
    """The metadata of an installed package, as pip leaves them."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
    (info / "METADATA").write_bytes(text if metadata is None else metadata)
    (info / "entry_points.txt").write_bytes(entries)
    return info


BROKEN = {"no value": b"[console_scripts]\nfoo\n", "no text": b"[a]\nb = c\xff\n"}


@pytest.mark.parametrize("entries", BROKEN.values(), ids=BROKEN)
def test_a_package_with_broken_entry_points_is_left_out_and_named(
    entries: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qframe_main: Cli
) -> None:
    before = installed()
    distribution(tmp_path / "site", "other", entries)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert installed() == before
    for verb in ("plugins", "doctor"):
        done = qframe_main(verb, "--json")
        assert done.returncode == 0
        assert "other" in done.stderr + done.stdout
        assert json.loads(done.stdout)


def test_no_command_ends_because_of_a_broken_package(
    config: Config, tmp_path: Path, qframe_cli: Cli
) -> None:
    """Nor do the workers: Pydantic, too, reads the entry points of all packages."""
    distribution(tmp_path / "site", "other", BROKEN["no value"])
    given = os.environ.get("PYTHONPATH", "")
    site = os.pathsep.join([str(tmp_path / "site"), *([given] if given else [])])
    path = config(records=50, executor={"plugin": "processes", "workers": 1})
    done = qframe_cli("run", path, env={**os.environ, "PYTHONPATH": site})
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("metadata", [b"", b"Name: \xff\n", b"nothing"])
def test_a_plugin_of_a_package_with_broken_metadata_works(
    metadata: bytes, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distribution(tmp_path / "site", "lab", b"[qframe]\ngate_set.lab = labgates_m\n", metadata)
    (tmp_path / "site" / "labgates_m.py").write_text(GATES)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    [found] = [found for found in installed("gate_set") if found.name == "lab"]
    assert (found.distribution, found.version) == ("?", "?")
    assert len(qframe.open(config(gate_set="lab")).recipe.instructions.gates) == 1


def test_an_entry_point_may_name_the_class(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distribution(tmp_path / "site", "lab", b"[qframe]\ngate_set.ns = labgates_c:G\n")
    (tmp_path / "site" / "labgates_c.py").write_text(GATES)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    by_name = qframe.open(config(gate_set="ns"))
    assert [gate.name for gate in by_name.recipe.instructions.gates] == ["x"]
    assert qframe.open(config(gate_set="labgates_c:G")).recipe.id == by_name.recipe.id
    with pytest.raises(qframe.PluginError, match="no module named 'ns'") as error:
        qframe.open(config(gate_set="ns:G"))
    assert error.value.hint is None or "\n" not in error.value.hint
    assert "'ns' is the name of an installed plugin" in str(error.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("labgates_w:H", "has no 'H'"),
        ("labgates_w.G", "No module named"),
        ("labgates_w:", "want pkg.module or pkg.module:Class"),
        ("labgates w", "want pkg.module or pkg.module:Class"),
        ("labgates_w:np", "want a subclass of qframe.GateSet"),
        ("labgates_w:number", "offers no gate_set"),
        ("qframe_plugins.samplers.uniform:Uniform", "want a subclass of qframe.GateSet"),
    ],
)
def test_an_entry_point_of_another_form_is_refused_in_one_line(
    value: str, words: str, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distribution(tmp_path / "site", "lab", f"[qframe]\ngate_set.ns = {value}\n".encode())
    (tmp_path / "site" / "labgates_w.py").write_text(f"{GATES}class np: pass\nnumber = 3\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    with pytest.raises(qframe.PluginError, match="ns") as error:
        qframe.open(config(gate_set="ns"))
    assert words in error.value.message
    assert "\n" not in error.value.message
