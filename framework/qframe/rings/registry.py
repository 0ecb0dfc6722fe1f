"""The list of all rings that gate entries can lie in, and a ring by its name."""

from __future__ import annotations

from functools import cache
from typing import Any

from qframe.errors import ConfigError
from qframe.rings.eighth_roots import EighthRoots
from qframe.rings.gaussian import GaussianFifths
from qframe.rings.ring import Ring
from qframe.rings.tenth_roots import TenthRoots


@cache
def rings() -> dict[str, Ring]:
    """All rings by name, in the order in which they are tried for a gate set."""
    return {ring.name: ring for ring in (EighthRoots(), GaussianFifths(), TenthRoots())}


def ring_named(name: Any) -> Ring:
    """The ring of a name, which may come from a file and be anything.

    Raises:
        ConfigError: if no ring has this name.
    """
    try:
        return rings()[name]
    except (KeyError, TypeError):
        raise ConfigError(f"ring {name!r} is unknown, want one of {', '.join(rings())}") from None
