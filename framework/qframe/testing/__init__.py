"""The contract kit: for each kind of plugin a pytest class with the tests that it has to pass.

The author of a plugin subclasses the class of its kind in a test file, and runs pytest:

    from qframe.testing import SamplerContract

    class TestMine(SamplerContract):
        plugin = Mine
        options = {"length": 12}

The same classes test the built-in plugins. They need pytest.
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
