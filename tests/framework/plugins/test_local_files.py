"""Local plugin files: the code that runs is the code whose hash is in the recipe."""

from __future__ import annotations

import hashlib
import inspect
import os
import pickle
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import qframe
from qframe.config.load import load_config
from qframe.config.to_recipe import gate_set_of, header_of
from qframe.contracts.plugin import PluginSpec
from qframe.generation.generator import Generator
from qframe.plugins.build import build
from qframe.plugins.local_files import load_file

Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]

SAMPLER = '''
import numpy as np

from qframe import Circuits, Sampler


class Constant(Sampler):
    """The same instruction in every circuit."""

    name = "constant"
    max_length = 3

    def sample(self, draws):
        codes = np.full((draws.size, 3), CODE, dtype=np.uint8)
        return Circuits(codes, np.full(draws.size, 3, dtype=np.uint8))
'''
GATE_SET = '''
from qframe import Gate, GateSet


class Mine(GateSet):
    """One gate."""

    name = "mine"

    def gates(self):
        return [Gate("NAME", [[0, 1], [1, 0]])]
'''
ENGINE = '''
from pathlib import Path

from qframe_plugins.engines.numpy import NumpyEngine


class Noted(NumpyEngine):
    """Writes down which text of this file multiplies."""

    name = "noted"

    def multiply(self, circuits, out):
        with Path(__file__).with_name("log").open("a") as log:
            log.write("MARK\\n")
        super().multiply(circuits, out)
'''


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def edit(path: Path, text: str) -> None:
    """Another text of the same size and the same time of change, which bytecode would not see."""
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


@pytest.mark.parametrize("executor", ["serial", {"plugin": "threads", "workers": 2}])
def test_an_edited_sampler_runs_under_its_own_hash(
    executor: Any, config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    for code in "021":
        text = SAMPLER.replace("CODE", code)
        if code == "0":
            (tmp_path / "mine.py").write_text(text)
        edit(tmp_path / "mine.py", text)
        path = config(
            sampler="./mine.py", records=50, executor=executor, output=tmp_path / f"{code}.db"
        )
        with qframe.open(run_qframe(path).output) as stored, qframe.open(path) as computed:
            assert set(stored[:].codes.ravel()) == {int(code)}
            assert stored.recipe.sampler["sha256"] == sha256(text)
            assert stored.content_hash() == computed.content_hash()


def test_an_edited_gate_set_gives_its_new_gates(config: Config, tmp_path: Path) -> None:
    path = config(gate_set="./mine.py")
    (tmp_path / "mine.py").write_text(GATE_SET.replace("NAME", "not"))
    for name in ("not", "bit", "not"):
        edit(tmp_path / "mine.py", GATE_SET.replace("NAME", name))
        assert [gate.name for gate in qframe.open(path).recipe.instructions.gates] == [name]


def test_an_edited_engine_multiplies(config: Config, run_qframe: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(ENGINE.replace("MARK", "one"))
    for mark in ("one", "two"):
        edit(tmp_path / "mine.py", ENGINE.replace("MARK", mark))
        (tmp_path / "log").unlink(missing_ok=True)
        run_qframe(config(engine="./mine.py", records=50, output=tmp_path / f"{mark}.db"))
        assert set((tmp_path / "log").read_text().split()) == {mark}


def test_a_file_edited_after_loading_runs_as_it_was_loaded(config: Config, tmp_path: Path) -> None:
    old, new = SAMPLER.replace("CODE", "1"), SAMPLER.replace("CODE", "2")
    (tmp_path / "mine.py").write_text(old)
    loaded = load_config(config(sampler="./mine.py", records=50))
    edit(tmp_path / "mine.py", new)
    header = header_of(loaded)
    assert header.recipe.sampler["sha256"] == sha256(old)
    specs = [loaded.plugins[kind].spec for kind in ("sampler", "engine")]
    [block] = Generator.from_specs(header.recipe, *specs).blocks(0, [50])
    assert set(block.arrays["codes"].ravel()) == {1}
    # The config, loaded again, names the new text.
    assert header_of(load_config(loaded.path)).recipe.sampler["sha256"] == sha256(new)


def test_the_file_is_read_once_and_what_is_executed_is_what_is_hashed(
    config: Config, tmp_path: Path
) -> None:
    """The file replaces itself while it is executed."""
    text = "from pathlib import Path\nPath(__file__).write_text('x = 1 / 0')\n"
    text += SAMPLER.replace("CODE", "1")
    (tmp_path / "mine.py").write_text(text)
    loaded = load_config(config(sampler="./mine.py", records=50))
    assert header_of(loaded).recipe.sampler["sha256"] == sha256(text)


def test_only_a_local_file_has_a_hash(config: Config, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(GATE_SET.replace("NAME", "not"))
    plugins = load_config(config(gate_set="./mine.py")).plugins
    hashes = {kind: found.spec.sha256 for kind, found in plugins.items()}
    assert hashes.pop("gate_set") == sha256(GATE_SET.replace("NAME", "not"))
    assert set(hashes.values()) == {None}


def test_a_spec_whose_text_is_not_loaded_takes_the_file_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(GATE_SET.replace("NAME", "not"))
    spec = PluginSpec("gate_set", "mine.py", {}, str(tmp_path), sha256("another text"))
    assert [gate.name for gate in build(spec).gates()] == ["not"]


def test_two_files_of_one_name_and_one_text_are_two_modules(config: Config, tmp_path: Path) -> None:
    text = GATE_SET.replace('"NAME"', 'Path(__file__).with_name("name").read_text()')
    for name in ("left", "right"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "name").write_text(name)
        (tmp_path / name / "mine.py").write_text(f"from pathlib import Path\n{text}")
    for name in ("left", "right"):
        loaded = load_config(config(gate_set=f"{name}/mine.py"))
        assert [gate.name for gate in gate_set_of(loaded).gates] == [name]


def test_a_symbolic_link_names_the_file_that_it_points_to(config: Config, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "mine.py").write_text(SAMPLER.replace("CODE", "1"))
    (tmp_path / "link.py").symlink_to("lib/mine.py")
    real = load_config(config(sampler="./lib/mine.py"))
    link = load_config(config(sampler="./link.py"))
    assert real.plugins["sampler"].cls is link.plugins["sampler"].cls
    assert header_of(real).recipe.id == header_of(link).recipe.id


def test_tracebacks_and_inspect_show_the_text_that_runs(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def fail():\n    raise ValueError('old')  # first text\n")
    module = load_file(path).module
    path.write_text("\n\n\n# another text\n")
    with pytest.raises(ValueError, match="old") as error:
        module.fail()
    assert "# first text" in "".join(traceback.format_exception(error.value))
    assert "# first text" in inspect.getsource(module.fail)


def test_objects_of_the_old_and_of_the_new_text_pickle(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    text = "from dataclasses import dataclass\n\n@dataclass\nclass Point:\n    {}: int\n"
    path.write_text(text.format("x"))
    old: Any = load_file(path).module
    path.write_text(text.format("y"))
    new: Any = load_file(path).module
    for point in (old.Point(1), new.Point(2)):
        assert pickle.loads(pickle.dumps(point)) == point
    assert hashlib.sha256(path.read_bytes()).hexdigest()[:16] in new.__name__


def test_threads_that_load_a_file_at_once_execute_it_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "import time\nfrom pathlib import Path\n"
        "with Path(__file__).with_name('log').open('a') as log:\n    log.write('once ')\n"
        "time.sleep(0.1)\ndone = True\n"
    )
    with ThreadPoolExecutor(8) as pool:
        modules = list(pool.map(lambda _: load_file(path).module, range(8)))
    assert all(module.done for module in modules)
    assert (tmp_path / "log").read_text() == "once "


def test_a_file_that_broke_is_executed_again_once_it_is_mended(
    config: Config, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text("x = 1 / 0\n")
    path = config(gate_set="./mine.py")
    for _ in range(2):
        with pytest.raises(qframe.PluginError, match=r"ZeroDivisionError.*\(line 1\)"):
            load_config(path)
    (tmp_path / "mine.py").write_text(GATE_SET.replace("NAME", "not"))
    with closing(qframe.open(path)) as dataset:
        assert dataset.recipe.instructions.gates[0].name == "not"


@pytest.mark.parametrize(
    ("source", "cause"),
    [(b"x = '\xff'\n", "SyntaxError"), (b"x = 1\0\n", "null bytes"), (b"# coding: no\n", "no")],
)
def test_bytes_that_are_no_python_text_are_refused(
    source: bytes, cause: str, config: Config, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_bytes(source)
    with pytest.raises(qframe.PluginError, match=f"mine.py is broken: .*{cause}"):
        load_config(config(gate_set="./mine.py"))


def test_another_kind_of_file_is_refused(config: Config, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text(GATE_SET)
    with pytest.raises(qframe.PluginError, match="is not a Python file"):
        load_config(config(gate_set="./mine.txt"))
