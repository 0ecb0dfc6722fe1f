"""pydantic's errors in plain words: got X, want Y, did you mean Z; one line a mistake.

pydantic reports every branch of a union. Here a union is one mistake: if one branch has the right
shape, what is wrong inside it is said, else the branches' wishes are joined with "or".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticUserError

from qframe.config.document import Path
from qframe.errors import QframeError

_WANT_TYPE = {
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a string",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "none_required": "nothing",
    "complex_type": "a number",
    "want": "{want}",
}
_WANT_VALUE = {
    "literal_error": "{expected}",
    "enum": "{expected}",
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "multiple_of": "a multiple of {multiple_of}",
    "finite_number": "a finite number",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "a text that matches {pattern}",
    "too_short": "at least {min_length} entries",
    "too_long": "at most {max_length} entries",
}
_SHAPE = {*_WANT_TYPE, "literal_error", "enum"}
"""Errors that say that a value is meant for another branch of the union."""

_Found = list[tuple[Path, Any]]
"""Errors of pydantic, each with its place from the value that is looked at."""


@dataclass(frozen=True)
class Mistake:
    """One mistake of the user: the place, the words, and whether the place is a key."""

    loc: Path
    message: str
    key: bool = False
    hint: str | None = None


def explain(model: type[BaseModel], errors: Sequence[Any], data: Any) -> list[Mistake]:
    """What pydantic's `errors()` about `data` mean, in the order of pydantic."""
    found = list(_flat([(tuple(error["loc"]), error) for error in errors], data, ()))
    mistakes = []
    guessed: set[Path] = set()
    for loc, error in found:
        if error["type"] == "extra_forbidden":
            known = property_names(model, loc[:-1])
            close = get_close_matches(str(loc[-1]), known, n=1)
            guessed.update((*loc[:-1], name) for name in close)
            guess = f", did you mean {close[0]!r}?" if close else ""
            want = f"(want one of: {', '.join(known)})" if known else "(want none here)"
            message = f"{_dotted(loc)}: unknown key{guess} {want}"
            mistakes.append(Mistake(loc, message, key=True))
    for loc, error in found:
        if error["type"] == "missing" and loc not in guessed:
            within = f"{_dotted(loc[:-1])}: " if len(loc) > 1 else ""
            mistakes.append(Mistake(loc, f"{within}missing key {str(loc[-1])!r}"))
        elif error["type"] not in ("missing", "extra_forbidden"):
            mistakes.append(_mistake(loc, error))
    return mistakes


def property_names(model: type[BaseModel], loc: Path) -> list[str]:
    """The keys that a model takes at a place, of all branches of its unions."""
    try:
        schema = model.model_json_schema()
    except (PydanticUserError, ValueError):
        return list(model.model_fields) if not loc else []
    at = [schema]
    for step in loc:
        at = [below for s in at for below in _below(_branches(s, schema), step)]
    return list(dict.fromkeys(n for s in at for b in _branches(s, schema) for n in _names(b)))


def describe(value: Any, *, kind: bool = True) -> str:
    """A value in an error message: short, as YAML would have it, with its kind."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list" if kind else f"{len(value)} {'entry' if len(value) == 1 else 'entries'}"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
    text = text if len(text) <= 60 else text[:57] + "..."
    if not kind:
        return text
    return f"{text} ({'a string' if isinstance(value, str) else 'a number'})"


def _flat(found: _Found, value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Errors with places that exist in the data, unions merged."""
    unions: dict[Path, tuple[Any, dict[Any, _Found]]] = {}
    for loc, error in found:
        here, rest, at = _walk(loc, value)
        if not rest or rest[0] == "[key]" or (error["type"] == "missing" and len(rest) == 1):
            missing = rest if error["type"] == "missing" else ()
            yield (*path, *here, *missing), {**error, "value": at}
        else:
            _, branches = unions.setdefault(here, (at, {}))
            branches.setdefault(rest[0], []).append((rest[1:], error))
    for here, (at, branches) in unions.items():
        fitting = [errors for errors in branches.values() if not _misfit(errors)]
        if fitting:
            yield from _flat(min(fitting, key=len), at, (*path, *here))
        else:
            wishes = [e for errors in branches.values() for loc, e in errors if not loc]
            wants = " or ".join(dict.fromkeys(_want(e) for e in wishes))
            error = {"type": "want", "ctx": {"want": wants}, "value": at, "parts": wishes}
            yield (*path, *here), error


def _walk(loc: Path, value: Any) -> tuple[Path, Path, Any]:
    """`loc` cut where it leaves the data: what follows are pydantic's names of union branches."""
    for end, step in enumerate(loc):
        is_key = isinstance(value, Mapping) and step in value
        is_index = isinstance(value, list) and isinstance(step, int) and step < len(value)
        if not (is_key or is_index):
            return loc[:end], loc[end:], value
        value = value[step]
    return loc, (), value


def _misfit(errors: _Found) -> bool:
    return any(not loc and error["type"] in _SHAPE for loc, error in errors)


def _want(error: Any) -> str:
    template = _WANT_TYPE.get(error["type"]) or _WANT_VALUE.get(error["type"])
    if template is None:
        return str(error["msg"])
    return template.format_map(error.get("ctx") or {})


def _mistake(loc: Path, error: Any) -> Mistake:
    kind, value, ctx = error["type"], error["value"], error.get("ctx") or {}
    where = _dotted(loc)
    if kind in ("value_error", "assertion_error"):
        cause = ctx.get("error")
        message = cause.message if isinstance(cause, QframeError) else str(cause)
        hint = cause.hint if isinstance(cause, QframeError) else None
        return Mistake(loc, f"{where}: {message.strip() or 'is not allowed'}", hint=hint)
    if kind not in _WANT_TYPE and kind not in _WANT_VALUE:
        return Mistake(loc, f"{where}: {error['msg']} (got {describe(value)})")
    got = describe(value, kind=kind in _SHAPE)
    message = f"{where}: got {got}, want {_want(error)}"
    return Mistake(loc, message, hint=_hint(value, [error, *error.get("parts", ())]))


def _hint(value: Any, errors: list[Any]) -> str | None:
    if not isinstance(value, str):
        quote = isinstance(value, int | float) and any(e["type"] == "string_type" for e in errors)
        return "put it in quotes if a text is meant" if quote else None
    words = [
        word.strip("'")
        for e in errors
        for word in (e.get("ctx") or {}).get("expected", "").replace(" or ", ", ").split(", ")
    ]
    close = get_close_matches(value, [word for word in words if word], n=1)
    return f"did you mean {close[0]!r}?" if close else None


def _branches(schema: Any, root: Any) -> Iterator[Any]:
    """A schema with its references and unions opened."""
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield from _branches(root.get("$defs", {}).get(schema["$ref"].rpartition("/")[2]), root)
    for part in ("anyOf", "oneOf", "allOf"):
        for branch in schema.get(part, ()):
            yield from _branches(branch, root)
    yield schema


def _below(branches: Iterator[Any], step: str | int) -> Iterator[Any]:
    for branch in branches:
        if isinstance(step, int):
            prefix = branch.get("prefixItems", [])
            yield prefix[step] if step < len(prefix) else branch.get("items")
        else:
            yield branch.get("properties", {}).get(step, branch.get("additionalProperties"))


def _names(branch: Any) -> Iterator[str]:
    yield from branch.get("properties", {})


def _dotted(loc: Path) -> str:
    return ".".join(map(str, loc)) or "the config"
