"""The rules of the house: who imports whom, sizes, public names, shipped configs."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import qframe
from qframe.__about__ import DISTRIBUTION
from qframe.plugins import hookspecs
from qframe.runs import hooks as run_hooks
from tests.planted_bugs import BUGS

ROOT = Path(__file__).parents[1]
FRAMEWORK = sorted((ROOT / "framework" / "qframe").rglob("*.py"))
PLUGINS = sorted((ROOT / "plugins" / "qframe_plugins").rglob("*.py"))
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))

Cli = Callable[..., subprocess.CompletedProcess[str]]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> Iterator[tuple[str, list[str]]]:
    """`(module, names)` of every import in a file, also those within functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{named(path)}:{node.lineno}: a relative import"
            yield node.module or "", [alias.name for alias in node.names]


@pytest.mark.parametrize("path", FRAMEWORK, ids=named)
def test_the_framework_never_imports_the_plugins(path: Path) -> None:
    assert not [m for m, _ in imports(path) if m.partition(".")[0] == "qframe_plugins"]
    # Entry points are the only way in: the name does not appear in code either.
    strings = [
        node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert not [s for s in strings if re.fullmatch(r"qframe_plugins[\w.:]*", s)]


@pytest.mark.parametrize("path", PLUGINS, ids=named)
def test_a_plugin_uses_only_public_names_of_qframe(path: Path) -> None:
    for module, names in imports(path):
        assert not module.startswith("qframe."), f"{module} is private"
        if module == "qframe":
            assert names, "import names: `from qframe import X`"
            assert set(names) <= set(qframe.__all__)


@pytest.mark.parametrize("path", [*FRAMEWORK, *PLUGINS], ids=named)
def test_no_module_is_longer_than_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def test_both_packages_are_typed() -> None:
    for package in ("framework/qframe", "plugins/qframe_plugins"):
        assert (ROOT / package / "py.typed").exists()


@pytest.mark.parametrize("name", qframe.__all__)
def test_a_public_name_resolves_and_says_what_it_is(name: str) -> None:
    value = getattr(qframe, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert value.__doc__, f"{name} has no docstring"


def test_no_other_name_is_public() -> None:
    with pytest.raises(AttributeError, match="nonesuch"):
        qframe.nonesuch  # noqa: B018 - reading the attribute is the test
    assert dir(qframe) == sorted(qframe.__all__)


def test_the_declarations_for_type_checkers_are_the_public_names() -> None:
    tree = ast.parse((ROOT / "framework/qframe/__init__.py").read_text())
    declared = {
        alias.asname
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert declared == set(qframe.__all__) - {"__version__"}


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import qframe", ["numpy", "pydantic", "yaml", "pluggy", "apsw", "click"]),
        ("import qframe.cli.main", ["numpy", "pydantic", "apsw", "rich", "pluggy"]),
    ],
)
def test_importing_is_light(code: str, absent: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert not {m.partition(".")[0] for m in done.stdout.split()} & set(absent)


def test_there_are_configs() -> None:
    assert len(CONFIGS) >= 5


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_shipped_config_runs(path: Path, qframe_main: Cli, tmp_path: Path) -> None:
    output = tmp_path / "out"
    small = ["--records", 300, "--output", output, "--set", "executor=serial"]
    done = qframe_main("run", path, *small)
    assert done.returncode == 0, done.stderr
    with qframe.open(output) as dataset, qframe.open(path) as computed:
        assert len(dataset) == dataset.stored() == 300
        assert dataset.recipe.id == computed.recipe.id
        want = computed[:300]
        got = dataset[:]
        assert got.unitaries.tobytes() == want.unitaries.tobytes()
        assert got.codes.tobytes() == want.codes.tobytes()


def hooks() -> dict[str, list[str]]:
    return {
        name: list(inspect.signature(value).parameters)
        for name, value in [*vars(hookspecs).items(), *vars(run_hooks).items()]
        if name.startswith("qframe_")
    }


def test_documented_hooks_are_those_that_there_are() -> None:
    page = ROOT / "docs" / "plugins.md"
    if not page.exists():
        pytest.skip("docs/plugins.md is not written yet")
    text = page.read_text()
    found = re.findall(r"\b(qframe_[a-z_]+)(?:\(([^()]*)\))?", text)
    specs = hooks()
    mentioned = {name for name, _ in found if name in specs}
    assert mentioned == set(specs), "every hook is documented"
    for name, arguments in found:
        if name.startswith(("qframe_run_", "qframe_task_")):
            assert name in specs, f"{name} is documented and does not exist"
        if name in specs and arguments:
            given = [a.partition(":")[0].strip() for a in arguments.split(",")]
            full = re.search(rf"^\| `{name}\(", text, re.MULTILINE)
            assert set(given) <= set(specs[name])
            if full and f"`{name}({arguments})`" in text:
                assert given == specs[name]


def test_entry_points_are_one_a_plugin_file() -> None:
    import tomllib

    project: Any = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    entries = project["entry-points"]["qframe"]
    for name, value in entries.items():
        kind = name.partition(".")[0]
        module = value.partition(" ")[0]  # what stands in brackets after it is the extra it needs
        path = ROOT / "plugins" / Path(*module.split(".")).with_suffix(".py")
        assert path.exists(), name
        assert path.parent.name == f"{kind}s"
        assert f"def qframe_{kind}s()" in path.read_text()


def test_shipped_configs_are_plain_yaml() -> None:
    for path in CONFIGS:
        assert isinstance(yaml.safe_load(path.read_text()), dict)


def test_the_shipped_schema_is_what_the_command_prints(qframe_main: Cli) -> None:
    shipped = ROOT / "configs" / "qframe.schema.json"
    if not shipped.exists():
        pytest.skip("no schema is shipped")
    printed = json.loads(qframe_main("schema").stdout)
    assert json.loads(shipped.read_text()) == printed, "qframe schema > configs/qframe.schema.json"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"])
def test_files_that_a_page_at_the_door_names_exist(name: str) -> None:
    text = (ROOT / name).read_text()
    linked = set(re.findall(r"\]\(([^)#:]+)\)", text))
    quoted = set(re.findall(r"`((?:tests|plugins|framework|benchmarks)/[\w./-]+)`", text))
    missing = [p for p in linked | quoted if "NAME" not in p and not (ROOT / p).exists()]
    assert not missing


# The name `qframe` on the package index belongs to another project: nothing here may install it.

STRANGER = re.compile(
    r"""
    (?: (?:pip3?|pipx|uv\ tool|conda|mamba)\ install | (?:uv|poetry|pdm)\ add )
        (?: [^\n`&|;]*? ["'\s] )? qframe (?![-\w/])      # a command that installs it
    | (?<![-\w]) qframe \[ [a-z]                        # an extra of it
    | ["'] qframe \s* (?: [<>=~!]=|[<>] )               # a requirement with a version
    | Requires-Dist: \s* qframe (?![-\w])               # a requirement in metadata
    | (?:dependencies|requires) ["']? \s* = \s* \[ [^\]]* ["'] qframe ["']
    """,
    re.VERBOSE,
)


def test_nothing_here_installs_the_package_of_a_stranger() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    tracked = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert ROOT / "README.md" in tracked
    found = [
        f"{named(path)}:{text.count(chr(10), 0, match.start()) + 1}: {match.group()}"
        for path in tracked
        if path.is_file()
        for text in [path.read_text(errors="replace")]
        for match in STRANGER.finditer(text)
    ]
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        "hint: pip install {}",
        "pip install '{}[fast]'",
        "pip3 install --quiet {}.",
        "pip install numpy {}",
        "uv add {}",
        "needs {}[plot]",
        '"{}>=0.1",',
        "Requires-Dist: {}",
        'dependencies = ["{}"]',
        'dependencies = [\n  "numpy",\n  "{}",\n]',
    ],
)
def test_what_would_install_a_strangers_package_is_found(text: str) -> None:
    assert STRANGER.search(text.format("qframe"))
    assert not STRANGER.search(text.format(DISTRIBUTION))
    assert not STRANGER.search(text.format("numba"))


@pytest.mark.parametrize(
    "text",
    [
        ".venv/bin/pip install . && .venv/bin/qframe run x.yaml",
        "After `pip install`, `qframe plugins` lists it",
        "pip install framework/qframe",
        'project["entry-points"]["qframe"]',
        'DISTRIBUTION == "qframe-datasets"',
    ],
)
def test_what_installs_nothing_is_no_such_hint(text: str) -> None:
    assert not STRANGER.search(text)


def test_the_wheel_bears_the_name_and_the_version_of_about(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    [wheel] = tmp_path.iterdir()
    with zipfile.ZipFile(wheel) as archive:
        [metadata] = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
        lines = archive.read(metadata).decode().splitlines()
    assert f"Name: {DISTRIBUTION}" in lines
    assert f"Version: {qframe.__version__}" in lines


def test_every_planted_bug_can_still_be_planted() -> None:
    for bug in BUGS:
        found = (ROOT / bug.file).read_text().count(bug.old)
        assert found == 1, f"{bug.name}: {bug.file} holds the text {found} times"
