"""Every code block in README.md and docs/ does what the text says."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sqlite3
import tomllib
from pathlib import Path

import pytest

import qframe
from qframe.cli.main import main
from qframe.config.load import load_config

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").glob("*.md"))]


def blocks(path: Path, language: str) -> list[str]:
    """Code blocks of one language, without the two commands that set everything up."""
    text = re.sub(r"<!-- \w+ command -->\n```bash\n.*?```", "", path.read_text(), flags=re.DOTALL)
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def cases(language: str) -> list[tuple[Path, str]]:
    return [(path, block) for path in DOCUMENTS for block in blocks(path, language)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory as the README assumes it, with the main job's dataset."""
    place = tmp_path_factory.mktemp("reader")
    for name in ("configs", "examples", "benchmarks"):
        (place / name).symlink_to(ROOT / name)
    _qframe(place, "run", "configs/clifford_t.yaml")
    return place


def _qframe(place: Path, *arguments: str) -> str:
    """The command within this process; a run without worker processes, which cost a second."""
    alone = ["--set", "executor=serial"] if arguments[0] == "run" else []
    printed = io.StringIO()
    with (
        contextlib.chdir(place),
        contextlib.redirect_stdout(printed),
        pytest.raises(SystemExit) as ended,
    ):
        main([*arguments, *alone])
    assert ended.value.code in (0, None), printed.getvalue()
    return printed.getvalue()


@pytest.mark.parametrize(("path", "block"), [c for c in cases("bash") if "qframe" in c[1]])
def test_shell_commands_of_the_documents_succeed(path: Path, block: str, place: Path) -> None:
    for line in block.splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0] == "qframe":
            _qframe(place, *words[1:])


@pytest.mark.parametrize(("path", "block"), cases("bash"))
def test_scripts_that_the_documents_name_exist(path: Path, block: str) -> None:
    for line in block.splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0] == "python":
            assert (ROOT / words[1]).is_file()


@pytest.mark.parametrize(("path", "block"), cases("sql"))
def test_sql_of_the_documents_finds_rows(path: Path, block: str, place: Path) -> None:
    with sqlite3.connect(place / "data" / "clifford_t.db") as db:
        for statement in filter(str.strip, block.split(";")):
            assert db.execute(statement).fetchall()
    db.close()


def test_the_python_of_the_readme_reads_the_data(place: Path) -> None:
    reading = next(b for b in blocks(README, "python") if "qframe.open" in b)
    with contextlib.chdir(place):
        exec(reading, {})


def test_the_file_can_be_read_without_qframe(place: Path) -> None:
    code = "\n".join(blocks(ROOT / "docs" / "format.md", "python"))
    names: dict[str, object] = {}
    with contextlib.chdir(place):
        exec(code, names)
    names["db"].close()  # type: ignore[attr-defined]
    with qframe.open(place / "data" / "clifford_t.db") as ds:
        assert (names["unitaries"] == ds[: len(names["unitaries"])].unitaries).all()  # type: ignore[arg-type]


def test_the_python_of_the_page_about_exactness_runs(place: Path) -> None:
    _qframe(place, "run", "configs/exact.yaml")
    with contextlib.chdir(place):
        for code in blocks(ROOT / "docs" / "exact.md", "python"):
            exec(code, {})


def test_the_plugin_in_the_readme_is_the_example_and_has_at_most_12_lines() -> None:
    plugin = next(b for b in blocks(README, "python") if "GateSet" in b)
    assert plugin == (ROOT / "examples" / "my_gates.py").read_text()
    assert len([line for line in plugin.splitlines() if line.strip()]) <= 12


def test_the_yaml_of_the_readme_is_a_valid_config(tmp_path: Path) -> None:
    [text] = blocks(README, "yaml")
    (tmp_path / "x.yaml").write_text(text)
    loaded = load_config(tmp_path / "x.yaml")
    assert loaded.config.records == 1_000_000


def test_the_page_about_the_config_begins_with_a_valid_one(tmp_path: Path) -> None:
    text, *sections = blocks(ROOT / "docs" / "config.md", "yaml")
    (tmp_path / "x.yaml").write_text(text)
    assert load_config(tmp_path / "x.yaml").config.records == 1_000_000
    for section in sections:
        (tmp_path / "x.yaml").write_text(re.sub(r"^storage:.*\n", section, text, flags=re.M))
        assert load_config(tmp_path / "x.yaml").plugins["storage"].spec.plugin == "sqlite"


def test_the_mistakes_on_the_page_about_the_config_are_reported_so(tmp_path: Path) -> None:
    [messages] = blocks(ROOT / "docs" / "config.md", "text")
    (tmp_path / "mine.yaml").write_text(
        "records: 10\nseed: many\ngate_set: clifford_t\nsampler: {plugin: uniform, length: 4,\n"
        "  lenght: 4}\n"
    )
    with contextlib.chdir(tmp_path), pytest.raises(qframe.ConfigError) as error:
        load_config(Path("mine.yaml"))
    assert f"{error.value}\n" == messages


def test_the_column_of_the_plugin_guide_is_stored(tmp_path: Path) -> None:
    python = blocks(ROOT / "docs" / "plugins.md", "python")
    (tmp_path / "sampler.py").write_text(next(b for b in python if "class Marked" in b))
    (tmp_path / "x.yaml").write_text(
        "records: 50\ngate_set: clifford_t\nsampler: sampler.py\nexecutor: serial\n"
    )
    out = tmp_path / "x.db"
    _qframe(tmp_path, "run", "x.yaml", "--output", str(out))
    with qframe.open(out) as ds:
        for record in ds:
            assert record.extra["repeats"] == list(record.codes).count(record.codes[0])


def test_both_plugins_of_the_plugin_guide_make_a_dataset(tmp_path: Path) -> None:
    python = blocks(ROOT / "docs" / "plugins.md", "python")
    (tmp_path / "gates.py").write_text(next(b for b in python if "class SqrtX" in b))
    (tmp_path / "sampler.py").write_text(next(b for b in python if "class Repeat" in b))
    (tmp_path / "notify.py").write_text(next(b for b in python if "qframe_run_finished" in b))
    hooks = next(b for b in blocks(ROOT / "docs" / "plugins.md", "yaml") if "hooks" in b)
    (tmp_path / "x.yaml").write_text(
        "records: 5000\ngate_set: gates.py\nsampler: {plugin: sampler.py, length: 4}\n"
        f"executor: serial\n{hooks}"
    )
    out = tmp_path / "x.db"
    printed = _qframe(tmp_path, "run", "x.yaml", "--output", str(out))
    assert "5,000 records in" in printed  # by the hook
    with qframe.open(out) as ds:
        assert all(len(set(record.circuit)) == 1 for record in ds)


def test_the_package_of_the_plugin_guide_names_a_known_kind() -> None:
    [text] = blocks(ROOT / "docs" / "plugins.md", "toml")
    [name] = tomllib.loads(text)["project"]["entry-points"]["qframe"]
    assert name == "gate_set.sqrt_x"


def test_the_committed_schema_is_the_one_that_qframe_prints() -> None:
    printed = _qframe(ROOT, "schema")
    assert (ROOT / "configs" / "qframe.schema.json").read_text() == printed


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda p: p.stem)
def test_shipped_configs_name_their_schema_for_editors(path: Path) -> None:
    assert path.read_text().startswith("# yaml-language-server: $schema=qframe.schema.json\n")
