"""The contract kit over every built-in engine."""

from __future__ import annotations

from qframe.testing import EngineContract
from qframe_plugins.engines.numpy import NumpyEngine


class TestNumpy(EngineContract):
    plugin = NumpyEngine
