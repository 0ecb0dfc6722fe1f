"""Which keys a pydantic model takes, at its top or at a place below it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticUserError

from qframe.config.document import KeyPath


def known_keys(model: type[BaseModel], loc: KeyPath) -> list[str]:
    """The keys that a model takes in the mapping at `loc`; of a union those of all branches.

    For a model with the field `length: int | Range`: `("length",)` gives Range's `min` and `max`.
    They come from the model's JSON Schema. A model that has none gives its fields at the top, and
    nothing below it.
    """
    try:
        root = model.model_json_schema()
    except (PydanticUserError, ValueError):
        return list(model.model_fields) if not loc else []
    schemas: list[Any] = [root]
    for step in loc:
        schemas = [_below(branch, step) for s in schemas for branch in _branches(s, root)]
    names = (name for s in schemas for b in _branches(s, root) for name in b.get("properties", {}))
    return list(dict.fromkeys(names))


def _branches(schema: Any, root: Any) -> Iterator[dict[str, Any]]:
    """A schema, and before it whatever it refers to or is made of (a union's branches)."""
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield from _branches(root.get("$defs", {}).get(schema["$ref"].rpartition("/")[2]), root)
    for part in ("anyOf", "oneOf", "allOf"):
        for branch in schema.get(part, ()):
            yield from _branches(branch, root)
    yield schema


def _below(schema: dict[str, Any], step: str | int) -> Any:
    """The schema of an entry of a list, or of the value of a key; None if there is none."""
    if isinstance(step, int):
        prefix = schema.get("prefixItems", [])
        return prefix[step] if step < len(prefix) else schema.get("items")
    return schema.get("properties", {}).get(step, schema.get("additionalProperties"))
