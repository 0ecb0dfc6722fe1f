"""The fastest engine that is installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from numpy.typing import NDArray

from qframe import Circuits, Engine, InstructionSet, PluginOptions, hookimpl


class AutoEngine(Engine[PluginOptions]):
    """`numba` where it is installed, else `numpy`.

    YAML that selects it::

        engine: auto

    Engines give the same bits, so this choice never shows in a dataset.
    """

    name = "auto"

    def __init__(self, options: PluginOptions, instructions: InstructionSet, fold: int) -> None:
        super().__init__(options, instructions, fold)
        self.chosen = _chosen()(options, instructions, fold)

    def multiply(self, circuits: Circuits, out: NDArray[Any]) -> None:
        """See `Engine.multiply`."""
        self.chosen.multiply(circuits, out)


def _chosen() -> type[Engine[PluginOptions]]:
    if find_spec("numba") is not None:
        from qframe_plugins.engines.numba import NumbaEngine

        return NumbaEngine
    from qframe_plugins.engines.numpy import NumpyEngine

    return NumpyEngine


@hookimpl
def qframe_engines() -> list[type[Engine[Any]]]:
    return [AutoEngine]
