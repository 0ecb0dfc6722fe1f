"""Texts of files and users: no escape sequence, no mark of direction and no markup is obeyed."""

from __future__ import annotations

import ast
import fcntl
import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

import qframe
from qframe.cli import output
from qframe.cli.main import VERBS
from qframe.printable import printable, printable_json, shell_words
from qframe_plugins.storages._sqlite.tables import seal

EVIL = "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x9b31m\u202e\u200b\u2066\r\x7f\x85 [/] [red]x :bomb:"
"""Writes the clipboard, clears the screen, turns the reading direction; then markup of Rich."""

VERB_NAMES = [str(verb.name) for verb in VERBS]

Config = Callable[..., Path]
Cli = Callable[..., subprocess.CompletedProcess[str]]


def words_of(verb: str, config: object, data: object, new: object) -> list[object]:
    """How a verb is called on a config and its dataset."""
    more: dict[str, list[object]] = {
        "show": ["show", data, "0"],
        "dedup": ["dedup", data, new],
        "plugins": ["plugins"],
        "schema": ["schema"],
        "doctor": ["doctor", Path(str(data)).parent],
        "plan": ["plan", config, "--seconds", "0.1"],
        "compare": ["compare", config, "--storage", "sqlite", "--seconds", "0.01", "--quiet"],
    }
    of_config = verb in ("run", "check", "gates")
    return more.get(verb, [verb, config if of_config else data])


def harmless(done: subprocess.CompletedProcess[str]) -> str:
    """All that a command has shown, after a look at each character."""
    shown = done.stdout + done.stderr
    bad = {c for c in shown if c != "\n" and not c.isprintable()}
    assert not bad, f"{bad} in {shown!r}"
    assert "\U0001f4a3" not in shown  # `:bomb:`, as Rich would draw it
    return shown


@pytest.fixture
def evil_place(tmp_path: Path) -> Path:
    """A directory of that name."""
    directory = tmp_path / EVIL.replace("/", "")
    directory.mkdir()
    return directory


@pytest.mark.parametrize("verb", VERB_NAMES)
def test_names_of_files(
    verb: str, evil_place: Path, write_config: Callable[..., Path], qframe_main: Cli
) -> None:
    made = evil_place.parent / "small.db"
    data = evil_place / f"{evil_place.name}.db"
    config = write_config(evil_place, f"{evil_place.name}.yaml", records=50, output=made)
    if verb not in ("run", "check", "gates", "plan", "compare"):
        qframe.run(config)
        made.rename(data)
    done = qframe_main(*words_of(verb, config, data, evil_place / "new.db"))
    harmless(done)
    assert done.returncode in (0, 2), "done, or one line: a dataset cannot bear such a name"
    harmless(qframe_main(*words_of(verb, f"{config}.no", f"{data}.no", f"{evil_place}/.no/a")))


def edit_meta(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes rows of `meta`, and seals them again."""
    with closing(apsw.Connection(str(path))) as db:
        rows: list[Any] = db.execute("SELECT key, value FROM meta").fetchall()
        meta: dict[str, Any] = dict(rows)
        change(meta)
        meta["meta_sha256"] = seal(meta)
        db.execute("DELETE FROM meta")
        db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())


DATA_VERBS = ["info", "show", "stats", "verify", "hash", "dedup", "run"]


@pytest.mark.parametrize("field", ["about", "gate", "sampler", "dtype", "row"])
def test_texts_in_a_dataset(field: str, config: Config, qframe_main: Cli, tmp_path: Path) -> None:
    path, data = config(records=50), tmp_path / "small.db"
    qframe.run(path)

    def spoil(meta: dict[str, Any]) -> None:
        recipe = json.loads(meta["recipe"])
        if field == "gate":
            old = recipe["gate_set"]["gates"][0]["name"]
            text = json.dumps(recipe).replace(json.dumps(old), json.dumps(EVIL))
            recipe = json.loads(text)
        elif field == "sampler":
            recipe["sampler"] = {**recipe["sampler"], "name": EVIL, EVIL: {EVIL: EVIL}}
        elif field == "about":
            meta.update({key: EVIL for key in meta if key.startswith("about_")})
            meta[f"about_{EVIL}"] = EVIL
        elif field == "dtype":
            recipe["dtype"] = EVIL
        else:
            meta.update({"layout": EVIL, EVIL: EVIL})
        meta["recipe"] = json.dumps(recipe, sort_keys=True, separators=(",", ":"))
        meta["recipe_id"] = hashlib.sha256(meta["recipe"].encode()).hexdigest()

    edit_meta(data, spoil)
    for verb in DATA_VERBS:
        shown = harmless(qframe_main(*words_of(verb, path, data, tmp_path / "new.db")))
        assert "Traceback" not in shown
    for option in ("--json", "--recipe"):
        done = qframe_main("info", data, option)
        harmless(done)
        assert done.returncode == 0 or field != "about"
        if done.returncode == 0:
            assert isinstance(json.loads(done.stdout), dict)


@pytest.mark.parametrize("verb", VERB_NAMES)
def test_words_of_the_command_line(verb: str, config: Config, qframe_main: Cli) -> None:
    path = config(records=50)
    for words in ([EVIL], [path, EVIL], [f"--{EVIL}"], [path, "--set", f"{EVIL}={EVIL}"]):
        harmless(qframe_main(verb, *words))
    for option in ("--set", "--output", "--storage", "--kind", "--plot", "--grid", "--sample"):
        harmless(qframe_main(verb, path, option, f"output={EVIL}" if option == "--set" else EVIL))
    harmless(qframe_main(EVIL))


@pytest.mark.parametrize("where", ["key", "value", "plugin"])
def test_texts_of_a_config(where: str, config: Config, qframe_main: Cli) -> None:
    keys: dict[str, dict[str, Any]] = {
        "key": {EVIL: 1},
        "value": {"dtype": EVIL, "labels": [EVIL], "seed": EVIL},
        "plugin": {"sampler": EVIL, "storage": {"plugin": "sqlite", EVIL: EVIL}},
    }
    path = config(**keys[where])
    for verb in ("run", "check", "gates"):
        done = qframe_main(verb, path)
        harmless(done)
        assert done.returncode in (2, 3)


@pytest.fixture
def evil_lock(tmp_path: Path) -> Iterator[Path]:
    """The lock file of `small.db`, held, with a text that anyone may have written."""
    path = tmp_path / ".small.db.lock"
    path.write_text(json.dumps({"pid": f"1\n{EVIL}", "host": EVIL, "since": EVIL * 1000}))
    with path.open() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield path


@pytest.mark.usefixtures("evil_lock")
def test_the_text_of_a_lock_file(config: Config, qframe_main: Cli) -> None:
    done = qframe_main("run", config(records=50))
    harmless(done)
    assert done.returncode == 4
    assert len(done.stderr) < 2000
    assert len(done.stderr.splitlines()) == 2, "the message and its hint"


PLUGIN = """
from pydantic import Field
from qframe import Gate, GateSet, GateSetOptions

EVIL = {evil!r}


class Options(GateSetOptions):
    name: str = Field("x", description=EVIL)


class Evil(GateSet):
    name = "evil"
    version = 1
    Options = Options

    def notes(self):
        return [EVIL]

    def gates(self):
        if self.options.name == "raise":
            raise ValueError(EVIL)
        return [Gate(EVIL if self.options.name == "evil" else "[/]", [[0, 1], [1, 0]])]
"""


@pytest.mark.parametrize("name", ["evil", "raise", "markup"])
def test_texts_of_a_plugin(name: str, config: Config, qframe_main: Cli, tmp_path: Path) -> None:
    """A gate may be called `[/]`, which is markup of Rich and a printable name."""
    source = PLUGIN.format(evil=EVIL)
    (tmp_path / "evil.py").write_text(source)
    path = config(records=50, gate_set={"plugin": "./evil.py", "qubits": 1, "name": name})
    for verb in ("check", "gates", "run", "info", "show", "stats", "verify"):
        data = path if verb != "verify" else tmp_path / "small.db"
        done = qframe_main(*words_of(verb, path, data, ""))
        shown = harmless(done)
        if name == "markup":
            assert done.returncode == 0, shown
        if (name, verb) in (("markup", "stats"), ("markup", "gates")):
            assert "[/]" in shown


SAMPLER = """
import numpy as np
from qframe import Circuits, PluginOptions, Sampler


class Options(PluginOptions):
    note: str


class Noted(Sampler):
    name = "noted"
    Options = Options

    def __init__(self, options, instructions):
        super().__init__(options, instructions)
        self.max_length = 2

    def sample(self, draws):
        codes = np.zeros((draws.size, 2), dtype=np.uint8)
        return Circuits(codes, np.full(draws.size, 2, dtype=np.uint8))
"""


def test_texts_in_a_recipe(config: Config, qframe_main: Cli, tmp_path: Path) -> None:
    (tmp_path / "noted.py").write_text(SAMPLER)
    path = config(records=50, sampler={"plugin": "./noted.py", "note": EVIL})
    for verb in ("run", "check", "gates", "info", "show", "stats", "verify"):
        data = path if verb != "verify" else tmp_path / "small.db"
        done = qframe_main(*words_of(verb, path, data, ""))
        harmless(done)
        assert done.returncode == 0, done.stderr
    for option in ("--json", "--recipe"):
        for data in (path, tmp_path / "small.db"):
            done = qframe_main("info", data, option)
            harmless(done)
            sampler = json.loads(done.stdout)["sampler"]
            assert sampler["options"] == {"note": EVIL}, "JSON keeps its value"


@pytest.mark.parametrize(
    "name", [EVIL, "", " x", "x ", "a\nb", "\u202ex", "x" * 65, 5, None, "\udc80"], ids=ascii
)
def test_names_that_a_gate_cannot_have(name: Any) -> None:
    with pytest.raises(qframe.ConfigError) as caught:
        qframe.Gate(name, [[0, 1], [1, 0]])
    assert str(caught.value).replace("\n  Hint: ", "").isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ["h", "x" * 64, "[/]", "a b", "Rz(\u03c0/4)", "\u221ax", "\\x1b"])
def test_names_that_a_gate_can_have(name: str) -> None:
    assert qframe.Gate(name, [[0, 1], [1, 0]]).name == name


def test_the_command_line_writes_through_one_door() -> None:
    writers = ("click.echo", "click.secho", "print", "Console")
    for path in Path(output.__file__).parent.glob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text()))
        calls = [ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)]
        found = [call for call in calls if call in writers]
        assert found == (["Console"] if path.name == "output.py" else []), path.name


def test_printable_texts_stay_as_they_are() -> None:
    assert printable("a b \\x1b é ─ 漢") == "a b \\x1b é ─ 漢"
    assert printable("\x1b\n\u202e\udcff\u00a0\U000e0001") == r"\x1b\n\u202e\xff\xa0\U000e0001"


def test_json_keeps_its_value() -> None:
    data = {EVIL: [EVIL, "\U000e0001", "é"]}
    for ascii_ in (True, False):
        text = printable_json(json.dumps(data, ensure_ascii=ascii_, indent=1))
        assert text.replace("\n", "").isprintable()
        assert json.loads(text) == data


def test_a_command_line_can_be_copied(tmp_path: Path) -> None:
    words = [EVIL, "a b", "it's", "\\", "é", "'\n\\"]
    line = shell_words("printf", "%s\\0", *words)
    assert line.isprintable()
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == words
