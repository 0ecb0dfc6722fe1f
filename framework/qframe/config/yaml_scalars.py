"""scalar: the value of an unquoted word in YAML, by the core schema of YAML 1.2.

PyYAML follows YAML 1.1, in which `1e-3` is a string, `1:30` is 90, and `no`, `on` and `y` are truth
values: a gate named `y` would become `True`. One thing is added: underscores in integers.
"""

from __future__ import annotations

import math
import re

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INT = re.compile(r"[-+]?[0-9]+(?:_[0-9]+)*|0o[0-7]+|0x[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INF = re.compile(r"([-+]?)\.(?:inf|Inf|INF)")
_NANS = frozenset({".nan", ".NaN", ".NAN"})
_MAX_DIGITS = 1_000
"""Most characters of a number. Python takes quadratic time to read longer ones."""

Scalar = str | int | float | bool | None


def scalar(text: str) -> Scalar:
    """The value of an unquoted scalar.

    Raises:
        ValueError: a number with too many digits, or too large for a double.
    """
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if text in _NANS:
        return math.nan
    if text[0] not in "+-.0123456789":
        return text
    if _INT.fullmatch(text):
        if len(text) > _MAX_DIGITS:
            raise ValueError(f"a number of {len(text)} digits, want at most {_MAX_DIGITS}")
        based = text[:2] in ("0x", "0o")
        return int(text, 0) if based else int(text)
    if _FLOAT.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise ValueError(f"{text[:40]} is more than a double can hold (write .inf if meant)")
        return value
    if found := _INF.fullmatch(text):
        return -math.inf if found[1] == "-" else math.inf
    return text
