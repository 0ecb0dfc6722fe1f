"""The JSON Schema agrees with what the loader accepts."""

from __future__ import annotations

from typing import Any, Literal

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest
from pydantic import Field

from qframe.config.schema import json_schema
from qframe.contracts.gate_set import GateSetOptions
from qframe.contracts.plugin import Plugin, PluginOptions


class Inner(PluginOptions):
    """A."""

    min: int
    max: int = Field(9, description="most")


class One(PluginOptions):
    length: int | Inner


def other_options() -> type[PluginOptions]:
    class Inner(PluginOptions):
        """B."""

        word: Literal["a", "b"] = "a"

    class Two(PluginOptions):
        inner: Inner = Inner()

    return Two


class Tree(PluginOptions):
    children: list[Tree] = Field(default=[])


class OneSampler(Plugin[One]):
    """The first.

    And more.
    """

    name = "one"
    Options = One


class TwoSampler(Plugin[PluginOptions]):
    name = "two"
    Options = other_options()


class TreeEngine(Plugin[Tree]):
    name = "tree"
    Options = Tree


class Gates(Plugin[GateSetOptions]):
    name = "gates"
    Options = GateSetOptions


class Files(Plugin[PluginOptions]):
    name = "files"


SCHEMA = json_schema(
    {
        "gate_set": {"gates": Gates},
        "sampler": {"one": OneSampler, "two": TwoSampler},
        "engine": {"tree": TreeEngine, "odd/{name}~": TwoSampler},
        "storage": {"files": Files},
    }
)
GOOD: dict[str, Any] = {"records": 10, "gate_set": "gates", "sampler": "two"}


def accepts(config: Any) -> bool:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return bool(validator.is_valid(config))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["additionalProperties"] is False


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"records": 1e6, "seed": 2**64 - 1, "dtype": "complex64", "output": None},
        {"sampler": {"plugin": "one", "length": 3}},
        {"sampler": {"plugin": "one", "length": {"min": 3}}},
        {"sampler": {"plugin": "two", "inner": {"word": "b"}}},
        {"sampler": "./mine.py"},
        {"sampler": "mine.py"},
        {"sampler": {"plugin": "pkg.module:Attr", "anything": [1]}},
        {"gate_set": {"plugin": "gates", "qubits": 2, "coupling": [[0, 1]]}},
        {"engine": {"plugin": "tree", "children": [{"children": [{}]}]}},
        {"engine": {"plugin": "odd/{name}~", "inner": {"word": "a"}}},
        {"hooks": ["log", {"plugin": "x", "every": 3}]},
        {"executor": "pkg:Attr", "task_blocks": 4},
    ],
)
def test_good_configs_are_accepted(more: dict[str, Any]) -> None:
    assert accepts(GOOD | more)


@pytest.mark.parametrize(
    "more",
    [
        {"records": 0},
        {"records": "many"},
        {"seed": 2**64},
        {"recods": 1},
        {"sampler": "one"},  # its length is required
        {"sampler": "three"},
        {"sampler": {"plugin": "one"}},
        {"sampler": {"length": 3}},
        {"sampler": {"plugin": "one", "lenght": 3}},
        {"sampler": {"plugin": "one", "length": {"word": "a"}}},
        {"sampler": {"plugin": "two", "inner": {"min": 1}}},
        {"engine": {"plugin": "tree", "children": [{"child": []}]}},
        {"gate_set": {"plugin": "gates", "coupling": "lin"}},
        {"storage": {"plugin": "files", "x": 1}},
        {"storage": 3},
        {"hooks": [3]},
        {"hooks": "log"},
        {"task_blocks": 0},
    ],
)
def test_bad_configs_are_refused(more: dict[str, Any]) -> None:
    assert not accepts(GOOD | more)


def test_required_keys_are_required() -> None:
    assert not any(accepts({k: v for k, v in GOOD.items() if k != gone}) for gone in GOOD)


def test_descriptions_defaults_and_plugin_summaries_are_kept() -> None:
    properties = SCHEMA["properties"]
    assert all("description" in about for about in properties.values())
    assert properties["storage"]["default"] == "sqlite"
    assert properties["seed"]["default"] == 0
    one = next(b for b in properties["sampler"]["anyOf"] if b.get("title") == "sampler one")
    assert one["description"] == "The first."
    assert SCHEMA["$defs"]["sampler.one.Inner"]["properties"]["max"]["description"] == "most"


def test_models_of_one_name_do_not_mix() -> None:
    assert {"sampler.one.Inner", "sampler.two.Inner"} <= set(SCHEMA["$defs"])


def test_a_schema_without_plugins_takes_local_ones() -> None:
    schema = json_schema({})
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"records": 1, "gate_set": "./g.py", "sampler": "a:B"}, schema)
