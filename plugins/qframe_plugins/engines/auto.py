"""Engine `auto`, the default: `numpy` first, and `numba` once that pays, if it is installed."""

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
"""Seconds that `numpy` multiplies before Numba is loaded: about as long as loading takes.

So a short run never waits for Numba, and no run takes more than twice as long as it would have with
the better of the two engines.
"""


class AutoEngine(Engine[PluginOptions]):
    """`numpy` for short runs and `numba`, if it is installed, for longer ones.

    YAML that selects it::

        engine: auto

    All engines give the same bits, so a dataset never shows which engine was chosen, or when.

    Attributes:
        chosen: the engine in use.
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
            self._change_to_numba()
        start = perf_counter()
        self.chosen.multiply(circuits, out)
        self._spent_s += perf_counter() - start

    def _change_to_numba(self) -> None:
        self._may_change = False
        try:
            from qframe_plugins.engines.numba import NumbaEngine
        except ImportError as error:  # for example a Numba that does not support this NumPy
            _log.warning("engine auto: stays with numpy, Numba cannot be loaded: %s", error)
            return
        self.chosen = NumbaEngine(self.options, self.instructions, self.fold)


@hookimpl
def qframe_engines() -> list[type[Engine[Any]]]:
    return [AutoEngine]
