"""Complaint: one thing that pydantic finds wrong with a value, and what it wants instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qframe.config.document import KeyPath

_WANT_SHAPE = {
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
    "literal_error": "{expected}",
    "enum": "{expected}",
    "want": "{want}",  # of our own models
}
"""What is wanted where the value is of another kind altogether, by pydantic's type of error."""

_WANT_VALUE = {
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
"""What is wanted where the value is of the right kind."""


@dataclass(frozen=True)
class Complaint:
    """One thing that pydantic finds wrong with a value.

    Attributes:
        loc: where the value is in the data. A missing key: where it should stand.
        type: pydantic's type of error, such as `int_type`; `union` if no branch of a union takes
            the value.
        value: the value. A missing key: the mapping that lacks it.
        message: pydantic's sentence.
        facts: what pydantic says beside it, such as `{"ge": 1}`.
        branches: of a `union`: what its branches say of the value.
    """

    loc: KeyPath
    type: str
    value: Any
    message: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    branches: tuple[Complaint, ...] = ()

    @property
    def of_shape(self) -> bool:
        """Whether another kind of value is wanted, such as a list instead of a number."""
        return self.type in _WANT_SHAPE or self.type == "union"

    @property
    def want(self) -> str | None:
        """What is wanted, in plain words: `at least 1`. None if only `message` tells."""
        if self.type == "union":
            return " or ".join(dict.fromkeys(b.want or b.message for b in self.branches))
        template = _WANT_SHAPE.get(self.type) or _WANT_VALUE.get(self.type)
        return None if template is None else template.format_map(self.facts)

    @property
    def allowed_words(self) -> list[str]:
        """The words that a literal or an enumeration allows, those of all branches together."""
        own = str(self.facts.get("expected", "")).replace(" or ", ", ").split(", ")
        words = [word.strip("'") for word in own if word]
        return [*words, *(word for branch in self.branches for word in branch.allowed_words)]
