"""The tower holds: no import upward, no circle, and docs/architecture.md shows what there is."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]

MOST_LEVELS = 14


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script that draws the tower, as a module."""
    spec = importlib.util.spec_from_file_location("draw_tower", ROOT / "docs" / "draw_tower.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_every_import_contract_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    # import-linter sets logging up, and so would silence the loggers of qframe for later tests.
    monkeypatch.setattr("logging.config.dictConfig", lambda _: None)
    assert lint_imports(no_cache=True) == 0


def test_the_tower_is_low_and_has_neither_circles_nor_imports_upward(
    drawing: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    found = drawing.tower()
    assert found.circles == []
    assert found.upward == []
    assert len(found.levels) <= MOST_LEVELS
    folders = {path.name for path in (ROOT / "framework" / "qframe").iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} <= set(found.rooms)


def test_circles_and_imports_upward_are_found(drawing: ModuleType) -> None:
    modules = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}
    assert drawing.circles_of(modules) == [{"b", "c"}]
    assert drawing.upward_of({"errors": {"cli"}, "cli": {"errors"}}) == ["errors -> cli"]
    with pytest.raises(SystemExit, match="a circle of rooms"):
        drawing.levels_of({"a": {"b"}, "b": {"a"}})


def test_picture_and_page_are_what_the_imports_say(
    drawing: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sys.argv", ["draw_tower.py", "--check"])
    assert drawing.main() == 0, "run python docs/draw_tower.py"
