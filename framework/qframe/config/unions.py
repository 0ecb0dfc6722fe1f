"""Unions: what pydantic says of each branch of a union becomes one complaint, or one branch's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qframe.config.complaints import Complaint
from qframe.config.document import KeyPath

_Errors = list[tuple[KeyPath, Any]]
"""Errors of pydantic, each with its place as pydantic names it."""


def merge_unions(errors: Sequence[Any], data: Any) -> list[Complaint]:
    """The complaints in pydantic's errors about `data`: one place each, and one for each union.

    pydantic tries all branches of a union and reports the errors of each, with a name of the
    branch in their places. For `length: {min: 4, mxa: 3}` where `int | Range` is wanted it reports

        ("length", "int")           int_type
        ("length", "Range", "max")  missing
        ("length", "Range", "mxa")  extra_forbidden

    A mapping was given, as `Range` wants it. So the user meant `Range`, and its errors are said:

        ("length", "max")           missing
        ("length", "mxa")           extra_forbidden

    For `length: many` both branches want another kind of value. That is one complaint:

        ("length",)                 union, of int_type and model_type

    A plugin's options may be any pydantic model, so nothing of this needs the model's help.
    """
    return list(_merge([(tuple(error["loc"]), error) for error in errors], data, ()))


def _merge(errors: _Errors, value: Any, at: KeyPath) -> Iterator[Complaint]:
    """Complaints about `value`, which is at the place `at` of the data."""
    unions: dict[KeyPath, tuple[Any, _Errors]] = {}
    for loc, error in errors:
        known, rest, inner = _split(loc, value)
        missing = error["type"] == "missing" and len(rest) == 1
        if missing or not rest or rest[0] == "[key]":
            yield _complaint((*at, *loc) if missing else (*at, *known), error, inner)
        else:  # `rest` begins with the name of a branch
            unions.setdefault(known, (inner, []))[1].append((rest, error))
    for known, (inner, found) in unions.items():
        yield from _merge_branches(found, inner, (*at, *known))


def _merge_branches(errors: _Errors, value: Any, at: KeyPath) -> Iterator[Complaint]:
    """Complaints about the value of one union: of the branch that was meant, or of all."""
    branches: dict[Any, _Errors] = {}
    for (branch, *rest), error in errors:
        branches.setdefault(branch, []).append((tuple(rest), error))
    fitting: list[_Errors] = []
    refusals: list[Complaint] = []
    for found in branches.values():
        about_the_value = [_complaint(at, error, value) for loc, error in found if not loc]
        refusals += about_the_value
        if not any(complaint.of_shape for complaint in about_the_value):
            fitting.append(found)
    if fitting:  # of several branches the one with the fewest errors was meant
        yield from _merge(min(fitting, key=len), value, at)
    else:
        yield Complaint(at, "union", value, branches=tuple(refusals))


def _split(loc: KeyPath, value: Any) -> tuple[KeyPath, KeyPath, Any]:
    """`loc` in two: the steps that exist in `value`, and the rest; and what is there."""
    for end, step in enumerate(loc):
        is_key = isinstance(value, Mapping) and step in value
        is_index = isinstance(value, list) and isinstance(step, int) and step < len(value)
        if not (is_key or is_index):
            return loc[:end], loc[end:], value
        value = value[step]
    return loc, (), value


def _complaint(loc: KeyPath, error: Any, value: Any) -> Complaint:
    return Complaint(loc, error["type"], value, str(error["msg"]), error.get("ctx") or {})
