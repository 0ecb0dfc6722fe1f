"""What pydantic says of the branches of a union becomes one complaint, or those of one branch."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from qframe.config.unions import merge_unions
from qframe.config.validation_errors import explain


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Range(Model):
    min: int
    max: int


class Ring(Model):
    kind: Literal["ring"]
    size: int


class Line(Model):
    kind: Literal["line"]


def shape(value: Any) -> str | None:
    return "range" if isinstance(value, dict) else "number" if isinstance(value, int) else None


class Options(Model):
    length: int | Range = 1
    nested: list[int | Range] = []
    wide: dict[str, int] | list[int | Literal["all"]] | None = None
    tagged: Annotated[Ring | Line, Field(discriminator="kind")] = Line(kind="line")
    called: Annotated[
        Annotated[int, Tag("number")] | Annotated[Range, Tag("range")], Discriminator(shape)
    ] = 1


def error(data: Any) -> ValidationError:
    with pytest.raises(ValidationError) as raised:
        Options.model_validate(data)
    return raised.value


def complaints(data: Any) -> list[tuple[tuple[str | int, ...], str]]:
    return [(c.loc, c.type) for c in merge_unions(error(data).errors(), data)]


def test_the_branch_whose_shape_the_value_has_was_meant() -> None:
    data = {"length": {"min": 4, "mxa": 3}}
    assert {e["loc"] for e in error(data).errors()} >= {
        ("length", "int"),
        ("length", "Range", "max"),
        ("length", "Range", "mxa"),
    }
    assert complaints(data) == [
        (("length", "max"), "missing"),
        (("length", "mxa"), "extra_forbidden"),
    ]


def test_a_value_of_no_branchs_shape_is_one_complaint() -> None:
    [complaint] = merge_unions(error({"length": "many"}).errors(), {"length": "many"})
    assert (complaint.loc, complaint.type) == (("length",), "union")
    assert complaint.want == "an integer or a mapping"
    assert [branch.type for branch in complaint.branches] == ["int_type", "model_type"]


@pytest.mark.parametrize(
    ("data", "want"),
    [
        ({"nested": [1, {"min": 1, "max": "x"}]}, [(("nested", 1, "max"), "int_type")]),
        ({"nested": [1, "x"]}, [(("nested", 1), "union")]),
        ({"wide": {"a": "x"}}, [(("wide", "a"), "int_type")]),
        ({"wide": [1, "every"]}, [(("wide", 1), "union")]),
        ({"wide": 3}, [(("wide",), "union")]),
        ({"tagged": {"kind": "ring"}}, [(("tagged", "size"), "missing")]),
        ({"tagged": {"kind": "ring", "size": "x"}}, [(("tagged", "size"), "int_type")]),
        ({"tagged": {"kind": "star"}}, [(("tagged",), "union_tag_invalid")]),
        ({"called": {"min": 1, "max": "x"}}, [(("called", "max"), "int_type")]),
        ({"called": "x"}, [(("called",), "union_tag_not_found")]),
        ({"length": "x", "nested": "y"}, [(("nested",), "list_type"), (("length",), "union")]),
    ],
)
def test_unions_of_every_kind_have_places_that_exist(
    data: dict[str, Any], want: list[tuple[Any, str]]
) -> None:
    assert complaints(data) == want
    assert all(mistake.message for mistake in explain(Options, error(data), data))
