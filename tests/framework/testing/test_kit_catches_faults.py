"""The contract kit fails where it should: plugins with one fault each."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from qframe import Circuits, Draws
from qframe.testing import EngineContract, SamplerContract, StorageContract
from qframe_plugins.engines.numpy import NumpyEngine
from qframe_plugins.samplers.uniform import Uniform
from qframe_plugins.storages.savetxt import SaveTxt, SaveTxtOptions


class Matmul(NumpyEngine):
    """Right to a few last bits: NumPy's own product, gate by gate."""

    def multiply(self, circuits: Circuits, out: NDArray[Any]) -> None:
        for i, length in enumerate(circuits.lengths.tolist()):
            unitary = np.eye(self.instructions.dim, dtype=complex)
            for code in circuits.codes[i, :length].tolist():
                unitary = self.instructions.matrices[code] @ unitary
            out[i] = unitary


class Remembering(Uniform):
    """Its circuits depend on how often it was asked."""

    def sample(self, draws: Draws) -> Circuits:
        self.calls = getattr(self, "calls", 0) + 1
        return super().sample(Draws(draws.seed, draws.block + self.calls, draws.size))


class Unpadded(Uniform):
    """Leaves codes beyond the length."""

    def sample(self, draws: Draws) -> Circuits:
        circuits = super().sample(draws)
        return Circuits(np.maximum(circuits.codes, 1), circuits.lengths)


class Untidy(SaveTxt):
    """Leaves a file behind, and takes any directory for its own."""

    @classmethod
    def recognises(cls, path: Path) -> bool:
        return path.is_dir()

    def finish(self) -> None:
        (self.path.parent / "lock").touch()


class MatmulKit(EngineContract):
    plugin = Matmul


class RememberingKit(SamplerContract):
    plugin = Remembering
    options: ClassVar[dict[str, Any]] = {"length": {"min": 0, "max": 20}}


class UnpaddedKit(SamplerContract):
    plugin = Unpadded
    options: ClassVar[dict[str, Any]] = {"length": {"min": 0, "max": 20}}


class UntidyKit(StorageContract):
    plugin = Untidy


def test_an_engine_that_is_off_by_a_last_bit() -> None:
    with pytest.raises(AssertionError, match="to the last bit"):
        MatmulKit().test_equals_the_law_to_the_last_bit(2, "complex128")


def test_a_sampler_with_a_memory() -> None:
    with pytest.raises(AssertionError, match="a second call gives other circuits"):
        RememberingKit().test_the_same_draws_give_the_same_circuits()
    with pytest.raises(AssertionError, match="in another order"):
        RememberingKit().test_the_order_of_blocks_does_not_matter()


def test_a_sampler_that_does_not_pad() -> None:
    with pytest.raises(AssertionError, match="not 0"):
        UnpaddedKit().test_codes_beyond_the_length_are_zero()


def test_a_storage_that_leaves_files_behind(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    storage = Untidy(SaveTxtOptions(flat=False), tmp_path / "place" / "d")
    with pytest.raises(AssertionError, match="lock"):
        UntidyKit().test_finish_leaves_the_dataset_alone_in_its_place(storage)


def test_a_storage_that_takes_anything_for_its_own(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="is taken for a dataset"):
        UntidyKit().test_it_recognises_nothing_else(tmp_path)
