"""The contract kit over every built-in sampler."""

from __future__ import annotations

from typing import Any, ClassVar

from qframe import InstructionSet
from qframe.testing import SamplerContract
from qframe.testing.examples import many_instructions
from qframe_plugins.samplers.uniform import Uniform
from qframe_plugins.samplers.walk import Walk


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


class TestWalk(SamplerContract):
    plugin = Walk
    options: ClassVar[dict[str, Any]] = {"length": 20, "weights": {"t": 3.0}}
    block_sizes = (256, 20, 4096)
    qubits = 2


class TestWalkThatNeverStepsBack(SamplerContract):
    plugin = Walk
    options: ClassVar[dict[str, Any]] = {"length": 256, "non_backtracking": True}
    block_sizes = (256, 4096)


class TestUniformOfManyInstructions(SamplerContract):
    plugin = Uniform
    options: ClassVar[dict[str, Any]] = {"length": {"min": 250, "max": 300}}
    block_sizes = (64, 1)

    def instructions(self) -> InstructionSet:
        return many_instructions()
