"""Hints of errors name only options and commands that exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import click
import pytest

from qframe.cli.main import cli
from qframe.config.model import Config
from qframe.plugins.installed import installed
from qframe.plugins.resolve import find_class

ROOT = Path(__file__).parents[1]
KINDS = ("gate_set", "sampler", "engine", "storage", "executor")
FOREIGN = {"--user", "--samefile"}  # of other programs


def is_hint(node: ast.AST) -> TypeGuard[ast.keyword | ast.Assign]:
    if isinstance(node, ast.Assign):
        return any(isinstance(name, ast.Name) and name.id == "hint" for name in node.targets)
    return isinstance(node, ast.keyword) and node.arg == "hint"


def hints() -> Iterator[tuple[str, str]]:
    """Each hint in the source, with its place; what is filled in is `X`."""
    for file in sorted((*ROOT.glob("framework/**/*.py"), *ROOT.glob("plugins/**/*.py"))):
        for node in ast.walk(ast.parse(file.read_text())):
            if is_hint(node):
                text = "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "X"
                    for part in ast.walk(node.value)
                    if isinstance(part, ast.Constant | ast.FormattedValue)
                )
                yield f"{file.relative_to(ROOT)}:{node.value.lineno}", text


HINTS = list(hints())


def options(kind: str) -> set[str]:
    """The options of all built-in plugins of a kind."""
    found = [find_class(kind, plugin.name, Path()) for plugin in installed(kind)]
    return {name for plugin in found for name in plugin.Options.model_fields}


def commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    named = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    return {name: command for name, command in named.items() if command is not None}


def test_there_are_hints() -> None:
    assert len(HINTS) > 50


@pytest.mark.parametrize("kind", KINDS)
def test_options_of_plugins(kind: str) -> None:
    known = options(kind) | {"plugin"}
    named = {(place, key) for place, text in HINTS for key in re.findall(rf"\b{kind}\.(\w+)", text)}
    assert [pair for pair in sorted(named) if pair[1] not in known and pair[1] != "py"] == []


def test_words_of_the_command_line() -> None:
    every = commands()
    known = {o for c in every.values() for p in c.params for o in (*p.opts, *p.secondary_opts)}
    for place, text in HINTS:
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text):
            assert option in known | FOREIGN, (place, option)
        for verb in re.findall(r"(?:`|: |^)qframe ([a-z]+)\b", text):
            assert verb in every, (place, verb)
        for key in re.findall(r"--set ([a-z_]+)", text):
            assert key in Config.model_fields, place
