"""checked_integer: an argument that must be an integer. True and False are none."""

from __future__ import annotations

import operator
from typing import Any


def checked_integer(value: Any, name: str, least: int | None = None) -> int:
    """The argument as a Python integer, from any type of integers, such as those of NumPy.

    Python takes True for 1 and False for 0. Where a number is meant, such as a seed, that is hardly
    what the caller means.

    Args:
        value: what the caller gave.
        name: of the argument, for the message.
        least: smallest integer that is allowed; None for any.

    Raises:
        TypeError: if it is no integer, or True or False.
        ValueError: if it is less than `least`.
    """
    try:
        if _is_bool(value):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}, want an integer") from None
    if least is not None and number < least:
        raise ValueError(f"{name} is {number}, want {least} or more")
    return number


def _is_bool(value: Any) -> bool:
    """Whether a value is True or False, of Python, NumPy or PyTorch."""
    return isinstance(value, bool) or "bool" in str(getattr(value, "dtype", ""))
