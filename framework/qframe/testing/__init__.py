"""The contract kit: what every plugin of a kind has to pass, as pytest classes to subclass.

    from qframe.testing import SamplerContract

    class TestMine(SamplerContract):
        plugin = Mine
        options = {"length": 12}

Needs pytest. The built-in plugins are tested by the same classes.
"""

from qframe.testing.engine import EngineContract
from qframe.testing.executor import ExecutorContract
from qframe.testing.gate_set import GateSetContract
from qframe.testing.plugin import PluginContract
from qframe.testing.sampler import SamplerContract
from qframe.testing.storage import StorageContract

__all__ = [
    "EngineContract",
    "ExecutorContract",
    "GateSetContract",
    "PluginContract",
    "SamplerContract",
    "StorageContract",
]
