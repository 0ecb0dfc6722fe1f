"""The fastest engine that is installed."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from time import perf_counter
from typing import Any

from numpy.typing import NDArray

from qframe import Circuits, Engine, InstructionSet, PluginOptions, hookimpl
from qframe_plugins.engines.numpy import NumpyEngine

_log = logging.getLogger(__name__)

PAYS_AFTER_S = 0.5
"""Seconds that `numpy` works before Numba is loaded: about what loading takes.

So a short run never pays for Numba, and no run pays more than twice what the better choice would
have cost it.
"""


class AutoEngine(Engine[PluginOptions]):
    """`numba` where it is installed, as soon as its start pays; else `numpy`.

    YAML that selects it::

        engine: auto

    Engines give the same bits, so neither the choice nor its moment ever shows in a dataset.
    """

    name = "auto"

    def __init__(self, options: PluginOptions, instructions: InstructionSet, fold: int) -> None:
        super().__init__(options, instructions, fold)
        self._may_change = find_spec("numba") is not None
        self._spent_s = 0.0
        self.chosen: Engine[Any] = NumpyEngine(options, instructions, fold)

    def multiply(self, circuits: Circuits, out: NDArray[Any]) -> None:
        """See `Engine.multiply`."""
        if self._may_change and self._spent_s >= PAYS_AFTER_S:
            self._change()
        start = perf_counter()
        self.chosen.multiply(circuits, out)
        self._spent_s += perf_counter() - start

    def _change(self) -> None:
        self._may_change = False
        try:
            from qframe_plugins.engines.numba import NumbaEngine
        except ImportError as error:  # a Numba that does not go with this NumPy, say
            _log.warning("engine auto: stays with numpy, Numba cannot be loaded: %s", error)
            return
        self.chosen = NumbaEngine(self.options, self.instructions, self.fold)


@hookimpl
def qframe_engines() -> list[type[Engine[Any]]]:
    return [AutoEngine]
