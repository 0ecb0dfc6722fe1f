"""json_schema: the JSON Schema of a config, with the options of the installed plugins.

Editors use it to complete and to check. `qframe run` checks with the pydantic models instead, from
which the schema is made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from qframe.config.model import Config, Section
from qframe.contracts.plugin import Plugin
from qframe.plugins.kinds import KINDS

_OTHER_PLUGIN = {
    "type": "string",
    "pattern": r"[/:]|\.py$",
    "description": "path to a .py file beside the config, or module:attr",
}
"""The schema of the name of a plugin that is not an installed one."""

_REF = "#/$defs/"


def json_schema(classes: Mapping[str, Mapping[str, type[Plugin[Any]]]]) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a whole config.

    Args:
        classes: for each kind, the classes of the installed plugins by name. A plugin named by
            path or `module:attr` may have any options, because its class is not known.
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
    schema["properties"]["hooks"]["items"] = {"anyOf": [named, _any_options(named)]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "qframe config",
        **({"$defs": defs} if defs else {}),
    }


def _about(kind: str) -> dict[str, Any]:
    """Title, description and default of a section."""
    field = Config.model_fields[kind]
    about: dict[str, Any] = {"title": kind.replace("_", " "), "description": field.description}
    if isinstance(field.default, Section):
        about["default"] = field.default.plugin
    return about


def _section(
    kind: str, plugins: Mapping[str, type[Plugin[Any]]], defs: dict[str, Any]
) -> list[dict[str, Any]]:
    """The schemas of a section, one of which fits. A name alone fits if no option is required."""
    mappings = [_options(kind, name, cls, defs) for name, cls in plugins.items()]
    alone = [
        name
        for name, mapping in zip(plugins, mappings, strict=True)
        if mapping["required"] == ["plugin"]
    ]
    names = [{"type": "string", "enum": alone}] if alone else []
    return [*names, _OTHER_PLUGIN, *mappings, _any_options(_OTHER_PLUGIN)]


def _any_options(plugin: dict[str, Any]) -> dict[str, Any]:
    """The schema of a section with any options; `plugin` is the schema of its plugin's name."""
    return {"type": "object", "properties": {"plugin": plugin}, "required": ["plugin"]}


def _options(kind: str, name: str, cls: type[Plugin[Any]], defs: dict[str, Any]) -> dict[str, Any]:
    """The schema of a section with one plugin; definitions it refers to are added to `defs`."""
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
