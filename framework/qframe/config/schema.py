"""The JSON Schema of a config, with the options of the plugins that are installed.

Editors complete and check by it; `qframe run` checks by the pydantic models it is made from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from qframe.config.model import KINDS, Config, Section
from qframe.contracts.plugin import Plugin

_ELSEWHERE = {
    "type": "string",
    "pattern": r"[/:]|\.py$",
    "description": "path to a .py file beside the config, or module:attr",
}
_REF = "#/$defs/"


def json_schema(classes: Mapping[str, Mapping[str, type[Plugin[Any]]]]) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a whole config.

    Args:
        classes: for each kind the installed plugins by name. Plugins named by path or
            `module:attr` are allowed with any options, since nobody knows theirs yet.
    """
    schema = Config.model_json_schema()
    own = schema.pop("$defs", {})
    own.pop(Section.__name__, None)
    defs: dict[str, Any] = dict(own)
    for kind in KINDS:
        schema["properties"][kind] = {
            **_about(kind),
            "anyOf": _section(kind, classes.get(kind, {}), defs),
        }
    named = {"type": "string", "minLength": 1}
    schema["properties"]["hooks"]["items"] = {"anyOf": [named, _free(named)]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "qframe config",
        **({"$defs": defs} if defs else {}),
    }


def _about(kind: str) -> dict[str, Any]:
    field = Config.model_fields[kind]
    about: dict[str, Any] = {"title": kind.replace("_", " "), "description": field.description}
    if isinstance(field.default, Section):
        about["default"] = field.default.plugin
    return about


def _section(
    kind: str, plugins: Mapping[str, type[Plugin[Any]]], defs: dict[str, Any]
) -> list[dict[str, Any]]:
    """The branches of a section. A bare name is offered where no option is required."""
    mappings = [_options(kind, name, cls, defs) for name, cls in plugins.items()]
    bare = [
        name
        for name, mapping in zip(plugins, mappings, strict=True)
        if mapping["required"] == ["plugin"]
    ]
    words = [{"type": "string", "enum": bare}] if bare else []
    return [*words, _ELSEWHERE, *mappings, _free(_ELSEWHERE)]


def _free(plugin: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"plugin": plugin}, "required": ["plugin"]}


def _options(kind: str, name: str, cls: type[Plugin[Any]], defs: dict[str, Any]) -> dict[str, Any]:
    """A plugin's options as one object with `plugin: NAME`; puts what they refer to into `defs`."""
    prefix = re.sub(r"[^\w.-]", lambda c: f"_{ord(c[0]):x}_", f"{kind}.{name}.")
    schema = cls.Options.model_json_schema(ref_template=f"{_REF}{prefix}{{model}}")
    inner = {prefix + key: value for key, value in schema.pop("$defs", {}).items()}
    defs.update(inner)
    if "$ref" in schema:  # a model that refers to itself stands among its own definitions
        schema = dict(inner[schema["$ref"].removeprefix(_REF)])
    plugin = {"const": name, "description": _summary(cls)}
    return {
        **schema,
        "title": f"{kind} {name}",
        "description": _summary(cls),
        "properties": {"plugin": plugin, **schema.get("properties", {})},
        "required": ["plugin", *schema.get("required", [])],
    }


def _summary(cls: type[Plugin[Any]]) -> str:
    lines = (cls.__doc__ or "").strip().splitlines()
    return lines[0] if lines else cls.__name__
