"""All rings that gate entries can lie in, by name."""

from __future__ import annotations

from functools import cache
from typing import Any

from qframe.errors import ConfigError
from qframe.rings.ring import Ring


@cache
def rings() -> dict[str, Ring]:
    """All rings by name."""
    from qframe.rings.eighth_roots import EighthRoots
    from qframe.rings.gaussian import GaussianFifths
    from qframe.rings.tenth_roots import TenthRoots

    return {ring.name: ring for ring in (EighthRoots(), GaussianFifths(), TenthRoots())}


def ring_named(name: Any) -> Ring:
    """The ring of this name.

    Raises:
        ConfigError: if there is none.
    """
    try:
        return rings()[name]
    except (KeyError, TypeError):
        raise ConfigError(f"ring {name!r} is unknown, want one of {', '.join(rings())}") from None
