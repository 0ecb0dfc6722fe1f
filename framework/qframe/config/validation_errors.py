"""pydantic's errors as mistakes in plain words: got X, want Y, did you mean Z."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from qframe.config.complaints import Complaint
from qframe.config.document import KeyPath
from qframe.config.known_keys import known_keys
from qframe.config.mistakes import Mistake
from qframe.config.unions import merge_unions
from qframe.errors import QframeError


def explain(model: type[BaseModel], error: ValidationError, data: Any) -> list[Mistake]:
    """The mistakes in `data`, which `model` refused with `error`.

    A key that is nearly the name of a missing one is one mistake: the missing one is not named.
    """
    complaints = merge_unions(error.errors(include_url=False), data)
    mistakes = []
    guessed: set[KeyPath] = set()
    for complaint in complaints:
        if complaint.type == "extra_forbidden":
            parent, key = complaint.loc[:-1], str(complaint.loc[-1])
            known = known_keys(model, parent)
            close = get_close_matches(key, known, n=1)
            guessed.update((*parent, name) for name in close)
            guess = f", did you mean {close[0]!r}?" if close else ""
            want = f"(want one of: {', '.join(known)})" if known else "(want none here)"
            mistakes.append(Mistake(complaint.loc, f"unknown key{guess} {want}", "unknown key"))
    for complaint in complaints:
        if complaint.type == "missing":
            if complaint.loc not in guessed:
                what = f"missing key {str(complaint.loc[-1])!r}"
                mistakes.append(Mistake(complaint.loc, what, "missing key"))
        elif complaint.type != "extra_forbidden":
            mistakes.append(_wrong_value(complaint))
    return mistakes


def describe(value: Any, *, kind: bool = True) -> str:
    """A value in a message: short, as YAML would have it, and of which kind it is."""
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


def _wrong_value(complaint: Complaint) -> Mistake:
    loc, want = complaint.loc, complaint.want
    if complaint.type in ("value_error", "assertion_error"):  # a validator's own words
        cause = complaint.facts.get("error")
        if isinstance(cause, QframeError):
            return Mistake(loc, cause.message, hint=cause.hint)
        return Mistake(loc, str(cause).strip() or "is not allowed")
    if want is None:
        return Mistake(loc, f"{complaint.message} (got {describe(complaint.value)})")
    got = describe(complaint.value, kind=complaint.of_shape)
    return Mistake(loc, f"got {got}, want {want}", hint=_hint(complaint))


def _hint(complaint: Complaint) -> str | None:
    value = complaint.value
    if isinstance(value, str):
        close = get_close_matches(value, complaint.allowed_words, n=1)
        return f"did you mean {close[0]!r}?" if close else None
    wants_text = "string_type" in (complaint.type, *(b.type for b in complaint.branches))
    if isinstance(value, int | float) and wants_text:
        return "put it in quotes if a text is meant"
    return None
