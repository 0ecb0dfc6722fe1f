"""What the samplers' tests share: generators from plain options, keys up to phase, chi-square."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qframe import Draws, InstructionSet, Recipe, fold_for
from qframe.contracts.plugin import PluginSpec
from qframe.generation.generator import Generator
from qframe.plugins.build import build
from qframe.plugins.resolve import find_class


def _spec(kind: str, options: dict[str, Any]) -> PluginSpec:
    rest = {key: value for key, value in options.items() if key != "plugin"}
    return PluginSpec(kind=kind, plugin=options["plugin"], base="/", options=rest)


@pytest.fixture
def instructions() -> Callable[..., InstructionSet]:
    """`instructions("clifford_t", qubits=2, gates=[...])`."""

    def make(plugin: str, qubits: int, **options: Any) -> InstructionSet:
        spec = _spec("gate_set", {"plugin": plugin, "qubits": qubits, **options})
        placed: InstructionSet = build(spec).instructions()
        return placed

    return make


@pytest.fixture
def sampler() -> Callable[..., Any]:
    """`sampler(instructions, "enumerate", max_length=3)`."""

    def make(placed: InstructionSet, plugin: str, **options: Any) -> Any:
        return build(_spec("sampler", {"plugin": plugin, **options}), placed)

    return make


@pytest.fixture
def generator() -> Callable[..., Generator]:
    """The same, as a whole generator of unitaries."""

    def make(
        placed: InstructionSet, plugin: str, *, seed: int = 1, block: int = 256, **options: Any
    ) -> Generator:
        found: Any = find_class("sampler", plugin, Path("/"))
        fold = found.fold or fold_for(len(placed), placed.qubits)
        recipe = Recipe(placed, {}, seed, "complex128", fold, block)
        return Generator.from_specs(
            recipe,
            _spec("sampler", {"plugin": plugin, **options}),
            _spec("engine", {"plugin": "numpy"}),
        )

    return make


@pytest.fixture
def draw_words() -> Callable[..., list[tuple[int, ...]]]:
    """The first `records` words of a sampler, without their padding."""

    def draw(made: Any, records: int, seed: int = 1, block: int = 4096) -> list[tuple[int, ...]]:
        words: list[tuple[int, ...]] = []
        for index in range(-(-records // block)):
            circuits = made.sample(Draws(seed, index, block))
            words += [
                tuple(row[:length])
                for row, length in zip(
                    circuits.codes.tolist(), circuits.lengths.tolist(), strict=True
                )
            ]
        return words[:records]

    return draw


@pytest.fixture
def phase_keys() -> Callable[[NDArray[Any]], list[bytes]]:
    """A key for each unitary, equal if and only if they agree up to phase (entries to 1e-6)."""

    def keys(unitaries: NDArray[Any]) -> list[bytes]:
        flat = unitaries.reshape(len(unitaries), -1)
        lead = flat[np.arange(len(flat)), (np.abs(flat) > 1e-6).argmax(axis=1)]
        flat = flat * (np.abs(lead) / lead)[:, None]
        grid = np.round(np.concatenate([flat.real, flat.imag], axis=1) * 1e6).astype(np.int64)
        return [row.tobytes() for row in grid]

    return keys


@pytest.fixture
def deviation() -> Callable[[Any, int], float]:
    """Chi-square of the items' frequencies against uniform over `cells`, as a number of standard
    deviations `(chi2 - dof) / sqrt(2 dof)`.

    The tests want it within 4.5 (about 1e-5 for large dof, either side) at their fixed seeds.
    """

    def score(items: Any, cells: int) -> float:
        counts = np.array(list(Counter(items).values()))
        assert len(counts) <= cells
        expected = counts.sum() / cells
        assert expected >= 5, "too few for a chi-square"
        chi2 = ((counts - expected) ** 2).sum() / expected + (cells - len(counts)) * expected
        return float((chi2 - (cells - 1)) / np.sqrt(2 * (cells - 1)))

    return score
