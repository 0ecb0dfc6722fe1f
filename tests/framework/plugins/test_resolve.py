"""The one door: local files, `module:attr`, and installed packages, as real wheels."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import qframe

Config = Callable[..., Path]
Cli = Callable[..., subprocess.CompletedProcess[str]]
Run = Callable[..., qframe.RunSummary]

GATES = '''
from qframe import Gate, GateSet


class SqrtX(GateSet):
    """Square root of X, and X."""

    name = "sqrt_x"

    def gates(self):
        return [
            Gate("sx", [[(1 + 1j) / 2, (1 - 1j) / 2], [(1 - 1j) / 2, (1 + 1j) / 2]]),
            Gate("x", [[0, 1], [1, 0]]),
        ]
'''
HOOK = """

from qframe import hookimpl


@hookimpl
def qframe_gate_sets():
    return [SqrtX]
"""


def gates_of(path: Path) -> list[str]:
    return [gate.name for gate in qframe.open(path).recipe.instructions.gates]


# Local files


@pytest.mark.parametrize("text", [GATES, GATES + HOOK], ids=["plain", "hook"])
@pytest.mark.parametrize("word", ["./mine.py", "mine.py", "mine.py:SqrtX", "sub/../mine.py"])
def test_a_local_file_beside_the_config(
    word: str, text: str, config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(text)
    (tmp_path / "sub").mkdir()
    path = config(gate_set=word, records=50, executor={"plugin": "processes", "workers": 1})
    with qframe.open(run_qframe(path).output) as dataset:
        assert {gate for record in dataset for gate, _ in record.circuit} == {"sx", "x"}
        assert dataset.content_hash() == qframe.open(path).content_hash()


def test_a_path_is_relative_to_the_config_and_not_to_the_working_directory(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text(GATES)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert gates_of(config(gate_set="./mine.py")) == ["sx", "x"]


def test_a_local_plugin_takes_options(config: Config, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(GATES)
    path = config(gate_set={"plugin": "./mine.py", "gates": ["x"], "qubits": 2})
    assert [str(i) for i in qframe.open(path).recipe.instructions.instructions] == ["x 0", "x 1"]


def test_classes_that_a_file_merely_imports_do_not_count(config: Config, tmp_path: Path) -> None:
    imported = "from qframe_plugins.gate_sets.clifford_t import CliffordT\n"
    (tmp_path / "mine.py").write_text(imported + GATES)
    assert gates_of(config(gate_set="./mine.py")) == ["sx", "x"]
    (tmp_path / "none.py").write_text(imported)
    with pytest.raises(qframe.PluginError, match="offers no gate_set"):
        qframe.open(config(gate_set="./none.py"))


def test_two_classes_in_a_file_are_told_apart_by_name(config: Config, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        GATES + "\n\nclass OnlyX(SqrtX):\n    name = 'only_x'\n\n"
        "    def gates(self):\n        return super().gates()[1:]\n"
    )
    with pytest.raises(qframe.PluginError, match=r"2 gate_set classes \(SqrtX, OnlyX\)"):
        qframe.open(config(gate_set="./mine.py"))
    assert gates_of(config(gate_set="./mine.py:OnlyX")) == ["x"]


def test_the_shared_example_has_at_most_twelve_lines_and_runs(config: Config) -> None:
    example = Path(__file__).parents[3] / "examples" / "my_gates.py"
    lines = [x for x in example.read_text().splitlines() if x.strip() and '"""' not in x]
    assert len(lines) <= 12
    assert gates_of(config(gate_set=example)) == ["sx", "t"]


def refusal(path: Path) -> str:
    with pytest.raises(qframe.PluginError) as caught:
        qframe.open(path)
    assert caught.value.exit_code == 3
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("import nonesuch_package\n", "ModuleNotFoundError: No module named 'nonesuch_package'"),
        ("x = 1 / 0\n", "ZeroDivisionError: division by zero (line 1)"),
        ("def f(:\n", "SyntaxError"),
        ("from qframe import Nonesuch\n", "Nonesuch"),
        ("raise SystemExit(0)\n", "SystemExit"),
    ],
)
def test_a_local_file_that_breaks_tells_the_real_cause(
    text: str, cause: str, config: Config, tmp_path: Path
) -> None:
    (tmp_path / "broken.py").write_text(text)
    path = config(gate_set="./broken.py")
    message = refusal(path)
    assert cause in message
    assert "broken.py" in message
    assert message.startswith(f"{path}:")


def test_a_local_file_that_is_not_there(config: Config) -> None:
    assert "does not exist" in refusal(config(gate_set="./nothing.py"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("    name = 'bad'\n", "lacks gates()"),
        ("    def gates(self):\n        return []\n", "has no name"),
        (
            "    name = 'bad'\n    contract = 99\n    def gates(self):\n        return []\n",
            "contract 99",
        ),
    ],
)
def test_a_class_that_does_less_than_its_contract_is_named(
    body: str, words: str, config: Config, tmp_path: Path
) -> None:
    (tmp_path / "bad.py").write_text(f"from qframe import GateSet\n\nclass Bad(GateSet):\n{body}")
    assert words in refusal(config(gate_set="./bad.py:Bad"))


def test_a_hook_that_returns_something_else_is_refused(config: Config, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(
        "from qframe import hookimpl\n\n@hookimpl\ndef qframe_gate_sets():\n    return ['h', 't']\n"
    )
    assert "bad.py" in refusal(config(gate_set="./bad.py"))


def test_a_hook_with_other_arguments_is_refused(config: Config, tmp_path: Path) -> None:
    (tmp_path / "worse.py").write_text(
        "from qframe import hookimpl\n\n@hookimpl\ndef qframe_gate_sets(config):\n    return []\n"
    )
    assert "worse.py" in refusal(config(gate_set="./worse.py"))


def test_gates_that_raise_are_the_plugins_fault(
    config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    (tmp_path / "bad.py").write_text(
        GATES.replace("return [", "raise RuntimeError('oops')\n        [")
    )
    done = qframe_main("run", config(gate_set="./bad.py"))
    assert done.returncode in (1, 3)
    line = done.stderr.partition("Error: ")[2]  # below the traceback, for who does not read it
    assert "RuntimeError: oops" in line
    assert "./bad.py" in line
    assert not (tmp_path / "small.db").exists()


# module:attr


def test_a_class_of_an_importable_module(config: Config) -> None:
    word = "qframe_plugins.gate_sets.clifford_t:CliffordT"
    assert qframe.open(config(gate_set=word)).recipe.id == qframe.open(config()).recipe.id


def with_path(directory: Path) -> dict[str, str]:
    """This environment, with a directory in front of what Python looks through."""
    given = os.environ.get("PYTHONPATH", "")
    path = os.pathsep.join([str(directory), given]) if given else str(directory)
    return {**os.environ, "PYTHONPATH": path}


def test_a_module_that_is_on_the_path_of_workers_too(
    config: Config, qframe_cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "my_gates_module.py").write_text(GATES)
    path = config(
        gate_set="my_gates_module:SqrtX",
        engine="qframe_plugins.engines.numpy:NumpyEngine",
        sampler={"plugin": "qframe_plugins.samplers.uniform:Uniform", "length": 4},
        executor={"plugin": "processes", "workers": 1},
    )
    done = qframe_cli("run", path, env=with_path(tmp_path / "lib"))
    assert done.returncode == 0, done.stderr
    with qframe.open(tmp_path / "small.db") as dataset:
        assert {gate.name for gate in dataset.recipe.instructions.gates} == {"sx", "x"}


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("nonesuch_module:Gates", "no module named 'nonesuch_module'"),
        ("qframe_plugins.gate_sets.nonesuch:Gates", "no module named"),
        ("qframe_plugins.gate_sets.clifford_t:Nonesuch", "has no 'Nonesuch'"),
        ("qframe_plugins.gate_sets.clifford_t:standard", "want a subclass of"),
        ("qframe_plugins.samplers.uniform:Uniform", "want a subclass of qframe.GateSet"),
        ("qframe_plugins.gate_sets.clifford_t:", "plugin"),
        (":CliffordT", "plugin"),
        ("..gate_sets:CliffordT", "plugin"),
    ],
)
def test_module_and_class_that_are_not_there(word: str, words: str, config: Config) -> None:
    assert words in refusal(config(gate_set=word))


# Installed packages


def wheel(directory: Path, name: str, modules: Mapping[str, str], entry_points: str) -> Path:
    """A wheel as the standard describes it: a zip with METADATA, WHEEL, RECORD, entry points."""
    package = name.replace("-", "_")
    info = f"{package}-1.2.dist-info"
    files = {
        **modules,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[qframe]\n{entry_points}\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{path},sha256={digest.decode()},{len(text.encode())}\n"
    made = directory / f"{package}-1.2-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)
    return made


@pytest.fixture
def install(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Installs wheels with pip into a directory of their own; the environment that sees them."""

    def installed(*wheels: Path) -> dict[str, str]:
        target = tmp_path / "site"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
        where = ["--disable-pip-version-check", "--target", str(target)]
        done = subprocess.run(
            [*pip, *where, *map(str, wheels)], capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return with_path(target)

    return installed


Install = Callable[..., dict[str, str]]


def test_an_installed_wheel_runs_and_is_listed(
    config: Config, qframe_cli: Cli, install: Install, tmp_path: Path
) -> None:
    made = wheel(
        tmp_path,
        "qframe-sqrt-x",
        {"qframe_sqrt_x.py": GATES},
        "gate_set.sqrt_x = qframe_sqrt_x",
    )
    environment = install(made)
    path = config(gate_set="sqrt_x", executor={"plugin": "processes", "workers": 2})
    done = qframe_cli("run", path, env=environment)
    assert done.returncode == 0, done.stderr
    with qframe.open(tmp_path / "small.db") as dataset:  # reading needs no plugin
        assert [gate.name for gate in dataset.recipe.instructions.gates] == ["sx", "x"]
    rows = json.loads(qframe_cli("plugins", "--json", env=environment).stdout)
    (row,) = [row for row in rows if row["name"] == "sqrt_x"]
    assert row["distribution"] == "qframe-sqrt-x"
    assert row["version"] == "1.2"
    assert row["kind"] == "gate_set"
    assert row["description"] == "Square root of X, and X."
    assert "qubits" in row["options"]
    assert row["error"] is None
    schema = json.loads(qframe_cli("schema", env=environment).stdout)
    assert '"sqrt_x"' in json.dumps(schema)


def test_a_wheel_may_offer_a_hook_and_several_kinds(
    config: Config, qframe_cli: Cli, install: Install, tmp_path: Path
) -> None:
    sampler = (
        "from qframe_plugins.samplers.uniform import Uniform\n\n"
        "class Again(Uniform):\n    name = 'again'\n"
    )
    package = {
        "pack/__init__.py": "",
        "pack/gates.py": GATES,
        "pack/hooks.py": "from pack.gates import SqrtX\n" + HOOK,
        "pack/samplers.py": sampler,
    }
    entries = "gate_set.sqrt_x = pack.hooks\nsampler.again = pack.samplers"
    environment = install(wheel(tmp_path, "pack", package, entries))
    path = config(gate_set="sqrt_x", sampler={"plugin": "again", "length": 3})
    done = qframe_cli("run", path, env=environment)
    assert done.returncode == 0, done.stderr


def test_an_unknown_name_has_a_guess_and_what_is_installed(config: Config) -> None:
    path = config(gate_set="cliford_t")
    message = refusal(path)
    assert message.startswith(f"{path}:")
    assert "unknown gate_set 'cliford_t': did you mean 'clifford_t'?" in message
    assert "installed are clifford, " in message
    assert ", matrices, " in message


def test_installed_but_broken_tells_the_real_cause(
    config: Config, qframe_cli: Cli, install: Install, tmp_path: Path
) -> None:
    made = wheel(
        tmp_path,
        "qframe-broken",
        {"qframe_broken.py": "raise RuntimeError('no licence key')\n"},
        "gate_set.broken = qframe_broken",
    )
    environment = install(made)
    done = qframe_cli("run", config(gate_set="broken"), env=environment)
    assert done.returncode == 3
    for words in ("installed but broken", "RuntimeError: no licence key", "qframe-broken 1.2"):
        assert words in done.stderr
    assert "Traceback" not in done.stderr
    # What is broken does not disturb the others.
    rows = json.loads(qframe_cli("plugins", "--json", env=environment).stdout)
    assert "no licence key" in next(row for row in rows if row["name"] == "broken")["error"]
    assert next(row for row in rows if row["name"] == "clifford_t")["error"] is None
    assert "no licence key" in qframe_cli("plugins", env=environment).stdout.replace("\n", " ")
    assert qframe_cli("run", config(), env=environment).returncode == 0
    assert json.loads(qframe_cli("schema", env=environment).stdout)


def test_a_plugin_that_needs_a_missing_package_has_the_pip_line(
    config: Config, qframe_cli: Cli, install: Install, tmp_path: Path
) -> None:
    module = {"qframe_needy.py": "import nonesuch_numerics\n"}
    plain = wheel(tmp_path, "qframe-needy", module, "gate_set.needy = qframe_needy")
    environment = install(plain)
    done = qframe_cli("run", config(gate_set="needy"), env=environment)
    assert done.returncode == 3
    assert "needs nonesuch_numerics, which is not installed" in done.stderr
    assert "pip install nonesuch_numerics" in done.stderr


def test_the_pip_line_names_the_package_that_holds_the_module(
    config: Config, qframe_cli: Cli, install: Install, tmp_path: Path
) -> None:
    module = {"qframe_needy.py": "raise ModuleNotFoundError('gone', name='yaml.nodes')\n"}
    made = wheel(tmp_path, "qframe-needy", module, "gate_set.needy = qframe_needy")
    done = qframe_cli("run", config(gate_set="needy"), env=install(made))
    assert done.returncode == 3
    assert "pip install pyyaml" in done.stderr


def test_a_plugin_of_an_extra_has_the_pip_line_of_the_extra(
    config: Config, qframe_cli: Cli, install: Install, tmp_path: Path
) -> None:
    module = {"qframe_needy.py": "import nonesuch_numerics\n"}
    made = wheel(tmp_path, "qframe-needy", module, "gate_set.needy = qframe_needy [fast]")
    done = qframe_cli("run", config(gate_set="needy"), env=install(made))
    assert done.returncode == 3
    assert "pip install 'qframe-needy[fast]'" in done.stderr


def test_two_distributions_with_one_name_are_both_named(
    config: Config, qframe_cli: Cli, install: Install, tmp_path: Path
) -> None:
    one = wheel(tmp_path, "qframe-one", {"one.py": GATES}, "gate_set.sqrt_x = one")
    two = wheel(tmp_path, "qframe-two", {"two.py": GATES}, "gate_set.sqrt_x = two")
    environment = install(one, two)
    done = qframe_cli("run", config(gate_set="sqrt_x"), env=environment)
    assert done.returncode == 3
    assert "qframe-one and qframe-two" in done.stderr
    assert "Hint:" in done.stderr
    by_class = qframe_cli("run", config(gate_set="two:SqrtX"), env=environment)
    assert by_class.returncode == 0, by_class.stderr
    assert json.loads(qframe_cli("plugins", "--json", env=environment).stdout)


def test_a_name_that_shadows_a_built_in_is_refused(
    config: Config, qframe_cli: Cli, install: Install, tmp_path: Path
) -> None:
    thief = wheel(tmp_path, "qframe-thief", {"thief.py": GATES}, "gate_set.clifford_t = thief")
    done = qframe_cli("run", config(), env=install(thief))
    assert done.returncode == 3
    assert "qframe-datasets and qframe-thief" in done.stderr


# Nothing is imported that is not asked for


def imported(code: str, **environment: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules, file=sys.stderr)"],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


def test_listing_what_is_installed_imports_no_plugin(install: Install, tmp_path: Path) -> None:
    made = wheel(tmp_path, "qframe-loud", {"loud.py": "raise SystemExit"}, "gate_set.loud = loud")
    environment = install(made)
    code = (
        "from qframe.plugins.installed import installed\n"
        "found = installed()\n"
        "assert {(i.kind, i.name, i.distribution, i.version) for i in found} >= {\n"
        "    ('gate_set', 'loud', 'qframe-loud', '1.2')}\n"
    )
    modules = imported(code, PYTHONPATH=environment["PYTHONPATH"])
    assert "loud" not in modules
    assert not [m for m in modules if m.startswith("qframe_plugins")]


def test_a_config_imports_only_the_plugins_that_it_names(config: Config) -> None:
    code = (
        "from pathlib import Path\n"
        "from qframe.config.load import load_config\n"
        f"load_config(Path({str(config())!r}))\n"
    )
    modules = {m for m in imported(code) if m.startswith("qframe_plugins.")}
    assert "qframe_plugins.gate_sets.clifford_t" in modules
    for other in ("storages.savetxt", "executors.processes", "gate_sets.matrices"):
        assert f"qframe_plugins.{other}" not in modules


def test_opening_a_dataset_runs_no_gate_set_and_no_sampler(
    config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(GATES)
    output = run_qframe(config(gate_set="./mine.py")).output
    (tmp_path / "mine.py").write_text("raise SystemExit(77)\n")
    code = f"import qframe; qframe.open({str(output)!r})[5]"
    modules = {m for m in imported(code) if m.startswith(("qframe_plugins.", "qframe_local"))}
    assert not [m for m in modules if "storages" not in m]
