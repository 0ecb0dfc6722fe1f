"""`true` is no number and 1 is no truth value, wherever a config or a plugin has options."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

import qframe
from qframe.config.load import load_config
from qframe.config.model import Config
from qframe.plugins.installed import installed
from qframe.plugins.kinds import KINDS
from qframe.plugins.resolve import find_class


def models() -> dict[str, type[BaseModel]]:
    """The config, and the options of every installed plugin."""
    found: dict[str, type[BaseModel]] = {"config": Config}
    for kind in KINDS:
        for plugin in installed(kind):
            found[f"{kind} {plugin.name}"] = find_class(kind, plugin.name, Path()).Options
    return found


MODELS = models()


class Walk:
    """Values of a JSON Schema: `good` ones, and those with one value of a wrong kind in them."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._defs = schema.get("$defs", {})

    def good(self, schema: dict[str, Any]) -> Any:
        schema = self._resolved(schema)
        if "anyOf" in schema:
            return self.good(schema["anyOf"][0])
        if "enum" in schema or "const" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        if schema.get("type") == "array":
            return [self.good(schema["items"])] * schema.get("minItems", 1)
        if "properties" in schema:
            return {key: self.good(part) for key, part in schema["properties"].items()}
        least = max(1, schema.get("minimum", 1))
        return {"integer": least, "number": float(least), "boolean": True}.get(
            schema.get("type", ""), "a"
        )

    def wrong(self, schema: dict[str, Any]) -> Iterator[Any]:
        schema = self._resolved(schema)
        branches = schema.get("anyOf", ())
        kinds = {branch.get("type") for branch in branches}
        if {"boolean", "integer"} <= kinds or (
            "boolean" in kinds and any("enum" in branch for branch in branches)
        ):
            return  # both are meant
        for branch in branches:
            yield from self.wrong(branch)
        kind = schema.get("type")
        if "enum" in schema or "const" in schema:
            return
        if kind in ("integer", "number"):
            yield from (True, False)
        elif kind == "boolean":
            yield from (1, 0, 1.0, "true")
        elif kind == "array":
            rest = [self.good(schema["items"])] * (schema.get("minItems", 1) - 1)
            for value in self.wrong(schema["items"]):
                yield [value, *rest]
                yield [*rest, value]
        for key, part in schema.get("properties", {}).items():
            others = {k: self.good(p) for k, p in schema["properties"].items() if k != key}
            for value in self.wrong(part):
                yield {**others, key: value}
        if isinstance(schema.get("additionalProperties"), dict):
            for value in self.wrong(schema["additionalProperties"]):
                yield {"h": value}

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        return self._defs[schema["$ref"].split("/")[-1]] if "$ref" in schema else schema


def accepted(model: type[BaseModel], field: str, value: Any) -> bool:
    """Whether a model has nothing to say against the value of a field, whatever else it lacks."""
    try:
        model.model_validate({field: value})
    except ValidationError as error:
        return not any(problem["loc"][:1] == (field,) for problem in error.errors())
    except qframe.QframeError:  # about the whole: the field itself was accepted
        return True
    return True


@pytest.mark.parametrize("name", MODELS)
def test_no_option_takes_a_bool_for_a_number_or_a_number_for_a_bool(name: str) -> None:
    model = MODELS[name]
    schema = model.model_json_schema()
    for field, part in schema.get("properties", {}).items():
        if name == "config" and field in KINDS:
            continue  # sections: their options are models of their own
        for value in Walk(schema).wrong(part):
            assert not accepted(model, field, value), f"{field}: {value!r}"


def test_the_walk_finds_numbers_wherever_they_stand() -> None:
    def places(name: str, field: str) -> list[Any]:
        schema = MODELS[name].model_json_schema()
        return list(Walk(schema).wrong(schema["properties"][field]))

    assert places("config", "seed") == [True, False]
    assert places("executor processes", "workers") == [True, False]
    assert places("storage savetxt", "flat") == [1, 0, 1.0, "true"]
    assert {"h": True} in places("sampler uniform", "weights")
    length = places("sampler uniform", "length")
    assert {"min": True, "max": 1} in length
    assert any(value is True for value in length)
    assert [[True, 1]] in places("gate_set clifford", "coupling")
    assert accepted(MODELS["config"], "seed", 1)
    assert accepted(MODELS["sampler uniform"], "length", 1)


@pytest.mark.parametrize(
    "override",
    [
        *("records=true", "seed=false", "task_blocks=true", "sampler.length=true"),
        *("sampler.length.min=false", "executor.workers=true", "gate_set.qubits=true"),
        *("sampler.weights={h: true}", "storage.flat=1", "key=1", "key=0", "seed=yes"),
    ],
)
def test_a_config_says_which_one_is_meant(override: str, config: Callable[..., Path]) -> None:
    path = config(executor={"plugin": "threads"}, storage={"plugin": "savetxt"})
    key = override.partition("=")[0]
    with pytest.raises(qframe.ConfigError, match=rf"{key}.*want") as caught:
        load_config(path, [override])
    assert len(str(caught.value).splitlines()) <= 2
