"""The contract kit over every built-in sampler."""

from __future__ import annotations

from typing import Any, ClassVar

from qframe import InstructionSet
from qframe.testing import SamplerContract
from qframe.testing.examples import many_instructions
from qframe_plugins.samplers.uniform import Uniform


class TestUniform(SamplerContract):
    plugin = Uniform
    options: ClassVar[dict[str, Any]] = {"length": {"min": 0, "max": 20}}


class TestUniformOfOneLength(SamplerContract):
    plugin = Uniform
    options: ClassVar[dict[str, Any]] = {"length": 5}
    qubits = 3


class TestUniformWithWeights(SamplerContract):
    plugin = Uniform
    options: ClassVar[dict[str, Any]] = {
        "length": {"min": 1, "max": 20},
        "weights": {"t": 3.0, "h": 0.0},
    }
    qubits = 2


class TestUniformOfManyInstructions(SamplerContract):
    plugin = Uniform
    options: ClassVar[dict[str, Any]] = {"length": {"min": 250, "max": 300}}
    block_sizes = (64, 1)

    def instructions(self) -> InstructionSet:
        return many_instructions()
