"""Booleans, floats and texts where integers are meant, in the config and in every plugin."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ValidationError

import qframe
from qframe.config.load import load_config
from qframe.config.model import Config
from qframe.plugins.installed import installed
from qframe.plugins.kinds import KINDS
from qframe.plugins.resolve import find_class

Write = Callable[..., Path]


def models() -> Iterator[tuple[str, type[BaseModel]]]:
    yield "config", Config
    for found in installed():
        if found.kind in KINDS:
            yield f"{found.kind} {found.name}", find_class(found.kind, found.name, Path()).Options


def integers(schema: dict[str, Any], root: dict[str, Any]) -> bool:
    """Whether a value of the schema may be an integer, but no float."""
    if "$ref" in schema:
        return False
    kinds = [schema.get("type"), *(type_of for type_of in _types(schema))]
    return "integer" in kinds and "number" not in kinds and root is not None


def _types(schema: dict[str, Any]) -> Iterator[Any]:
    for branch in schema.get("anyOf", ()):
        yield branch.get("type")


FIELDS = [
    (name, model, field)
    for name, model in models()
    for field, schema in model.model_json_schema().get("properties", {}).items()
    if integers(schema, model.model_json_schema())
]


def test_there_are_such_fields() -> None:
    named = {(name, field) for name, _, field in FIELDS}
    assert {("config", "records"), ("config", "seed"), ("config", "task_blocks")} <= named
    assert {("executor processes", "workers"), ("storage sqlite", "shards")} <= named


@pytest.mark.parametrize("value", [True, False, "3", 2.5, math.nan, math.inf, 10**40, -(10**40)])
def test_what_is_no_integer_is_refused_in_each_field(value: Any) -> None:
    for name, model, field in FIELDS:
        if (name, field) == ("config", "key") and isinstance(value, bool):
            continue
        with pytest.raises(ValidationError) as refused:
            model.model_validate({field: value})
        wrong = [error["loc"][0] for error in refused.value.errors() if error["type"] != "missing"]
        # `records` has no bound of its own: how many there may be depends on the columns.
        assert field in wrong or (field == "records" and value == 10**40), (name, field, wrong)


@pytest.mark.parametrize("value", [64, 64.0])
def test_one_wish_has_one_recipe(value: Any, config: Write) -> None:
    key = qframe.open(config(key=value)).recipe.key
    assert key is not None
    assert type(key["bits"]) is int
    assert qframe.open(config(key=value)).recipe.id == qframe.open(config(key=64)).recipe.id


def test_a_literal_of_a_strangers_plugin_is_the_integer_that_it_says() -> None:
    class Options(qframe.PluginOptions):
        width: Literal[8, 16] | None = None
        name: Literal["a", "b"] = "a"
        ratio: float = 1.0

    made = Options.model_validate({"width": 8.0, "ratio": 8.0})
    assert (repr(made.width), repr(made.ratio)) == ("8", "8.0")
    for value in (True, 9.0, "8"):
        with pytest.raises(ValidationError):
            Options.model_validate({"width": value})


# `--set`


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["." * 20_000 + "=1"], "more than 20 keys"),
        (["a" + ".a" * 20_000 + "=1"], "more than 20 keys"),
        (["gate_set" + ".a" * 100_000 + "=1"], "more than 20 keys"),
        (["a" * 100_000 + "=1"], "unknown key"),
        (["a=" + "[" * 100_000], "nest"),
        (["a=" + "{a: " * 20_000], "nested more than"),
        (["records=" + "9" * 100_000], "a number of 100000 digits"),
        (["a=" + "x" * (1 << 20)], "want at most 1,048,576"),
        (["seed=1"] * 1001, "--set is given 1,001 times, want at most 1,000"),
        (["hooks.99999999999999999999=1"], "hooks"),
    ],
    ids=range(10),
)
def test_huge_overrides_are_refused_at_once(
    overrides: list[str], words: str, config: Write
) -> None:
    start = time.process_time()
    with pytest.raises(qframe.ConfigError) as refused:
        load_config(config(), overrides)
    assert time.process_time() - start < 5
    assert words in refused.value.message
    assert len(str(refused.value)) < 1000


def test_a_thousand_overrides_are_put_in(config: Write) -> None:
    words = [f"seed={k}" for k in range(1000)]
    assert load_config(config(), words).config.seed == 999
