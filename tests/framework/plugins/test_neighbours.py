"""A local file imports the files beside it: their text counts, and nothing is mixed up."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import qframe
from qframe.config.load import load_config
from qframe.contracts.plugin import PluginSpec
from qframe.plugins.identity import identity
from qframe.plugins.local_files import load_file

Config = Callable[..., Path]
Run = Callable[..., qframe.RunSummary]

SAMPLER = """
import numpy as np
from qframe import Circuits, Sampler
from helper import CODE
class Constant(Sampler):
    name = "constant"
    max_length = 3
    def sample(self, draws):
        codes = np.full((draws.size, 3), CODE, dtype=np.uint8)
        return Circuits(codes, np.full(draws.size, 3, dtype=np.uint8))
"""


def files(folder: Path, **texts: str) -> Path:
    """Writes `NAME.py` for each text; the path of the first."""
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)
    return (folder / f"{next(iter(texts))}.py").resolve()


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("executor", ["serial", {"plugin": "processes", "workers": 1}])
def test_the_neighbours_of_a_sampler_decide_its_records_and_are_in_its_recipe(
    executor: Any, config: Config, run_qframe: Run, tmp_path: Path
) -> None:
    seen = set()
    for code in (1, 2):
        helper = f"CODE = {code}\n"
        files(tmp_path, mine=SAMPLER, helper=helper)
        path = config(
            sampler="./mine.py", records=50, executor=executor, output=tmp_path / f"{code}.db"
        )
        with qframe.open(run_qframe(path).output) as dataset:
            assert set(dataset[:].codes.ravel()) == {code}
            seen.add(dataset.recipe.sampler["sha256"])
    assert len(seen) == 2


def test_workers_compare_the_neighbours_too(config: Config, tmp_path: Path) -> None:
    files(tmp_path, mine=SAMPLER, helper="CODE = 1\n")
    spec = load_config(config(sampler="./mine.py", records=50)).plugins["sampler"].spec
    before = identity(spec)
    files(tmp_path, helper="CODE = 2\n")
    assert identity(spec) == before  # this process has executed the old text
    as_elsewhere = PluginSpec(spec.kind, spec.plugin, {}, spec.base)
    assert identity(as_elsewhere) != before


def test_without_neighbours_the_identity_is_that_of_the_file(tmp_path: Path) -> None:
    path = files(tmp_path, mine="import json\nX = 1\n", json="wrong = 1\n", other="Y = 2\n")
    assert load_file(path).sha256 == sha256("import json\nX = 1\n")
    assert not hasattr(load_file(path).module.json, "wrong")


def test_helpers_of_one_name_in_two_folders_are_two_modules(tmp_path: Path) -> None:
    before = set(sys.modules)
    for name in ("left", "right"):
        path = files(tmp_path / name, mine="import helper as h\nX = h.X\n", helper=f"X = '{name}'")
        assert name == load_file(path).module.X
    assert all(name.startswith("qframe_local_") for name in set(sys.modules) - before)


def test_a_late_import_has_the_text_that_was_hashed(tmp_path: Path) -> None:
    text = "def late():\n    from helper import X\n    import helper\n    return X, helper.X\n"
    path = files(tmp_path, mine=text, helper="X = 1\n")
    loaded = load_file(path)
    files(tmp_path, helper="X = 2\n")
    assert loaded.module.late() == (1, 1)
    assert load_file(path).module.late() == (2, 2)


def test_neighbours_have_neighbours_and_may_import_one_another(tmp_path: Path) -> None:
    path = files(
        tmp_path,
        mine="from one import *\nimport two\nOWN = 3\n",
        one="import two\nONE = two.TWO + 1\n",
        two="import one\nTWO = 1\ndef own():\n    import mine\n    return mine.OWN\n",
    )
    module = load_file(path).module
    assert (module.ONE, module.two.own()) == (2, 3)
    assert module.two.one is module.two.one.two.one


def test_an_installed_module_comes_first(tmp_path: Path) -> None:
    path = files(tmp_path, mine="import numpy, random\n", numpy="wrong = 1", random="wrong = 1")
    assert not hasattr(load_file(path).module.numpy, "wrong")
    assert not hasattr(load_file(path).module.random, "wrong")


def test_a_plugin_file_with_the_name_of_a_package_means_the_package(tmp_path: Path) -> None:
    path = files(tmp_path, numpy="import numpy, helper\nX = numpy.pi", helper="import numpy as np")
    module = load_file(path).module
    assert module.helper.np.pi == module.X
    assert module.helper.np is sys.modules["numpy"]


def test_a_helper_on_the_path_of_a_script_is_still_the_neighbour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or one config would have two recipes: one from a script beside it, one from the command."""
    path = files(tmp_path, mine="import helper_of_script\n", helper_of_script="X = 1\n")
    before = load_file(path).sha256
    monkeypatch.syspath_prepend(str(tmp_path))
    assert load_file(path).sha256 == before
